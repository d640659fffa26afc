import Foundation
import Metrics

extension PaperPart {
  /// Single bits of AC as tokens.
  static let bitLevel = PaperPart(
    "bits", title: "Bit-level AC", source: "section 5.1",
    needs: { scale in
      var needs = PaperNeeds()
      let sizes = [scale.smallest, scale.largest]
      needs.cells = [
        CellTable("bits", ["AC[v=2]"], scale, sizes: sizes), CellTable("bytes", ["Bytes"], scale, sizes: sizes),
      ]
      needs.samples = ["AC[v=2]", "Bytes"]
      return needs
    },
    run: { input in
      let groups = ["bits", "bytes"].flatMap { input.tables[$0]?.groups ?? [] }.filter { $0.heldOut != nil }
      let paper = (input.baseline.table("bitLevelAC")?.rows() ?? []).compactMap { row in
        row.text("size").flatMap { size in
          row.number("crossEntropyNats").map { "\(size) \($0)" }
        }
      }
      return PaperAnswer(
        claims: [
          .nothingLearned(
            "M2 learns nothing from single bits of AC",
            [input.scale.smallest, input.scale.largest].map {
              (group: input.cell("bits", "AC[v=2]", $0), control: input.cell("bytes", "Bytes", $0))
            })
        ],
        artifacts: [
          .table(Table(key: "paper-bits", groups, fields: fields)),
          .note(
            "Bytes are what M2 learns with as many FLOPs. A bit that nothing is known of costs ln 2 = 0.6931 nats. In the paper: \(list(paper))."
          ),
        ])
    })

  private static let fields: [TableField<CellGroup>] = [
    .text("tokenizer", "Tokenizer") { $0.tokenizer },
    .text("size", "M2") { $0.size },
    .number("natsPerToken", "Nats/token", unit: "nats/token", .fixed(4), better: .lower) { group in
      group.representative.heldOut.map { $0.nats / Double(max(1, $0.tokens)) }
    },
    .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(3), better: .lower) { $0.bitsPerByteCell },
    .number("uniform", "Uniform bits/byte", unit: "bits/byte", .fixed(3)) { $0.tokenization?.uniformBitsPerByte },
  ]
}

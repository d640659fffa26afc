import Foundation
import Metrics
import Support

extension PaperPart {
  /// How much another seed changes, and what differences stand out from that.
  static let seeds = PaperPart(
    "seeds", title: "Seeds", source: "table 11",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [
        CellTable(
          "seeds", PaperTokenizers.main(scale) + longWindows, scale, sizes: [scale.smallest], seeds: scale.seeds)
      ]
      return needs
    },
    run: { input in
      let groups = (input.tables["seeds"]?.groups ?? []).filter { $0.heldOut != nil }
      let rows = groups.map { group in
        let name = input.baseline.rowName(for: group.tokenizer) ?? group.tokenizer
        return SeedRow(
          group: group,
          paper: input.baseline.table("seedVariance25m")?.rows(where: ["tokenizer": name]).first)
      }
      let most = (input.baseline.table("seedVariance25m")?.rows() ?? []).compactMap { $0.number("standardDeviation") }
        .max()
      /// nil with one seed: nothing is then told over seeds.
      func cell(_ tokenizer: String) -> CellGroup? {
        input.cell("seeds", tokenizer, input.scale.smallest).flatMap { ($0.heldOut?.seeds.count ?? 0) > 1 ? $0 : nil }
      }
      let windows = PaperTokenizers.greedy(16, "256")
      return PaperAnswer(
        claims: [
          small(groups, most: most ?? 0),
          .lower("Over seeds too, SentencePiece is below bytes", cell(input.scale.sentencePiece), than: cell("Bytes")),
          .lower(
            "Over seeds too, bytes are below windows of 16 bits in tokens of 8", cell("Bytes"), than: cell(windows)),
          .lower("Over seeds too, windows of 16 bits are below GZip", cell(windows), than: cell("GZip[v=256]")),
          .lower(
            "Over seeds too, tokens of a whole window are below tokens of half of one",
            cell(PaperTokenizers.greedy(16, "65k")),
            than: cell(windows)),
        ],
        artifacts: [
          .table(Table(key: "paper-seeds", rows, fields: fields)),
          .note(
            "Mean and standard deviation of held-out bits/byte over the seeds, with the 95% interval that a normal spread "
              + "gives it, which seeds in two heaps do not have: see each. The differences above are tested over seeds and examples "
              + "together. The paper's are of its 25m."
          ),
        ])
    })

  /// The paper has their seeds too, though nothing of the main result stands on them.
  private static let longWindows = [32, 64, 128].map { PaperTokenizers.greedy($0, "256") }

  private struct SeedRow {
    let group: CellGroup
    let paper: Baseline.Row?
  }

  private static let fields: [TableField<SeedRow>] = [
    .text("tokenizer", "Tokenizer") { $0.group.tokenizer }, .text("size", "M2") { $0.group.size },
    .number("seeds", "Seeds", .integer) { ($0.group.heldOut?.seeds.count).map(Double.init) },
    .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(4), better: .lower) {
      $0.group.bitsPerByteCell
    },
    .estimate("standardDeviation", "sd", unit: "bits/byte", .fixed(4), better: .lower) {
      .number(
        $0.group.heldOut?.seeds.standardDeviation, interval: $0.group.heldOut?.seeds.standardDeviationInterval)
    },
    .text("each", "Of each seed") { group in
      list(group.group.records.compactMap { $0.heldOut?.bitsPerByte.map(bits) })
    },
    .number("paperStandardDeviation", "Paper's sd", unit: "bits/byte", .fixed(4)) {
      $0.paper?.number("standardDeviation")
    },
  ]

  /// That no setting varies more than the paper's most variable one.
  private static func small(_ groups: [CellGroup], most: Double) -> Claim {
    let statement = String(
      format: "Seeds change bits/byte by a standard deviation of at most %.4f, the largest that the paper has", most)
    let spreads = groups.compactMap { group in
      group.heldOut?.seeds.standardDeviation.flatMap { sd in
        group.heldOut?.seeds.standardDeviationInterval.map { (name: group.tokenizer, sd: sd, interval: $0) }
      }
    }
    guard let widest = spreads.max(by: { $0.sd < $1.sd }) else { return Claim(statement, .cannotTell, "not run") }
    let verdict: Claim.Verdict =
      spreads.contains { $0.interval.lower > most }
      ? .notSeen : spreads.allSatisfy { $0.interval.upper < most } ? .seen : .cannotTell
    return Claim(
      statement, verdict, String(format: "at most %.4f", widest.sd) + widest.interval.text(4) + ", \(widest.name)")
  }
}

import Foundation
import Metrics
import Support

extension PaperPart {
  /// Training data in proportion to the size of M2, from weights kept on the way.
  static let scaledData = PaperPart(
    "scaled-data", title: "Data in proportion to size", source: "figure 15, table 13",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [CellTable("main", PaperTokenizers.main(scale), scale, sizes: scale.sizes)]
      needs.snapshots = ["main"]
      return needs
    },
    run: { input in
      let rows = scaledRows(input)
      func row(_ tokenizer: String, _ size: String) -> ScaledRow? {
        rows.first { $0.score.tokenizer == tokenizer && $0.score.size == size }
      }
      func lower(_ statement: String, _ a: ScaledRow?, than b: ScaledRow?) -> Claim {
        guard let a, let b, a.score.bytes == b.score.bytes, let x = a.estimate, let y = b.estimate else {
          return Claim(statement, .cannotTell, "not run")
        }
        return .above(statement, value: y.value - x.value, interval: (y - x).interval()) { _ in
          "\(a.score.tokenizer) \(a.score.size) \(bits(x.value)), \(b.score.tokenizer) \(b.score.size) \(bits(y.value))"
        }
      }
      let (smallest, largest) = (input.scale.smallest, input.scale.largest)
      let steeper = "With data in proportion, larger models are lower: bytes, SentencePiece and windows of 16 bits"
      let lowest = "SentencePiece stays below bytes at every size"
      let names = ["Bytes", input.scale.sentencePiece, PaperTokenizers.greedy(16, "256")]
      return PaperAnswer(
        claims: [
          .all(steeper, names.map { lower(steeper, row($0, largest), than: row($0, smallest)) }),
          .all(
            lowest,
            input.scale.sizes.map { lower(lowest, row(input.scale.sentencePiece, $0), than: row("Bytes", $0)) }),
        ],
        artifacts: [
          .figure(figure(rows, input.scale)), .table(Table(key: "paper-scaled-data", rows, fields: fields)),
          .note(
            "Of every size the weights whose training tokens are nearest to the largest size's in proportion to parameters outside "
              + "the embedding; scored on the first held-out examples. Weights on the way are of a rate that has not "
              + "fallen yet, which the paper's schedule, falling with the root of the step, has less of."),
        ])
    })

  fileprivate struct ScaledRow {
    let score: SnapshotScore
    /// Training tokens that would be in proportion.
    let wanted: Double
    let parameters: Double
    let estimate: BootstrapEstimate?
    let paper: [String]
  }

  /// Of each tokenizer and size the snapshot that is nearest.
  private static func scaledRows(_ input: PaperInput) -> [ScaledRow] {
    var resampling = Resampling()
    let groups = input.tables["main"]?.groups ?? []
    return groups.compactMap { group -> ScaledRow? in
      guard let parameters = group.parameters,
        let largest = groups.first(where: { $0.tokenizer == group.tokenizer && $0.size == input.scale.largest }),
        let all = largest.representative.training?.tokens, let most = largest.parameters
      else { return nil }
      let wanted = Double(all) * parameters / most
      func distance(_ score: SnapshotScore) -> Double { abs(log(Double(max(1, score.trainingTokens)) / wanted)) }
      let own = input.measurements.snapshots.filter { $0.tokenizer == group.tokenizer && $0.size == group.size }
      guard let nearest = own.min(by: { distance($0) < distance($1) }),
        let scores = ExampleScores(nats: nearest.nats, bytes: nearest.bytes)
      else { return nil }
      let name = input.baseline.rowName(for: group.tokenizer) ?? group.tokenizer
      let paper = (input.baseline.table("scaledTrainingData")?.rows(where: ["tokenizer": name]) ?? []).compactMap {
        row in
        row.text("size").flatMap { size in row.number("bitsPerByte").map { String(format: "%.2f (%@)", $0, size) } }
      }
      return ScaledRow(
        score: nearest, wanted: wanted, parameters: parameters, estimate: resampling.estimate(scores), paper: paper)
    }
  }

  private static let fields: [TableField<ScaledRow>] = [
    .text("tokenizer", "Tokenizer") { $0.score.tokenizer }, .text("size", "M2") { $0.score.size },
    .number("step", "Steps", .integer) { Double($0.score.step) },
    .number("trainingTokens", "Training tokens", unit: "tokens", .short) { Double($0.score.trainingTokens) },
    .number("wanted", "In proportion", unit: "tokens", .short) { $0.wanted },
    .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
      .number($0.estimate?.value, interval: $0.estimate?.interval())
    },
    .text("paper", "Paper") { $0.paper.isEmpty ? nil : list($0.paper) },
  ]

  private static func figure(_ rows: [ScaledRow], _ scale: PaperScale) -> Figure {
    Figure(
      key: "paper-scaled-data", title: "Bits/byte with data in proportion to size", style: .points,
      x: .init("parameters outside the embedding", isLogarithmic: true),
      y: .init("held-out bits/byte", isLogarithmic: true),
      series: unique(rows.map(\.score.tokenizer)).map { tokenizer in
        .init(
          title: tokenizer, family: tokenizer,
          points: rows.filter { $0.score.tokenizer == tokenizer }.compactMap { row in
            row.estimate.map {
              .init(
                x: row.parameters, y: $0.value, spread: $0.interval(),
                label: row.score.size == scale.largest ? tokenizer : nil)
            }
          })
      })
  }
}

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
        guard let a, let b, a.score.bytes == b.score.bytes else { return Claim(statement, .cannotTell, "not run") }
        let claim = Claim.higher(statement, b.estimate, than: a.estimate, in: .bitsPerByte) {
          "\(a.score.tokenizer) \(a.score.size) \(bits($1)), \(b.score.tokenizer) \(b.score.size) \(bits($0))"
        }
        // Data beyond its proportion may be why the one is lower, and data short of it why it is not.
        let excess = a.proportion / b.proportion
        let isDoubtful =
          claim.verdict == .seen ? excess > tolerance : claim.verdict == .notSeen && excess < 1 / tolerance
        return isDoubtful
          ? Claim(statement, .cannotTell, "\(claim.numbers); but \(a.data), \(b.data)") : claim
      }
      let (smallest, largest) = (input.scale.smallest, input.scale.largest)
      /// What the largest size saves of the smallest one's bits.
      func fall(_ tokenizer: String) -> BootstrapEstimate? {
        guard let small = row(tokenizer, smallest), let large = row(tokenizer, largest),
          small.score.bytes == large.score.bytes, let x = small.estimate, let y = large.estimate
        else { return nil }
        return .combined(x, y) { ($0 - $1) / $0 }
      }
      let falling =
        "With data in proportion, the largest model is below the smallest: bytes, SentencePiece and windows of 16 bits"
      let lowest = "SentencePiece stays below bytes at every size"
      let windows = PaperTokenizers.greedy(16, "256")
      let saving =
        "From the smallest size to the largest, windows of 16 bits in tokens of 8 save a larger share of their bits than bytes"
      let astray = [windows, "Bytes"].compactMap { row($0, smallest) }.filter {
        max($0.proportion, 1 / $0.proportion) > tolerance
      }
      return PaperAnswer(
        claims: [
          .all(
            falling,
            ["Bytes", input.scale.sentencePiece, windows].map {
              lower(falling, row($0, largest), than: row($0, smallest))
            }),
          .all(
            lowest,
            input.scale.sizes.map { lower(lowest, row(input.scale.sentencePiece, $0), than: row("Bytes", $0)) }),
          astray.isEmpty
            ? .higher(saving, fall(windows), than: fall("Bytes")) {
              String(format: "%@ %.1f%%, Bytes %.1f%%", windows, 100 * $0, 100 * $1)
            } : Claim(saving, .cannotTell, astray.map(\.data).joined(separator: "; ")),
        ],
        artifacts: [
          .figure(figure(rows, input.scale)), .table(Table(key: "paper-scaled-data", rows, fields: fields)),
          .note(
            "Of every size the weights whose training tokens are nearest to the largest size's in proportion to parameters outside "
              + "the embedding, \(farthest(rows)) off at most; scored on the first \(rows.first?.score.bytes.count ?? 0) held-out "
              + "examples, whose intervals know of no other seed. Weights on the way are of a learning rate that has not "
              + "fallen yet; in the paper's schedule it falls with the root of the step, whatever the end."),
        ])
    })

  fileprivate struct ScaledRow {
    let score: SnapshotScore
    /// Training tokens that would be in proportion.
    let wanted: Double
    let parameters: Double
    let estimate: BootstrapEstimate?
    let paper: [String]

    /// Training tokens as a multiple of those in proportion.
    var proportion: Double { Double(score.trainingTokens) / wanted }
    /// "Bytes 200k saw 871 k tokens where 127 k are in proportion".
    var data: String {
      "\(score.tokenizer) \(score.size) saw \(short(Double(score.trainingTokens))) tokens where \(short(wanted)) are in proportion"
    }
  }

  /// How many times as many tokens one may have seen, beside its proportion, as what it is compared with. Weights are kept
  /// at steps that double: the nearest are off by the root of 2 at most, two of them by 2 beside each other, unless the
  /// proportion lies before the first.
  private static let tolerance = 2.0

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

  /// How far training tokens are from those in proportion, at most: "41%".
  private static func farthest(_ rows: [ScaledRow]) -> String {
    let most = rows.map { abs($0.proportion - 1) }.max() ?? 0
    return String(format: "%.0f%%", 100 * most)
  }

  private static let fields: [TableField<ScaledRow>] = [
    .text("tokenizer", "Tokenizer") { $0.score.tokenizer }, .text("size", "M2") { $0.score.size },
    .number("step", "Training steps", .integer) { Double($0.score.step) },
    .number("trainingTokens", "Training tokens", unit: "tokens", .short) { Double($0.score.trainingTokens) },
    .number("wanted", "Tokens in proportion", unit: "tokens", .short) { $0.wanted },
    .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
      .number($0.estimate?.value, interval: $0.estimate?.interval())
    },
    .text("paper", "Paper bits/byte") { $0.paper.isEmpty ? nil : list($0.paper) },
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

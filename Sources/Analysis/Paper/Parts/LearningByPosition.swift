import Foundation
import Metrics
import Support

extension PaperPart {
  /// Which tokens of a window M2 learns, and when.
  static let learningByPosition = PaperPart(
    "positions", title: "Learning by position", source: "figure 10",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [CellTable("positions", windows, scale)]
      needs.positions = ["positions"]
      return needs
    },
    run: { input in
      var resampling = Resampling()
      let rows = input.measurements.positions.map { one in
        PositionRow(
          one: one, accuracy: ShareEstimate(hits: one.right, of: one.counts, &resampling),
          trivial: ShareEstimate(hits: one.trivial, of: one.counts, &resampling))
      }
      return PaperAnswer(
        claims: claims(rows),
        artifacts: windows.enumerated().flatMap { index, tokenizer -> [Artifact] in
          let own = rows.filter { $0.one.tokenizer == tokenizer }
          return [
            .figure(
              figure(own, "paper-positions-\(index + 1)", "\(tokenizer): accuracy by position", "accuracy") {
                $0.accuracy?.value
              }),
            .figure(
              figure(
                own, "paper-positions-increase-\(index + 1)", "\(tokenizer): accuracy above the trivial one",
                "accuracy less trivial accuracy"
              ) {
                $0.increase?.value
              }),
          ]
        } + [
          .table(Table(key: "paper-positions", rows, fields: fields)),
          .note(
            "Of the tokens at each position of a window, how many are the ones that M2 thinks likeliest, in weights kept on the "
              + "way, on the first \(rows.first?.one.counts.count ?? 0) held-out examples. Trivial accuracy: always the most frequent "
              + "token that these have at the position."
          ),
        ])
    })

  private static let lengths = [16, 32]
  private static let windows = lengths.map { PaperTokenizers.greedy($0, "256") }

  fileprivate struct PositionRow {
    let one: PositionAccuracy
    let accuracy, trivial: ShareEstimate?
    /// Accuracy above the trivial one, paired.
    var increase: BootstrapEstimate? {
      accuracy?.estimate.flatMap { own in trivial?.estimate.map { own - $0 } }
    }
  }

  private static let fields: [TableField<PositionRow>] = [
    .text("tokenizer", "Tokenizer") { $0.one.tokenizer }, .text("size", "M2") { $0.one.size },
    .number("step", "Training steps", .integer) { Double($0.one.step) },
    .number("position", "Position", .integer) { Double($0.one.position) },
    .estimate("accuracy", "Accuracy", .percent(1), better: .higher) {
      .number($0.accuracy?.value, interval: $0.accuracy?.interval)
    },
    .number("trivial", "Trivial", .percent(1)) { $0.trivial?.value },
    .estimate("increase", "Increase", .percent(1), better: .higher) {
      .number($0.increase?.value, interval: $0.increase?.interval())
    },
  ]

  private static func figure(
    _ rows: [PositionRow], _ key: String, _ title: String, _ y: String, _ value: (PositionRow) -> Double?
  ) -> Figure {
    Figure(
      key: key, title: title, style: .lines, x: .init("training steps", isLogarithmic: true),
      y: .init(y, isLogarithmic: false),
      series: unique(rows.map(\.one.position)).map { position in
        .init(
          title: "position \(position)", family: "\(position)",
          points: rows.filter { $0.one.position == position }.compactMap { row in
            value(row).map { .init(x: Double(row.one.step), y: $0) }
          })
      })
  }

  private static func claims(_ rows: [PositionRow]) -> [Claim] {
    zip(lengths, windows).flatMap { bits, tokenizer -> [Claim] in
      let own = rows.filter { $0.one.tokenizer == tokenizer }, last = own.map(\.one.step).max()
      let final = own.filter { $0.one.step == last }.sorted { $0.one.position < $1.one.position }
      let learned = "M2 learns the first token of windows of \(bits) bits"
      let less = "M2 learns the last token of windows of \(bits) bits less than the first"
      guard let first = final.first, let end = final.last, first.one.position != end.one.position else {
        return [learned, less].map { Claim($0, .cannotTell, "nothing was measured") }
      }
      func text(_ row: PositionRow) -> String {
        String(format: "position %d %+.1f points", row.one.position, 100 * (row.increase?.value ?? 0))
      }
      return [
        .above(learned, value: first.increase?.value, interval: first.increase?.interval(), in: .points) {
          "position \(first.one.position) \($0)"
        },
        .higher(less, first.increase, than: end.increase) { _, _ in "\(text(first)), \(text(end))" },
      ]
    }
  }
}

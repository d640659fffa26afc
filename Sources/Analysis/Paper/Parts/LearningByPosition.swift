import Foundation
import Metrics
import Support

extension PaperPart {
  /// Which tokens of a window M2 learns, and when.
  static let learningByPosition = PaperPart(
    "positions", title: "Learning by position", source: "figure 10",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [
        CellTable("positions", [PaperTokenizers.greedy(16, "256"), PaperTokenizers.greedy(32, "256")], scale)
      ]
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
        artifacts: unique(rows.map(\.one.tokenizer)).enumerated().flatMap { index, tokenizer -> [Artifact] in
          let own = rows.filter { $0.one.tokenizer == tokenizer }
          return [
            .figure(
              figure(own, "paper-positions-\(index + 1)", "\(tokenizer): accuracy by position", "accuracy") {
                $0.accuracy?.value
              }),
            .figure(
              figure(
                own, "paper-positions-increase-\(index + 1)", "\(tokenizer): accuracy above the trivial one",
                "accuracy less trivial"
              ) {
                $0.increase?.value
              }),
          ]
        } + [
          .table(Table(key: "paper-positions", rows, fields: fields)),
          .note(
            "Of the tokens at each position of a window, how many are the ones that M2 thinks likeliest, in weights kept on the "
              + "way, on the first held-out examples. Trivial accuracy: always the most frequent token of that position."
          ),
        ])
    })

  fileprivate struct PositionRow {
    let one: PositionAccuracy
    let accuracy, trivial: ShareEstimate?
    /// Accuracy above the trivial one, paired.
    var increase: (value: Double, interval: Interval?)? {
      guard let accuracy, let trivial else { return nil }
      return (
        accuracy.value - trivial.value,
        accuracy.estimate.flatMap { a in trivial.estimate.map { (a - $0).interval() } }
      )
    }
  }

  private static let fields: [TableField<PositionRow>] = [
    .text("tokenizer", "Tokenizer") { $0.one.tokenizer }, .text("size", "M2") { $0.one.size },
    .number("step", "Steps", .integer) { Double($0.one.step) },
    .number("position", "Position", .integer) { Double($0.one.position) },
    .estimate("accuracy", "Accuracy", .percent(1), better: .higher) {
      .number($0.accuracy?.value, interval: $0.accuracy?.interval)
    },
    .number("trivial", "Trivial", .percent(1)) { $0.trivial?.value },
    .estimate("increase", "Increase", .percent(1), better: .higher) {
      .number($0.increase?.value, interval: $0.increase?.interval)
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
    unique(rows.map(\.one.tokenizer)).flatMap { tokenizer -> [Claim] in
      let own = rows.filter { $0.one.tokenizer == tokenizer }, last = own.map(\.one.step).max()
      let final = own.filter { $0.one.step == last }.sorted { $0.one.position < $1.one.position }
      let learned = "\(tokenizer): M2 learns the first token of a window"
      let less = "\(tokenizer): it learns the last token of a window less than the first"
      guard let first = final.first, let end = final.last, first.one.position != end.one.position else {
        return [Claim(learned, .cannotTell, "nothing was measured")]
      }
      func text(_ row: PositionRow) -> String {
        String(format: "position %d %+.1f points", row.one.position, 100 * (row.increase?.value ?? 0))
      }
      let a = first.increase, b = end.increase
      let verdict: Claim.Verdict =
        if let x = a?.interval, let y = b?.interval {
          x.lower > y.upper ? .seen : x.upper < y.lower ? .notSeen : .cannotTell
        } else { .cannotTell }
      return [
        .above(learned, value: a?.value, interval: a?.interval) { _ in text(first) },
        Claim(less, verdict, "\(text(first)), \(text(end))"),
      ]
    }
  }
}

import Foundation
import Metrics
import Support

extension PaperPart {
  /// One sentence behind many words: how far its tokens differ.
  static let stability = PaperPart(
    "stability", title: "Stability", source: "figure 8, table 7",
    needs: { scale in
      var needs = PaperNeeds()
      needs.prefixed = [
        "Bytes", scale.sentencePiece, PaperTokenizers.greedy(16, "256"), PaperTokenizers.greedy(16, "65k"),
        "EqualInfoAC[b=16,v=65k]", "EqualInfoAC[b=12,v=4k]", "AC[v=256]", "AC[v=65k]", "GZip[v=256]",
      ]
      return needs
    },
    run: { input in
      let all = input.measurements.stability
      var resampling = Resampling()
      let rows = all.map { one in
        StabilityRow(one: one, interval: scores(one).flatMap { resampling.estimate($0) }?.interval())
      }
      return PaperAnswer(
        claims: claims(input),
        artifacts: [
          .table(Table(key: "paper-stability", rows, fields: fields)), .figure(figure(all)),
          .note(
            "The sentence behind each of \(all.first?.distances.count ?? 0) words of the held-out text: Levenshtein's distance "
              + "between its tokens behind one word and behind each of the ten next in the list, over the longer one's length. "
              + "The word's own tokens are left out where it can be told which they are. Below, the sentence alone, with | "
              + "where a token begins; which bytes a token of a whole code stands for cannot be said."),
        ] + lines(all))
    })

  private struct StabilityRow {
    let one: PrefixStability
    let interval: Interval?
  }

  /// The mean distance, as scores of one byte a word.
  private static func scores(_ one: PrefixStability) -> ExampleScores? {
    ExampleScores(nats: one.distances.map { $0 * natsPerBit }, bytes: one.distances.map { _ in 1 })
  }

  private static let fields: [TableField<StabilityRow>] = [
    .text("tokenizer", "Tokenizer") { $0.one.tokenizer },
    .number("tokens", "Tokens of the sentence", .integer) { Double($0.one.ids.count) },
    .estimate("distance", "Mean distance", .percent(1), better: .lower) { row in
      .number(row.one.distances.reduce(0, +) / Double(max(1, row.one.distances.count)), interval: row.interval)
    },
  ]

  private static func figure(_ all: [PrefixStability]) -> Figure {
    Figure(
      key: "paper-stability", title: "How far a sentence's tokens differ behind different words", style: .lines,
      x: .init("Levenshtein distance / tokens", isLogarithmic: false),
      y: .init("share of pairs of words", isLogarithmic: false),
      series: all.map { one in
        let total = Double(max(1, one.histogram.reduce(0, +)))
        return .init(
          title: one.tokenizer, family: one.tokenizer,
          points: one.histogram.enumerated().map {
            .init(x: (Double($0) + 0.5) / Double(PrefixStability.bins), y: Double($1) / total)
          })
      })
  }

  private static func lines(_ all: [PrefixStability]) -> [Artifact] {
    unique(all.map(\.sentence)).map { sentence in
      .cutLine(
        CutLine(
          text: sentence,
          rows: all.filter { $0.sentence == sentence }.map {
            CutLine.Row(tokenizer: $0.tokenizer, ids: $0.ids, byteCounts: $0.byteCounts)
          }))
    }
  }

  private static func claims(_ input: PaperInput) -> [Claim] {
    var resampling = Resampling()
    func nearer(_ statement: String, _ a: String, than b: String) -> Claim {
      let found = [a, b].map { name in input.measurements.stability.first { $0.tokenizer == name } }
      guard let x = found[0], let y = found[1], x.distances.count == y.distances.count,
        let first = scores(x).flatMap({ resampling.estimate($0) }),
        let second = scores(y).flatMap({ resampling.estimate($0) })
      else { return Claim(statement, .cannotTell, "nothing was measured") }
      return .above(statement, value: second.value - first.value, interval: (second - first).interval()) { _ in
        String(format: "%@ %.1f%%, %@ %.1f%%", a, 100 * first.value, b, 100 * second.value)
      }
    }
    let windows = PaperTokenizers.greedy(16, "256")
    return [
      nearer("SentencePiece's tokens are more stable than those of windows", input.scale.sentencePiece, than: windows),
      nearer("Tokens of windows are more stable than AC's", windows, than: "AC[v=256]"),
      nearer("Tokens of windows are more stable than GZip's", windows, than: "GZip[v=256]"),
    ]
  }
}

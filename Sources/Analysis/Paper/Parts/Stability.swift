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
        "Bytes", scale.sentencePiece, PaperTokenizers.greedy(16, "256"), PaperTokenizers.greedy(16, "65k"), reserve,
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
            "One sentence behind each of \(2 * (all.first?.distances.count ?? 0)) words of the held-out text: Levenshtein's distance "
              + "between its tokens behind two words, over the longer one's length. The figure is of all pairs of words; the mean and "
              + "its 95% interval, over words, are of pairs that share none. The word's own tokens are left out where it can be told "
              + "which they are, and only tokenizers with or without them are compared. Below, the sentence alone, with | where a token "
              + "begins; of codes that do not say which bytes a token stands for, its tokens by number."),
        ] + lines(all))
    })

  /// This project's windows, which decode, and so tell which bytes a token stands for.
  private static let reserve = "EqualInfoAC[b=16,v=256]"

  private struct StabilityRow {
    let one: PrefixStability
    let interval: Interval?
  }

  /// The mean distance, as scores of one byte a pair.
  private static func scores(_ one: PrefixStability) -> ExampleScores? {
    ExampleScores(nats: one.distances.map { $0 * natsPerBit }, bytes: one.distances.map { _ in 1 })
  }

  private static let fields: [TableField<StabilityRow>] = [
    .text("tokenizer", "Tokenizer") { $0.one.tokenizer },
    .number("tokens", "Tokens of the sentence", .integer) { Double($0.one.ids.count) },
    .text("compared", "Tokens that are compared") { row in
      row.one.byteCounts == nil ? "of word and sentence" : "of the sentence"
    },
    .estimate("distance", "Mean distance", .percent(1), better: .lower) { row in
      .number(row.one.distances.reduce(0, +) / Double(max(1, row.one.distances.count)), interval: row.interval)
    },
  ]

  private static func figure(_ all: [PrefixStability]) -> Figure {
    Figure(
      key: "paper-stability", title: "How far a sentence's tokens differ behind different words", style: .lines,
      x: .init("Levenshtein distance, as a share of the tokens", isLogarithmic: false),
      y: .init("share of pairs of words", isLogarithmic: false),
      series: all.map { one in
        let total = Double(max(1, one.histogram.reduce(0, +)))
        return .init(
          title: one.tokenizer, family: one.tokenizer.replacing("v=65k", with: "v=256"),
          points: one.histogram.enumerated().map {
            .init(x: (Double($0) + 0.5) / Double(PrefixStability.bins), y: Double($1) / total)
          })
      })
  }

  /// The sentence as each tokenizer cuts it; of those that do not say which bytes a token stands for, the tokens.
  private static func lines(_ all: [PrefixStability]) -> [Artifact] {
    let lines = unique(all.map(\.sentence)).map { sentence -> Artifact in
      let rows = all.filter { $0.sentence == sentence && $0.byteCounts != nil }
      return .cutLine(
        CutLine(
          text: sentence,
          rows: rows.map { CutLine.Row(tokenizer: $0.tokenizer, ids: $0.ids, byteCounts: $0.byteCounts) }))
    }
    let others = all.filter { $0.byteCounts == nil }
    return lines
      + [
        .table(
          Table(
            key: "paper-stability-tokens", others,
            fields: [
              .text("tokenizer", "Tokenizer") { $0.tokenizer },
              .text("ids", "Tokens of the sentence, by number") { $0.ids.map(String.init).joined(separator: " ") },
            ]))
      ]
  }

  private static func claims(_ input: PaperInput) -> [Claim] {
    var resampling = Resampling()
    func nearer(_ statement: String, _ a: String, than b: String) -> Claim {
      let found = [a, b].map { name in input.measurements.stability.first { $0.tokenizer == name } }
      guard let x = found[0], let y = found[1], x.distances.count == y.distances.count,
        (x.byteCounts == nil) == (y.byteCounts == nil), let first = scores(x).flatMap({ resampling.estimate($0) }),
        let second = scores(y).flatMap({ resampling.estimate($0) })
      else { return Claim(statement, .cannotTell, "nothing was measured") }
      return .higher(statement, second, than: first) {
        String(format: "%@ %.1f%%, %@ %.1f%%", a, 100 * $1, b, 100 * $0)
      }
    }
    let windows = PaperTokenizers.greedy(16, "256")
    return [
      nearer("SentencePiece's tokens are more stable than those of windows", input.scale.sentencePiece, than: reserve),
      nearer("Tokens of windows are more stable than AC's", windows, than: "AC[v=256]"),
      nearer("Tokens of windows are more stable than GZip's", windows, than: "GZip[v=256]"),
    ]
  }
}

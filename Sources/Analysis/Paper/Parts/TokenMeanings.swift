import Foundation
import Metrics
import Support

extension PaperPart {
  /// What texts stand behind one token, by its position in a window.
  static let tokenMeaning = PaperPart(
    "meaning", title: "The meaning of a token", source: "tables 8 and 14",
    needs: { scale in
      var needs = PaperNeeds()
      needs.meanings = [
        scale.sentencePiece, "EqualInfoAC[b=16,v=256]", "EqualInfoAC[b=32,v=256]", "EqualInfoAC[b=16,v=65k]",
        "GZip[v=256]", "AC[v=256]",
      ]
      return needs
    },
    run: { input in
      var resampling = Resampling()
      let rows = input.measurements.meanings.map { one in
        MeaningRow(
          one: one, sameText: ShareEstimate(hits: one.sameText, of: one.counts, &resampling),
          sameStart: ShareEstimate(hits: one.sameStart, of: one.counts, &resampling))
      }
      return PaperAnswer(
        claims: claims(rows),
        artifacts: [
          .table(Table(key: "paper-meaning", rows, fields: fields)),
          .note(
            "Of every token at a position: how often its text is the most frequent one of the token's other occurrences, and how often "
              + "it begins with the byte that the most of these begin with; tokens that occur once tell neither. Of windows the text is the "
              + "whole window's, which its tokens make together; these are the windows of end=reserve, whose codes decode. Of GZip and AC "
              + "it is what can be decoded with this token and could not without it, for the first tokens of an example; those that decide "
              + "nothing, as zlib's header does, are left out. Then the most frequent token at the position, and its texts with how often "
              + "they occur."),
        ])
    })

  private struct MeaningRow {
    let one: TokenMeaning
    let sameText, sameStart: ShareEstimate?
  }

  private static let fields: [TableField<MeaningRow>] = [
    .text("tokenizer", "Tokenizer") { $0.one.tokenizer },
    .number("position", "Position", .integer) { Double($0.one.position) },
    .number("tokens", "Tokens", .integer) { Double($0.one.counts.reduce(0, +)) },
    .estimate("sameText", "Same text", .percent(1)) { .number($0.sameText?.value, interval: $0.sameText?.interval) },
    .estimate("sameStart", "Same first byte", .percent(1)) {
      .number($0.sameStart?.value, interval: $0.sameStart?.interval)
    },
    .text("token", "A token") { "\($0.one.token)" },
    .text("texts", "Its texts") { row in
      row.one.texts.map { "\(shown($0.text)) \($0.count)" }.joined(separator: ", ")
    },
  ]

  /// Spaces and ends of lines are there to see.
  private static func shown(_ text: String) -> String { text.replacing("\n", with: "⏎").replacing(" ", with: "␣") }

  private static func claims(_ rows: [MeaningRow]) -> [Claim] {
    func row(_ tokenizer: String, _ position: Int) -> MeaningRow? {
      rows.first { $0.one.tokenizer == tokenizer && $0.one.position == position }
    }
    func more(
      _ statement: String, _ a: MeaningRow?, than b: MeaningRow?, of share: (MeaningRow) -> ShareEstimate?
    ) -> Claim {
      guard let a, let b, let x = share(a), let y = share(b), let first = x.estimate, let second = y.estimate else {
        return Claim(statement, .cannotTell, "nothing was measured")
      }
      func numbers(_ x: Double, _ y: Double) -> String {
        String(
          format: "%@ at %d: %.1f%%, %@ at %d: %.1f%%", a.one.tokenizer, a.one.position, 100 * x, b.one.tokenizer,
          b.one.position, 100 * y)
      }
      if first.jackknife.count == second.jackknife.count {
        return .higher(statement, first, than: second) { numbers($0, $1) }
      }
      // Of other numbers of examples, nothing is paired: the intervals must lie apart.
      let (one, other) = (first.interval(), second.interval())
      return Claim(
        statement, one.lower > other.upper ? .seen : one.upper < other.lower ? .notSeen : .cannotTell,
        numbers(x.value, y.value))
    }
    let short = "EqualInfoAC[b=16,v=256]", long = "EqualInfoAC[b=32,v=256]"
    return [
      more(
        "The first token of a window tells more of how its text begins than the second", row(short, 1),
        than: row(short, 2),
        of: \.sameStart),
      more(
        "The last token of a window of 32 bits tells less of its text than that of a window of 16", row(short, 2),
        than: row(long, 4), of: \.sameText),
      more(
        "The first token of a window of 16 bits tells more of how its text begins than a token of AC", row(short, 1),
        than: row("AC[v=256]", 1), of: \.sameStart
      ),
    ]
  }
}

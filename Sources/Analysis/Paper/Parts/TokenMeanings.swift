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
        "GZip[v=256]",
        "AC[v=256]",
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
            "Of every token at a position: how many of its occurrences have its most frequent text, and how many a text that "
              + "begins with the same byte. Of windows the text is the whole window's, which its tokens make together; these are the "
              + "windows of end=reserve, whose codes decode. Of GZip and AC it is what can be decoded with this token "
              + "and could not without it, for the first tokens of an example. Then the most frequent token at the position, and its texts with "
              + "how often they occur."),
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
      guard let a, let b, let x = share(a), let y = share(b), let first = x.interval, let second = y.interval else {
        return Claim(statement, .cannotTell, "nothing was measured")
      }
      let verdict: Claim.Verdict =
        first.lower > second.upper ? .seen : first.upper < second.lower ? .notSeen : .cannotTell
      return Claim(
        statement, verdict,
        String(
          format: "%@ at %d: %.1f%%, %@ at %d: %.1f%%", a.one.tokenizer, a.one.position, 100 * x.value, b.one.tokenizer,
          b.one.position, 100 * y.value))
    }
    let short = "EqualInfoAC[b=16,v=256]", long = "EqualInfoAC[b=32,v=256]"
    return [
      more(
        "The first token of a window tells how its text begins, the second does not", row(short, 1),
        than: row(short, 2),
        of: \.sameStart),
      more("The longer the window, the less its last token means", row(short, 2), than: row(long, 4), of: \.sameText),
      more(
        "A token of a short window means more than one of AC", row(short, 1), than: row("AC[v=256]", 1), of: \.sameStart
      ),
    ]
  }
}

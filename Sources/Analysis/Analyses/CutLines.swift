import Records
import Support

extension RecordAnalysis {
  /// How every tokenizer cuts a few lines of the held-out text.
  static let cutLines = RecordAnalysis("cutLines", title: "Tokens") { input in
    let lines = input.tokenizers.flatMap { group in
      (group.tokenization?.lines ?? []).map { (text: $0.text, row: CutLine.Row(group.tokenizer, $0)) }
    }
    guard !lines.isEmpty else { return [] }
    let note =
      "Lines of the held-out text, each coded on its own: how many tokens, and where they lie. A code's tokens are pieces of "
      + "one long number: which bytes each of them stands for cannot be said. Where nothing is marked, every byte is a token."
    return [.note(RichText(note))]
      + unique(lines.map(\.text)).map { text in
        .cutLine(CutLine(text: text, rows: lines.filter { $0.text == text }.map(\.row)))
      }
  }
}

extension CutLine.Row {
  /// Counts that are not of this line are none: a record may come from anywhere.
  fileprivate init(_ tokenizer: String, _ line: RunRecord.Tokenization.Line) {
    let counts = line.byteCounts.flatMap { counts in
      counts.count == line.ids.count && counts.allSatisfy { (0...line.text.utf8.count).contains($0) }
        && counts.reduce(0, &+) == line.text.utf8.count ? counts : nil
    }
    self.init(tokenizer: tokenizer, ids: line.ids, byteCounts: counts)
  }
}

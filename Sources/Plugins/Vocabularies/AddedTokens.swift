import Tokenizers

/// Tokens that were added to a vocabulary and are no special ones: they are found in the text first, and what lies between
/// them is encoded.
///
/// Those that are looked for in the text as it is come first, then those that are looked for in normalised text. From left
/// to right the longest is taken. Special tokens are never found, since text is data; but where one stands, none that it
/// overlaps is found either, as in the library.
struct AddedTokens: Sendable {
  private struct Pass: Sendable {
    let trie: VocabularyTrie
    /// By place in the trie's table; nil for a special token.
    let ids: [Token?]
  }
  private let passes: [Pass]

  /// Nil where none is to be found.
  /// - Parameter passes: of each, the tokens' texts, and their ids; nil for special ones.
  init?(_ passes: [[(text: [UInt8], id: Token?)]]) {
    self.passes = passes.filter { $0.contains { $0.id != nil } }.map { tokens in
      var table = ByteStringTable(capacity: tokens.count)
      var ids: [Token?] = []
      for token in tokens where table.insert(token.text).isNew { ids.append(token.id) }
      return Pass(trie: VocabularyTrie(table), ids: ids)
    }
    guard !self.passes.isEmpty else { return nil }
  }

  /// The parts of a text in order, each either a token's place, with its id, or what lies between two.
  func forEachPart(of text: [UInt8], _ body: (Range<Int>, Token?) throws -> Void) rethrows {
    try cut(text, 0..<text.count, passes[...], body)
  }

  private func cut(
    _ text: [UInt8], _ range: Range<Int>, _ passes: ArraySlice<Pass>, _ body: (Range<Int>, Token?) throws -> Void
  ) rethrows {
    guard !range.isEmpty else { return }
    guard let pass = passes.first else { return try body(range, nil) }
    var start = range.lowerBound
    for (found, id) in Self.matches(of: pass, in: text, range) {
      try cut(text, start..<found.lowerBound, passes.dropFirst(), body)
      try body(found, id)
      start = found.upperBound
    }
    try cut(text, start..<range.upperBound, passes.dropFirst(), body)
  }

  private static func matches(of pass: Pass, in text: [UInt8], _ range: Range<Int>) -> [(Range<Int>, Token)] {
    var matches: [(Range<Int>, Token)] = []
    text.withUnsafeBufferPointer { text in
      let part = UnsafeBufferPointer(rebasing: text[..<range.upperBound])
      var position = range.lowerBound
      while position < range.upperBound {
        var longest: (place: Token, end: Int)?
        pass.trie.forEachToken(at: position, of: part) { longest = ($0, $1) }
        guard let (place, end) = longest else {
          position += 1
          continue
        }
        if let id = pass.ids[Int(place)] { matches.append((position..<end, id)) }
        position = end
      }
    }
    return matches
  }
}

import Support
import Tokenizers

/// A vocabulary that another program made, read from its file: that program's ids, and every byte string comes back.
///
/// Nothing is normalised, dropped or called unknown, for that could not be undone. Bytes without a token have an id each,
/// the vocabulary's own where it has byte tokens, further ones behind all others where it has none.
struct ImportedTokenizer: Tokenizer {
  /// A file of a saved tokenizer: the imported one as it was.
  struct Source: Sendable {
    let name: String
    let bytes: [UInt8]
  }
  /// A space that stands before the text while it is encoded.
  enum LeadingSpace { case never, unlessThere, always }

  let spec: ResolvedSpec
  let source: Source
  let texts: TokenTexts
  let encoder: PreTokenEncoder
  var leadingSpace = LeadingSpace.never
  /// Tokens that are found in the text before it is cut.
  var addedTokens: AddedTokens?
  /// The ids that stand for single bytes alone, where they are apart from the tokens of text.
  var byteIDs: Set<Token> = []

  var vocabularySize: Int { texts.count }

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    guard let addedTokens else { return try encoder.encode(withLeadingSpace(bytes)) }
    var tokens: [Token] = []
    try addedTokens.forEachPart(of: bytes) { range, token in
      if let token {
        tokens.append(token)
      } else {
        let part = Array(bytes[range])
        tokens += try encoder.encode(range.lowerBound == 0 ? withLeadingSpace(part) : part)
      }
    }
    return tokens
  }

  private func withLeadingSpace(_ text: [UInt8]) -> [UInt8] {
    switch leadingSpace {
    case .never: text
    case .unlessThere: text.isEmpty || text[0] == 0x20 ? text : [0x20] + text
    case .always: text.isEmpty ? text : [0x20] + text
    }
  }

  /// Whether the first of so many bytes is the space that was put before a text of `count`.
  private func hasLeadingSpace(_ tokens: [Token], bytes: Int, text count: Int) -> Bool {
    leadingSpace != .never && bytes - 1 == count && texts.text(of: tokens, most: 1) == [0x20]
  }

  private func byteCount(of tokens: [Token]) -> Int { tokens.reduce(0) { $0 + texts.byteCount(of: $1) } }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    if let hole = tokens.first(where: { !texts.contains($0) }) {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "\(hole) is no token's id; they are another tokenizer's, or damaged")
    }
    let bytes = self.byteCount(of: tokens)
    if bytes == byteCount { return texts.text(of: tokens, most: bytes) }
    guard hasLeadingSpace(tokens, bytes: bytes, text: byteCount) else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "they have \(bytes) bytes, not the \(byteCount) that were encoded")
    }
    return Array(texts.text(of: tokens, most: bytes).dropFirst())
  }

  /// The text of those tokens that there are. A space before it stays, unless the text would be too long by just that.
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    let known = tokens.filter(texts.contains), most = max(0, maximumBytes)
    guard most > 0, hasLeadingSpace(known, bytes: byteCount(of: known), text: most) else {
      return texts.text(of: known, most: most)
    }
    return Array(texts.text(of: known, most: most + 1).dropFirst())
  }

  func byteCounts(of tokens: [Token], in example: [UInt8]) -> [Int]? {
    var counts = tokens.map { texts.byteCount(of: $0) }
    if hasLeadingSpace(tokens, bytes: counts.reduce(0, +), text: example.count) { counts[0] -= 1 }
    return counts
  }

  /// `byteShare`: the share of the text that goes through ids of single bytes, where these are apart.
  func facts(about examples: [[UInt8]], tokens: [[Token]], threads: Int) -> [String: Double] {
    let bytes = examples.reduce(0) { $0 + $1.count }
    guard !byteIDs.isEmpty, bytes > 0 else { return [:] }
    let single = tokens.reduce(0) { $0 + $1.count { byteIDs.contains($0) } }
    return ["byteShare": Double(single) / Double(bytes)]
  }

  func save(to folder: String) throws { try writeAtomically(source.bytes, to: folder + "/" + source.name) }
}

/// Gives the tokens of a segmenter, which are places in a list, their ids.
struct RenamingSegmenter<Base: PreTokenSegmenter>: PreTokenSegmenter {
  let base: Base
  let ids: [Token]

  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    let first = tokens.count
    base.segment(piece, into: &tokens)
    for place in first..<tokens.count { tokens[place] = ids[Int(tokens[place])] }
  }
}

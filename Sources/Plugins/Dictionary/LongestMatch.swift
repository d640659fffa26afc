import Tokenizers

/// Texts of a fixed dictionary, greedy longest match: what `M1Dictionary` and `LZWDictionary` make.
///
/// Lossless for the reason that a codebook is: every single byte is a text, and so is every prefix of one.
struct LongestMatchTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let dictionary: PrefixDictionary
  /// The M1 that the dictionary was compiled from, if any.
  let model: (any ByteModel)?

  var vocabularySize: Int { dictionary.count }

  func encode(_ bytes: [UInt8]) throws -> [Token] { dictionary.encode(bytes) }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    let (text, used, isWhole) = dictionary.decode(tokens, byteCount: byteCount)
    guard text.count == byteCount, used == tokens.count, isWhole else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "their texts make another number of bytes than \(byteCount)")
    }
    return text
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    dictionary.decode(tokens.map { min($0, Token(vocabularySize - 1)) }, byteCount: max(0, maximumBytes)).text
  }

  func byteCounts(of tokens: [Token], in example: [UInt8]) -> [Int]? { dictionary.byteCounts(of: tokens) }

  /// Under an M1 every token is a window.
  func facts(about examples: [[UInt8]], tokens: [[Token]], threads: Int) -> [String: Double] {
    guard model != nil else { return [:] }
    return windowFacts(windows: tokens.reduce(0) { $0 + $1.count }, bytes: examples.reduce(0) { $0 + $1.count })
  }

  func save(to folder: String) throws {
    try model?.save(to: folder)
    try dictionary.write(to: folder + "/" + PrefixDictionary.fileName)
  }
}

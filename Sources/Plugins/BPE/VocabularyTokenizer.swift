import Tokenizers

/// A tokenizer whose tokens are byte strings of a vocabulary: what they stand for does not depend on how they were chosen.
protocol VocabularyTokenizer: Tokenizer {
  var vocabulary: BPEVocabulary { get }
}

extension VocabularyTokenizer {
  var vocabularySize: Int { vocabulary.count }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    let (text, isExact) = vocabulary.decode(tokens, byteCount: byteCount)
    guard isExact else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "their bytes are not the \(byteCount) that were encoded")
    }
    return text
  }

  /// The text of those tokens that the vocabulary has.
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    vocabulary.decode(tokens.filter { $0 < vocabulary.count }, byteCount: max(0, maximumBytes)).text
  }

  func byteCounts(of tokens: [Token], in example: [UInt8]) -> [Int]? {
    tokens.map { vocabulary.tokens[Int($0)].count }
  }
}

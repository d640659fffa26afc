import Tokenizers

/// Every byte is a token.
struct BytesTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize = 256

  func encode(_ bytes: [UInt8]) -> [Token] { bytes.map(Token.init) }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    guard tokens.count == byteCount else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "\(tokens.count) tokens for \(byteCount) bytes; they must be equal")
    }
    return tokens.map { UInt8(truncatingIfNeeded: $0) }
  }

  func byteCounts(of tokens: [Token], in example: [UInt8]) -> [Int]? { tokens.map { _ in 1 } }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    tokens.prefix(max(0, maximumBytes)).map { UInt8(truncatingIfNeeded: $0) }
  }
}

public struct BytesBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "Bytes", summary: "every byte is a token", source: "\(paper), section 3.2 (byte-level baseline)")
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { 256 }
  public func train(_ spec: ResolvedSpec, context: TrainingContext) -> any Tokenizer { BytesTokenizer(spec: spec) }
  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) -> any Tokenizer {
    BytesTokenizer(spec: spec)
  }
}

import Tokenizers

/// Every byte as two tokens of four bits: `Nibbles` or `Nibbles[first=low]`.
public struct NibblesTokenizer: Tokenizer {
  public let spec: ResolvedSpec
  public let vocabularySize = 16
  var lowFirst: Bool { spec["first"] == "low" }

  public func encode(_ bytes: [UInt8]) -> [Token] {
    bytes.flatMap { byte -> [Token] in
      let high = Token(byte >> 4), low = Token(byte & 15)
      return lowFirst ? [low, high] : [high, low]
    }
  }

  public func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    guard tokens.count == 2 * byteCount else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "\(tokens.count) tokens for \(byteCount) bytes; two a byte are needed")
    }
    return decodeGenerated(tokens, maximumBytes: byteCount)
  }

  public func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    (0..<max(0, min(maximumBytes, tokens.count / 2))).map { i in
      let (a, b) = (UInt8(tokens[2 * i] & 15), UInt8(tokens[2 * i + 1] & 15))
      return lowFirst ? b << 4 | a : a << 4 | b
    }
  }
}

/// Makes them. There is nothing to train and nothing to save.
public struct NibblesBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "Nibbles", summary: "every byte as two tokens of four bits",
    parameters: [Parameter("first", .choice(["high", "low"]), default: "high", summary: "which half comes first")],
    source: "docs/adding-a-tokenizer.md")
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { 16 }
  public func train(_ spec: ResolvedSpec, context: TrainingContext) -> any Tokenizer { NibblesTokenizer(spec: spec) }
  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) -> any Tokenizer {
    NibblesTokenizer(spec: spec)
  }
}

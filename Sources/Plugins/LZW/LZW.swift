import Tokenizers

/// Lempel–Ziv–Welch over bytes, each example with phrases of its own: an id of 256 and more means what the example's
/// text before it makes of it, so that a model must look back to read it.
///
/// At every token the phrase before it and the token's first byte become the next phrase, until there are v of them.
struct LZWTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int

  func encode(_ bytes: [UInt8]) -> [Token] {
    guard let first = bytes.first else { return [] }
    var tokens: [Token] = []
    var phrases = PhraseTree()
    var phrase = Token(first)
    for byte in bytes.dropFirst() {
      if let longer = phrases.longer(phrase, byte, adding: phrases.count < vocabularySize) {
        phrase = longer
      } else {
        tokens.append(phrase)
        phrase = Token(byte)
      }
    }
    return tokens + [phrase]
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    let (text, used) = text(of: tokens, maximumBytes: byteCount)
    // Greedy phrases are canonical: a text whose own are others was not encoded by this tokenizer.
    guard used == tokens.count, text.count == byteCount, encode(text) == tokens else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName,
        reason: "no text of \(byteCount) bytes has them; the tokens or the byte count are damaged")
    }
    return text
  }

  func byteCounts(of tokens: [Token], in example: [UInt8]) -> [Int]? {
    // A phrase of 256 and more is the token that stood where it was made, and one byte.
    var counts: [Int] = []
    for token in tokens { counts.append(token < 256 ? 1 : counts[Int(token) - 256] + 1) }
    return counts
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    text(of: tokens, maximumBytes: max(0, maximumBytes)).text
  }

  /// What tokens say up to the first that names a phrase not yet made, or that would go beyond the bytes wanted (of
  /// which what fits is taken); `used`: the tokens whose texts are whole.
  private func text(of tokens: [Token], maximumBytes: Int) -> (text: [UInt8], used: Int) {
    var text: [UInt8] = []
    // Where in the text each phrase of 256 and more was first written.
    var places: [Range<Int>] = []
    var previous = 0..<0
    for (used, token) in tokens.enumerated() {
      let start = text.count
      // The phrase that this very token completes is the one before it and that one's first byte: since the text
      // repeats itself there, copying byte by byte writes it.
      if used > 0, 256 + places.count < vocabularySize { places.append(previous.lowerBound..<previous.upperBound + 1) }
      if token < 256 {
        if start == maximumBytes { return (text, used) }
        text.append(UInt8(token))
      } else {
        guard Int(token) - 256 < places.count else { return (text, used) }
        for place in places[Int(token) - 256] {
          if text.count == maximumBytes { return (text, used) }
          text.append(text[place])
        }
      }
      previous = start..<text.count
    }
    return (text, tokens.count)
  }
}

public struct LZWBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "LZW", summary: "Lempel-Ziv-Welch: phrases that every example makes anew, up to v with the bytes",
    parameters: [
      Parameter("v", .powerOfTwo(512...65_536), default: "4k", alwaysShown: true, summary: "bytes and phrases")
    ], source: "Welch 1984; as a language model's tokens: Geng et al. 2025, zip2zip")
  private func make(_ spec: ResolvedSpec) -> LZWTokenizer {
    LZWTokenizer(spec: spec, vocabularySize: spec.integer("v") ?? 4096)
  }
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { make(spec).vocabularySize }
  public func train(_ spec: ResolvedSpec, context: TrainingContext) -> any Tokenizer { make(spec) }
  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) -> any Tokenizer { make(spec) }
}

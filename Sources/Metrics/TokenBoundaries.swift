/// Where one text's tokens end, and what that does to its words and characters. Everything is nil where it is undefined.
public struct TokenBoundaries: Sendable {
  public let text: [UInt8]
  /// Of each token, the bytes that it stands for; empty for one that stands for none.
  public let tokens: [Range<Int>]
  public let words: [Range<Int>]

  /// - Parameter byteCounts: of each token; their sum is the text.
  public init(_ text: [UInt8], byteCounts: [Int]) {
    precondition(byteCounts.reduce(0, +) == text.count, "tokens stand for the whole text")
    self.text = text
    var end = 0
    tokens = byteCounts.map { count in
      defer { end += count }
      return end..<end + count
    }
    words = Self.words(of: text)
  }

  /// Runs of bytes that are not ASCII white space.
  public static func words(of text: [UInt8]) -> [Range<Int>] {
    var words: [Range<Int>] = []
    var start: Int?
    for (place, byte) in text.enumerated() {
      let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
      if isSpace, let begun = start { words.append(begun..<place) }
      if isSpace { start = nil } else { start = start ?? place }
    }
    if let start { words.append(start..<text.count) }
    return words
  }

  /// Places strictly inside the text where tokens meet.
  public var inner: Set<Int> { Set(tokens.map(\.lowerBound)).subtracting([0, text.count]) }

  /// Tokens per word (Rust et al. 2021 count subwords per word; so do most since).
  public var fertility: Double? { words.isEmpty ? nil : Double(tokens.count) / Double(words.count) }

  /// The share of words that are one token, with or without white space about them (single-token retention rate: Nayeem
  /// et al. 2025, Beyond Fertility).
  public var singleTokenRetention: Double? {
    guard !words.isEmpty else { return nil }
    var kept = 0
    var next = 0
    for (w, word) in words.enumerated() {
      while next < tokens.count, tokens[next].upperBound <= word.lowerBound { next += 1 }
      guard next < tokens.count else { break }
      let token = tokens[next]
      let before = w > 0 ? words[w - 1].upperBound : 0
      let after = w + 1 < words.count ? words[w + 1].lowerBound : text.count
      if token.lowerBound >= before, token.lowerBound <= word.lowerBound, token.upperBound >= word.upperBound,
        token.upperBound <= after
      {
        kept += 1
      }
    }
    return Double(kept) / Double(words.count)
  }

  /// The share of the tokens that stand for bytes whose bytes are whole characters of UTF-8.
  public var utf8Integrity: Double? {
    let written = tokens.filter { !$0.isEmpty }
    guard !written.isEmpty else { return nil }
    return Double(written.count { String(validating: text[$0], as: UTF8.self) != nil }) / Double(written.count)
  }

  /// How the places inside the text where tokens meet agree with places where something else does (pre-tokens, morphemes):
  /// the share of the tokens' that are such, and the share of such that are tokens'.
  /// - Parameter boundaries: places strictly inside the text, rising.
  public func agreement(with boundaries: [Int]) -> (precision: Double?, recall: Double?) {
    let own = inner
    let common = Double(boundaries.count { own.contains($0) })
    return (
      own.isEmpty ? nil : common / Double(own.count), boundaries.isEmpty ? nil : common / Double(boundaries.count)
    )
  }
}

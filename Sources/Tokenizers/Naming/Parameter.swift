import Support

/// One parameter of a backend: what it may be, and what it is when nothing is said.
public struct Parameter: Sendable {
  public enum Kind: Sendable, Equatable {
    /// A power of two in the range; written 256, 4k (4,096), 65k (65,536).
    case powerOfTwo(ClosedRange<Int>)
    /// An integer in the range; `thousand` is what `k` means (1,000 or 1,024).
    case integer(ClosedRange<Int>, thousand: Int)
    /// An integer from 1 up, or the word.
    case countOr(word: String)
    case choice([String])
    /// A path. The file's content identifies the tokenizer, not where it lies.
    case file
  }
  public let key: String
  public let kind: Kind
  /// The value when none is given; nil for a parameter that may be absent.
  public let defaultValue: String?
  /// Whether the canonical name shows it even at its default.
  public let alwaysShown: Bool
  /// A parameter that this one does not go together with: where that one is given, this one has no value.
  public let unless: String?
  public let summary: String

  public init(
    _ key: String, _ kind: Kind, default defaultValue: String? = nil, alwaysShown: Bool = false, unless: String? = nil,
    summary: String
  ) {
    self.key = key
    self.kind = kind
    self.defaultValue = defaultValue
    self.alwaysShown = alwaysShown
    self.unless = unless
    self.summary = summary
  }

  /// What values are possible, in words.
  public var range: String {
    switch kind {
    case .powerOfTwo(let range): "a power of two, \(range.lowerBound)…\(range.upperBound)"
    case .integer(let range, _): "\(range.lowerBound)…\(range.upperBound)"
    case .countOr(let word): "1, 2, … or \(word)"
    case .choice(let words): words.joined(separator: " | ")
    case .file: "a file"
    }
  }

  /// A value of text checked and in its one canonical writing; with its number where it has one.
  func canonical(_ text: String, tokenizer: String) throws -> (text: String, number: Int?) {
    func refuse(_ reason: String) -> TokenizerError {
      .invalidParameter(key, value: text, tokenizer: tokenizer, reason: reason)
    }
    switch kind {
    case .powerOfTwo(let range):
      let is65k = text == "65k" || text == "65K"  // as the paper writes 65,536
      let number = is65k ? 65_536 : Self.integer(text, thousand: 1024)
      guard let number, range.contains(number), number & (number - 1) == 0 else {
        let near = number.flatMap { Self.nearestPowerOfTwo($0, in: range) }
        throw refuse("it must be \(self.range)" + (near.map { "; the nearest is \(Self.short($0))" } ?? ""))
      }
      return (Self.short(number), number)
    case .integer(let range, let thousand):
      guard let number = Self.integer(text, thousand: thousand), range.contains(number) else {
        throw refuse("it must be an integer, \(self.range)")
      }
      return (number >= thousand && number % thousand == 0 ? "\(number / thousand)k" : "\(number)", number)
    case .countOr(let word):
      if text == word { return (text, nil) }
      guard let number = Int(text), (1...1 << 30).contains(number) else { throw refuse("it must be \(self.range)") }
      return ("\(number)", number)
    case .choice(let words):
      guard words.contains(text) else {
        let hint = nearestWord(to: text, in: words).map { "; did you mean '\($0)'?" } ?? ""
        throw refuse("it must be \(self.range)\(hint)")
      }
      return (text, nil)
    case .file: throw refuse("it must be a file with its SHA-256")
    }
  }

  /// "4k" → 4 · thousand; nil for what is no number, or no sensible one.
  private static func integer(_ text: String, thousand: Int) -> Int? {
    guard text.last == "k" || text.last == "K" else { return Int(text) }
    guard let number = Int(text.dropLast()), (1..<1 << 20).contains(number) else { return nil }
    return number * thousand
  }

  private static func short(_ n: Int) -> String {
    n == 65_536 ? "65k" : n >= 1024 && n % 1024 == 0 ? "\(n / 1024)k" : "\(n)"
  }

  private static func nearestPowerOfTwo(_ n: Int, in range: ClosedRange<Int>) -> Int? {
    guard (1...1 << 40).contains(n) else { return nil }
    let powers = sequence(first: range.lowerBound) { $0 * 2 <= range.upperBound ? $0 * 2 : nil }
    return powers.min { abs($0 - n) < abs($1 - n) }
  }
}

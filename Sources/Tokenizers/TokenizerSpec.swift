import Support

/// A tokenizer's name as the paper writes it, `Name[key=value,…]`, split but not yet checked against a backend.
///
///     try TokenizerSpec("EqualInfoAC[b=16,v=65k]").parameters["v"]  // "65k"
///
/// Resolve it with ``Registry/resolve(_:)`` to check names and values and to fill in defaults.
public struct TokenizerSpec: Hashable, Sendable {
  public let name: String
  /// Values as written, by key.
  public let parameters: [String: String]

  /// - Throws: ``TokenizerError/malformedName(_:reason:)``.
  public init(_ text: String) throws {
    let trimmed = text.trimmingSpaces()
    guard let open = trimmed.firstIndex(of: "[") else {
      guard !trimmed.isEmpty else { throw TokenizerError.malformedName(text, reason: "it is empty") }
      guard !trimmed.contains("]") else {
        throw TokenizerError.malformedName(text, reason: "']' without '['")
      }
      self.init(name: trimmed, parameters: [:])
      return
    }
    guard trimmed.last == "]" else { throw TokenizerError.malformedName(text, reason: "the last character is not ']'") }
    let name = String(trimmed[..<open]).trimmingSpaces()
    guard !name.isEmpty else { throw TokenizerError.malformedName(text, reason: "no name before '['") }
    var parameters: [String: String] = [:]
    let inside = trimmed[trimmed.index(after: open)...].dropLast()
    if !String(inside).trimmingSpaces().isEmpty {
      for part in inside.split(separator: ",", omittingEmptySubsequences: false) {
        guard let equals = part.firstIndex(of: "=") else {
          throw TokenizerError.malformedName(text, reason: "'\(part)' is not key=value")
        }
        let key = String(part[..<equals]).trimmingSpaces()
        let value = String(part[part.index(after: equals)...]).trimmingSpaces()
        guard !key.isEmpty, !value.isEmpty else {
          throw TokenizerError.malformedName(text, reason: "'\(part)' is not key=value")
        }
        guard parameters.updateValue(value, forKey: key) == nil else {
          throw TokenizerError.malformedName(text, reason: "'\(key)' is given twice")
        }
      }
    }
    self.init(name: name, parameters: parameters)
  }

  init(name: String, parameters: [String: String]) {
    self.name = name
    self.parameters = parameters
  }
}

extension String {
  func trimmingSpaces() -> String {
    var slice = self[...]
    while slice.first?.isWhitespace == true { slice.removeFirst() }
    while slice.last?.isWhitespace == true { slice.removeLast() }
    return String(slice)
  }
}

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
    case path
  }
  public let key: String
  public let kind: Kind
  /// The value when none is given; nil for a parameter that may be absent.
  public let defaultValue: String?
  /// Whether the canonical name shows it even at its default.
  public let alwaysShown: Bool
  public let summary: String

  public init(_ key: String, _ kind: Kind, default defaultValue: String?, alwaysShown: Bool = false, summary: String) {
    self.key = key
    self.kind = kind
    self.defaultValue = defaultValue
    self.alwaysShown = alwaysShown
    self.summary = summary
  }

  /// What values are possible, in words.
  public var range: String {
    switch kind {
    case .powerOfTwo(let range): return "a power of two, \(range.lowerBound)…\(range.upperBound)"
    case .integer(let range, _): return "\(range.lowerBound)…\(range.upperBound)"
    case .countOr(let word): return "1, 2, … or \(word)"
    case .choice(let words): return words.joined(separator: " | ")
    case .path: return "a file"
    }
  }

  /// The value in canonical writing, or nil with the reason when it is not possible.
  func canonical(_ text: String, tokenizer: String) throws -> String {
    func refuse(_ reason: String) -> TokenizerError {
      .invalidParameter(key, value: text, tokenizer: tokenizer, reason: reason)
    }
    switch kind {
    case .powerOfTwo(let range):
      guard let n = Self.integer(text, thousand: 1024, powerOfTwo: true), n > 0, n & (n - 1) == 0 else {
        let near = Self.integer(text, thousand: 1024, powerOfTwo: true).flatMap {
          $0 > 0 && $0 <= 1 << 40 ? Self.nearestPowerOfTwo($0, in: range) : nil
        }
        throw refuse("it must be \(self.range)" + (near.map { "; the nearest is \(Self.short($0))" } ?? ""))
      }
      guard range.contains(n) else { throw refuse("it must be \(self.range)") }
      return Self.short(n)
    case .integer(let range, let thousand):
      guard let n = Self.integer(text, thousand: thousand, powerOfTwo: false), range.contains(n) else {
        throw refuse("it must be an integer, \(self.range)")
      }
      return n >= thousand && n % thousand == 0 ? "\(n / thousand)k" : "\(n)"
    case .countOr(let word):
      if text == word { return text }
      guard let n = Int(text), n >= 1, n <= 1 << 30 else { throw refuse("it must be \(self.range)") }
      return "\(n)"
    case .choice(let words):
      guard words.contains(text) else {
        let hint = nearestWord(to: text, in: words).map { "; did you mean '\($0)'?" } ?? ""
        throw refuse("it must be \(self.range)\(hint)")
      }
      return text
    case .path: return text
    }
  }

  /// "4k" → 4,096 or 4,000. With `powerOfTwo`, "65k" is 65,536 and "32k" is 32,768.
  static func integer(_ text: String, thousand: Int, powerOfTwo: Bool) -> Int? {
    guard text.last == "k" || text.last == "K" else { return Int(text) }
    guard let n = Int(text.dropLast()), n > 0, n < 1 << 20 else { return nil }
    return powerOfTwo && n == 65 ? 65_536 : n * thousand
  }

  static func short(_ n: Int) -> String {
    n == 65_536 ? "65k" : n >= 1024 && n % 1024 == 0 ? "\(n / 1024)k" : "\(n)"
  }

  static func nearestPowerOfTwo(_ n: Int, in range: ClosedRange<Int>) -> Int {
    var best = range.lowerBound
    var power = range.lowerBound
    while power <= range.upperBound {
      if abs(power - n) < abs(best - n) { best = power }
      power *= 2
    }
    return best
  }
}

/// A spec checked against its backend: every value possible, defaults filled in.
public struct ResolvedSpec: Hashable, Sendable, CustomStringConvertible {
  /// Identifies the tokenizer in files and reports, as in `EqualInfoAC[b=16,v=256]`.
  public let canonicalName: String
  public let name: String
  let values: [String: String]

  /// The value of a parameter that the backend declares, or nil where absent.
  public subscript(key: String) -> String? { values[key] }

  /// The integer value of a declared integer parameter. `k` in `SentencePiece[v=32k]` is 1,000, in powers of two 1,024.
  public func integer(_ key: String) -> Int? { numbers[key] }
  let numbers: [String: Int]

  public var description: String { canonicalName }

  /// - Throws: ``TokenizerError`` naming the key, the value and the nearest valid word.
  public init(_ spec: TokenizerSpec, descriptor: TokenizerDescriptor) throws {
    let known = descriptor.parameters.map(\.key)
    for key in spec.parameters.keys.sorted() where !known.contains(key) {
      throw TokenizerError.unknownParameter(
        key, tokenizer: descriptor.name, nearest: nearestWord(to: key, in: known), known: known)
    }
    var values: [String: String] = [:]
    var numbers: [String: Int] = [:]
    var shown: [String] = []
    for parameter in descriptor.parameters {
      guard let text = spec.parameters[parameter.key] ?? parameter.defaultValue else { continue }
      let value = try parameter.canonical(text, tokenizer: descriptor.name)
      values[parameter.key] = value
      switch parameter.kind {
      case .powerOfTwo: numbers[parameter.key] = Parameter.integer(value, thousand: 1024, powerOfTwo: true)
      case .integer(_, let thousand):
        numbers[parameter.key] = Parameter.integer(value, thousand: thousand, powerOfTwo: false)
      case .countOr: numbers[parameter.key] = Int(value)
      case .choice, .path: break
      }
      if parameter.alwaysShown || value != parameter.defaultValue { shown.append("\(parameter.key)=\(value)") }
    }
    // A model read from a file has no parameters but its path.
    if let path = values["path"] { shown = ["path=\(path)"] }
    self.name = descriptor.name
    self.values = values
    self.numbers = numbers
    self.canonicalName = shown.isEmpty ? descriptor.name : "\(descriptor.name)[\(shown.joined(separator: ","))]"
  }
}

/// A tokenizer's name as the paper writes it, `Name[key=value,…]`, split but not yet checked against a backend.
///
///     try TokenizerSpec("EqualInfoAC[b=16,v=65k]").parameters["v"]  // "65k"
///     try TokenizerSpec(#"SentencePiece[path="my, odd]name.model"]"#).parameters["path"]  // "my, odd]name.model"
///
/// A value with a comma, bracket, quote, backslash, or space at either end stands in quotes, in which `\"` is a quote
/// and `\\` a backslash. Resolve a spec with ``Registry/resolve(_:)-(String)`` to check it and to fill in defaults.
public struct TokenizerSpec: Hashable, Sendable {
  public let name: String
  /// Values as written, without quotes, by key.
  public let parameters: [String: String]

  /// - Throws: ``TokenizerError/malformedName(_:reason:)``.
  public init(_ text: String) throws {
    var reader = SpecReader(text)
    name = try reader.name()
    parameters = try reader.parameters()
  }

  private init(name: String, parameters: [String: String]) {
    self.name = name
    self.parameters = parameters
  }

  /// The same with another value of one parameter; nil for none.
  public func setting(_ key: String, to value: String?) -> TokenizerSpec {
    var parameters = parameters
    parameters[key] = value
    return TokenizerSpec(name: name, parameters: parameters)
  }

  /// The name to be read again, its parameters in the order of these keys; others do not occur in it.
  public func text(inOrderOf keys: [String]) -> String {
    let written = keys.compactMap { key in parameters[key].map { "\(key)=\(Self.written($0))" } }
    return written.isEmpty ? name : "\(name)[\(written.joined(separator: ","))]"
  }

  /// The value as it is written in a name: in quotes where it would be read as something else without.
  static func written(_ value: String) -> String {
    let isPlain =
      !value.isEmpty && !value.contains { "[],\"\\".contains($0) } && value.first?.isWhitespace == false
      && value.last?.isWhitespace == false
    if isPlain { return value }
    return "\"" + value.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
  }
}

/// Reads a name from left to right.
private struct SpecReader {
  private let text: String
  private var rest: Substring

  init(_ text: String) {
    self.text = text
    rest = text[...]
  }

  private func refuse(_ reason: String) -> TokenizerError { .malformedName(text, reason: reason) }

  private mutating func skipSpaces() { rest = rest.drop { $0.isWhitespace } }

  /// What stands before the next character of `ends`, or before the end; without spaces around it.
  private mutating func plain(until ends: String) -> String {
    skipSpaces()
    var part = rest.prefix { !ends.contains($0) }
    rest = rest[part.endIndex...]
    while part.last?.isWhitespace == true { part.removeLast() }
    return String(part)
  }

  mutating func name() throws -> String {
    let name = plain(until: "[]")
    guard !name.isEmpty else { throw refuse(rest.isEmpty ? "it is empty" : "no name before '\(rest.prefix(1))'") }
    guard rest.first != "]" else { throw refuse("']' without '['") }
    return name
  }

  mutating func parameters() throws -> [String: String] {
    guard rest.popFirst() != nil else { return [:] }
    var parameters: [String: String] = [:]
    skipSpaces()
    if rest.first == "]" {
      rest.removeFirst()
    } else {
      repeat {
        let key = plain(until: "=,[]\"")
        guard !key.isEmpty, rest.popFirst() == "=" else { throw refuse("'\(key)' is not key=value") }
        let value = try value()
        guard !value.isEmpty else { throw refuse("'\(key)' has no value") }
        guard parameters.updateValue(value, forKey: key) == nil else { throw refuse("'\(key)' is given twice") }
        skipSpaces()
      } while try goesOn()
    }
    skipSpaces()
    guard rest.isEmpty else { throw refuse("'\(rest)' after ']'") }
    return parameters
  }

  /// Reads the ',' or ']' after a value.
  private mutating func goesOn() throws -> Bool {
    switch rest.popFirst() {
    case ",": return true
    case "]": return false
    case nil: throw refuse("the last character is not ']'")
    case let other?: throw refuse("'\(other)' where ',' or ']' should be")
    }
  }

  private mutating func value() throws -> String {
    skipSpaces()
    guard rest.first == "\"" else { return plain(until: ",]") }
    rest.removeFirst()
    var value = ""
    while let character = rest.popFirst() {
      switch character {
      case "\"": return value
      case "\\":
        guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else {
          throw refuse(#"a backslash in quotes stands before \" or \\"#)
        }
        value.append(escaped)
      default: value.append(character)
      }
    }
    throw refuse("a quote is not closed")
  }
}

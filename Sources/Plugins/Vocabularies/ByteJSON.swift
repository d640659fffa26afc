import Tokenizers

/// A JSON value whose strings are bytes.
///
/// Foundation's decoder makes Swift strings, and of two that are canonically equivalent a dictionary keeps one: a
/// vocabulary with "é" in both its writings would lose a token.
indirect enum ByteJSON {
  case null
  case bool(Bool)
  case number(Double)
  /// UTF-8.
  case string([UInt8])
  case array([ByteJSON])
  /// In the order of the file.
  case object([(key: [UInt8], value: ByteJSON)])

  /// Reads a whole file.
  /// - Throws: ``VocabularyError`` that names line and column.
  /// - Source: RFC 8259.
  init(_ text: [UInt8]) throws {
    self = try text.withUnsafeBufferPointer { text in
      let (end, isText) = utf8Stretch(in: text, from: 0)
      guard isText, end == text.count else {
        throw VocabularyError("no JSON: byte \(isText ? end : 0) is no UTF-8; the file is damaged or of another kind")
      }
      var reader = Reader(text: text)
      return try reader.document()
    }
  }

  /// What stands in the file, in a word.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a truth value"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }

  private struct Reader {
    let text: UnsafeBufferPointer<UInt8>
    var position = 0
    /// Of arrays and objects in one another; more would need more stack than a thread has.
    private static let deepest = 200

    init(text: UnsafeBufferPointer<UInt8>) { self.text = text }

    private func refuse(_ what: String) -> VocabularyError {
      let before = text.prefix(position)
      let line = before.count { $0 == UInt8(ascii: "\n") } + 1
      let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
      return VocabularyError(
        "no JSON at line \(line), column \(column): \(what); the file is damaged or of another kind")
    }

    mutating func document() throws -> ByteJSON {
      let value = try value(depth: 0)
      skipSpaces()
      guard position == text.count else { throw refuse("something follows the document's end") }
      return value
    }

    private mutating func skipSpaces() {
      while position < text.count, [0x20, 0x0A, 0x0D, 0x09].contains(text[position]) { position += 1 }
    }

    /// The next byte that is no space; 0 at the end.
    private mutating func peek() -> UInt8 {
      skipSpaces()
      return position < text.count ? text[position] : 0
    }

    private mutating func take(_ byte: Character) -> Bool {
      guard peek() == byte.asciiValue else { return false }
      position += 1
      return true
    }

    private mutating func take(word: StaticString) -> Bool {
      let found = word.withUTF8Buffer { text.dropFirst(position).starts(with: $0) }
      if found { position += word.utf8CodeUnitCount }
      return found
    }

    private mutating func value(depth: Int) throws -> ByteJSON {
      guard depth < Self.deepest else { throw refuse("more than \(Self.deepest) lists in one another") }
      switch peek() {
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "["):
        position += 1
        var values: [ByteJSON] = []
        if take("]") { return .array([]) }
        repeat { values.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw refuse("',' or ']' should stand here") }
        return .array(values)
      case UInt8(ascii: "{"):
        position += 1
        var members: [(key: [UInt8], value: ByteJSON)] = []
        if take("}") { return .object([]) }
        repeat {
          guard peek() == UInt8(ascii: "\"") else { throw refuse("a key in quotes should stand here") }
          let key = try string()
          guard take(":") else { throw refuse("':' should stand here") }
          members.append((key, try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw refuse("',' or '}' should stand here") }
        return .object(members)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
      default:
        if take(word: "null") { return .null }
        if take(word: "true") { return .bool(true) }
        if take(word: "false") { return .bool(false) }
        throw refuse(position < text.count ? "no value begins so" : "the file ends where a value should stand")
      }
    }

    /// The number as serde_json reads it, with which the library reads its files: the digits that a word of 64 bits holds,
    /// then one product or quotient with a power of ten. That is not always the nearest double, and of sums of scores
    /// that would be equal the last bit decides.
    private mutating func number() throws -> Double {
      let start = position
      let isNegative = take("-")
      var digits: UInt64 = 0
      var exponent = 0
      var isFull = false
      /// Takes digits; where the word is full, they only count.
      func takeDigits(behindPoint: Bool) throws {
        let first = position
        while position < text.count, case let digit = text[position] &- UInt8(ascii: "0"), digit < 10 {
          let (tens, isTooMuch) = digits.multipliedReportingOverflow(by: 10)
          let (sum, overflows) = tens.addingReportingOverflow(UInt64(digit))
          isFull = isFull || isTooMuch || overflows
          if !isFull { digits = sum }
          if isFull != behindPoint { exponent += behindPoint ? -1 : 1 }
          position += 1
        }
        guard position > first else { throw refuse("a digit should stand here") }
      }
      try takeDigits(behindPoint: false)
      if position < text.count, text[position] == UInt8(ascii: ".") {
        position += 1
        isFull = false
        try takeDigits(behindPoint: true)
      }
      if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
        position += 1
        let isDown = position < text.count && text[position] == UInt8(ascii: "-")
        if isDown || position < text.count && text[position] == UInt8(ascii: "+") { position += 1 }
        let mantissa = (digits, exponent)
        (digits, exponent, isFull) = (0, 0, false)
        try takeDigits(behindPoint: false)
        let power = min(Int(clamping: digits), 100_000)
        (digits, exponent) = (mantissa.0, mantissa.1 + (isDown ? -power : power))
      }
      var number = Double(digits)
      while number != 0, exponent < -308 {
        number /= 1e308
        exponent += 308
      }
      if number != 0, exponent != 0 {
        let power = Double("1e\(abs(exponent))") ?? .infinity
        number = exponent > 0 ? number * power : number / power
      }
      guard number.isFinite else {
        position = start
        throw refuse("a number that is too large")
      }
      return isNegative ? -number : number
    }

    /// From the quote on that stands here.
    private mutating func string() throws -> [UInt8] {
      position += 1
      var bytes: [UInt8] = []
      while true {
        let start = position
        while position < text.count, text[position] != 0x22, text[position] != 0x5C, text[position] >= 0x20 {
          position += 1
        }
        bytes += text[start..<position]
        guard position < text.count else { throw refuse("the file ends within a string") }
        switch text[position] {
        case 0x22:
          position += 1
          return bytes
        case 0x5C:
          position += 1
          try appendEscaped(to: &bytes)
        default: throw refuse("a control character within a string")
        }
      }
    }

    /// What a backslash stands before.
    private mutating func appendEscaped(to bytes: inout [UInt8]) throws {
      guard position < text.count else { throw refuse("the file ends within a string") }
      let escaped = text[position]
      position += 1
      switch escaped {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escaped)
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0C)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "u"):
        var code = try fourDigits()
        if (0xD800..<0xDC00).contains(code), take(word: "\\u") {
          let low = try fourDigits()
          guard (0xDC00..<0xE000).contains(low) else { throw refuse("half a surrogate pair") }
          code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw refuse("half a surrogate pair") }
        bytes += UTF8.encode(scalar).map(Array.init) ?? []
      default: throw refuse("a backslash before what is not escaped so")
      }
    }

    private mutating func fourDigits() throws -> UInt32 {
      let digits = String(decoding: text.dropFirst(position).prefix(4), as: UTF8.self)
      guard digits.utf8.count == 4, !digits.hasPrefix("+"), !digits.hasPrefix("-"), let code = UInt32(digits, radix: 16)
      else { throw refuse("'\\u' without four hexadecimal digits") }
      position += 4
      return code
    }
  }
}

/// A value of a JSON file and where it stands there, as in `model.merges[3]`: every reader that finds something else
/// than it wants says so.
struct JSONField {
  let value: ByteJSON
  let path: String

  init(_ value: ByteJSON, at path: String) {
    self.value = value
    self.path = path
  }

  /// What is wrong with this value.
  func refuse(_ what: String) -> VocabularyError { VocabularyError("\(path.isEmpty ? "the file" : path) \(what)") }

  private func wrong(_ wanted: String) -> VocabularyError { refuse("is \(value.kind), not \(wanted)") }

  /// A member of an object; nil where it is absent or null. Of two with one key the last counts.
  func member(_ key: String) throws -> JSONField? {
    guard case .object(let members) = value else { throw wrong("an object") }
    guard let found = members.last(where: { $0.key.elementsEqual(key.utf8) })?.value else { return nil }
    if case .null = found { return nil }
    return JSONField(found, at: path.isEmpty ? key : "\(path).\(key)")
  }

  func required(_ key: String) throws -> JSONField {
    guard let found = try member(key) else { throw refuse("has no '\(key)'") }
    return found
  }

  func object() throws -> [(key: [UInt8], value: JSONField)] {
    guard case .object(let members) = value else { throw wrong("an object") }
    return members.map { ($0.key, JSONField($0.value, at: "\(path)[\"\(String(decoding: $0.key, as: UTF8.self))\"]")) }
  }

  func list() throws -> [JSONField] {
    guard case .array(let values) = value else { throw wrong("a list") }
    return values.enumerated().map { JSONField($1, at: "\(path)[\($0)]") }
  }

  func bytes() throws -> [UInt8] {
    guard case .string(let bytes) = value else { throw wrong("a string") }
    return bytes
  }

  func text() throws -> String { String(decoding: try bytes(), as: UTF8.self) }

  func truth() throws -> Bool {
    guard case .bool(let truth) = value else { throw wrong("true or false") }
    return truth
  }

  func number() throws -> Double {
    guard case .number(let number) = value else { throw wrong("a number") }
    return number
  }

  /// A token's id: 0 … ``TokenTexts/mostTokens`` - 1.
  func id() throws -> Token {
    let number = try number()
    guard number >= 0, number < Double(TokenTexts.mostTokens), number == number.rounded() else {
      throw refuse("is \(number), no id of a token (0 to \(TokenTexts.mostTokens - 1))")
    }
    return Token(number)
  }
}

import Foundation
import Support
import Tokenizers

/// How `harness encode` writes tokens.
public enum TokenFormat: String, Sendable, CaseIterable {
  /// Decimal ids, one example a line, after a comment line that carries what decoding needs.
  case ids
  /// Binary, two bytes a token, little-endian.
  case u16
  /// Binary, four bytes a token, little-endian.
  case u32
}

/// Tokens of a text with what decoding needs. Binary layout, integers little-endian:
///
/// | bytes | what |
/// | --- | --- |
/// | 8 | `TOKHARN1` |
/// | 4 | token width in bytes: 2 or 4 |
/// | 4 + n | canonical name |
/// | 32 | SHA-256 of the trained tokenizer |
/// | 8 | number of examples |
/// | 16 each | byte count and token count of each example |
/// | … | tokens |
/// | 4 | CRC-32 of all before |
public struct TokenFile: Sendable, Equatable {
  public var tokenizer: String
  public var sha256: String
  public var byteCounts: [Int]
  public var examples: [[Token]]

  /// The comment line of ``TokenFormat/ids``: JSON, so that a name may hold anything.
  private struct Header: Codable {
    var tokenizer: String
    var sha256: String
    var byteCounts: [Int]
  }

  static let magic = Array("TOKHARN1".utf8)

  public init(tokenizer: String, sha256: String, byteCounts: [Int], examples: [[Token]]) {
    self.tokenizer = tokenizer
    self.sha256 = sha256
    self.byteCounts = byteCounts
    self.examples = examples
  }

  public func serialized(_ format: TokenFormat) throws -> Data {
    if format == .ids {
      let header = try jsonEncoder(pretty: false).encode(
        Header(tokenizer: tokenizer, sha256: sha256, byteCounts: byteCounts))
      var text = "# tokens 2 \(String(decoding: header, as: UTF8.self))\n"
      for example in examples { text += example.map(String.init).joined(separator: " ") + "\n" }
      text += "# crc32 \(crc32(Array(text.utf8)))\n"
      return Data(text.utf8)
    }
    var file = Self.magic
    file.reserveCapacity(4 * examples.reduce(0) { $0 + $1.count } + 1024)
    func append<T: FixedWidthInteger>(_ value: T) {
      withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) }
    }
    append(UInt32(format == .u16 ? 2 : 4))
    append(UInt32(tokenizer.utf8.count))
    file += Array(tokenizer.utf8)
    file += stride(from: 0, to: 64, by: 2).map { i in UInt8(sha256.dropFirst(i).prefix(2), radix: 16) ?? 0 }
    append(UInt64(examples.count))
    for (example, bytes) in zip(examples, byteCounts) {
      append(UInt64(bytes))
      append(UInt64(example.count))
    }
    for token in examples.joined() {
      if format == .u32 {
        append(token)
      } else if let small = UInt16(exactly: token) {
        append(small)
      } else {
        throw TokenizerError.encoding(
          tokenizer: tokenizer, reason: "token \(token) does not fit in two bytes; use --format u32")
      }
    }
    append(crc32(file))
    return Data(file)
  }

  /// - Throws: ``FileError`` for anything that was not written by this program, whole.
  public init(_ data: Data, path: String) throws {
    func refuse(_ reason: String) -> FileError { FileError(path, reason) }
    let file = [UInt8](data)
    if file.starts(with: Array("# tokens ".utf8)) {
      try self.init(text: String(decoding: file, as: UTF8.self), refuse: refuse)
      return
    }
    guard file.count >= 8, Array(file[..<7]) == Array(Self.magic[..<7]) else {
      throw refuse("not a token file (no TOKHARN magic)")
    }
    guard file[7] == Self.magic[7] else {
      throw refuse("token file format \(Character(UnicodeScalar(file[7]))); this program reads format 1")
    }
    guard file.count >= 12 else { throw refuse("truncated") }
    let crc = file.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard crc32(file.dropLast(4)) == crc else { throw refuse("damaged or truncated: its CRC-32 does not match") }
    var place = 8
    func number(_ width: Int) throws -> Int {
      guard place + width <= file.count - 4 else { throw refuse("truncated") }
      defer { place += width }
      let value = (0..<width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(file[place + $1]) }
      guard value < 1 << 48 else { throw refuse("damaged: a count of \(value)") }
      return Int(value)
    }
    let width = try number(4)
    guard width == 2 || width == 4 else { throw refuse("damaged: tokens of \(width) bytes") }
    let nameLength = try number(4)
    guard nameLength <= file.count - 4 - place - 32 else { throw refuse("truncated") }
    let name = String(decoding: file[place..<place + nameLength], as: UTF8.self)
    place += nameLength
    let sha256 = hexadecimal(file[place..<place + 32])
    place += 32
    let count = try number(8)
    guard count <= (file.count - 4 - place) / 16 else { throw refuse("truncated") }
    var byteCounts: [Int] = []
    var tokenCounts: [Int] = []
    for _ in 0..<count {
      byteCounts.append(try number(8))
      tokenCounts.append(try number(8))
    }
    guard tokenCounts.reduce(0, { $0 + Double($1) }) * Double(width) == Double(file.count - 4 - place) else {
      throw refuse("damaged: it should hold another number of tokens")
    }
    let examples = try tokenCounts.map { n in try (0..<n).map { _ in Token(try number(width)) } }
    self.init(tokenizer: name, sha256: sha256, byteCounts: byteCounts, examples: examples)
  }

  private init(text: String, refuse: (String) -> FileError) throws {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 3, lines[lines.count - 1].isEmpty, lines[lines.count - 2].hasPrefix("# crc32 ") else {
      throw refuse("truncated: the closing CRC-32 line is missing")
    }
    let body = lines.dropLast(2).joined(separator: "\n") + "\n"
    guard lines[lines.count - 2] == "# crc32 \(crc32(Array(body.utf8)))" else {
      throw refuse("damaged: its CRC-32 does not match")
    }
    guard lines[0].hasPrefix("# tokens 2 "),
      let header = try? JSONDecoder().decode(Header.self, from: Data(lines[0].dropFirst(11).utf8))
    else { throw refuse("not format 2 of token files; encode the text again") }
    guard header.byteCounts.allSatisfy({ (0..<1 << 48).contains($0) }) else {
      throw refuse("damaged: an impossible byte count")
    }
    (tokenizer, sha256, byteCounts) = (header.tokenizer, header.sha256, header.byteCounts)
    examples = try lines[1..<lines.count - 2].map { line in
      try line.split(separator: " ").map { word in
        guard let token = Token(word) else { throw refuse("'\(word)' is no token id") }
        return token
      }
    }
    guard examples.count == byteCounts.count else { throw refuse("damaged: byte counts and lines differ in number") }
  }
}

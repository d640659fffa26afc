import Foundation
import Support
import Tokenizers

/// The one file of a tokenizer of this folder: tokens by id, and its rules. Integers are little-endian.
///
/// | bytes | what |
/// | --- | --- |
/// | 8 | the kind of tokenizer |
/// | 4 × 4 | format, number of tokens, number of rules, bytes of all tokens |
/// | 4 each | bytes of each token |
/// | … | the tokens |
/// | 3 × 4 each | rules |
/// | 4 | CRC-32 of all before |
struct VocabularyFile {
  /// Eight letters.
  enum Kind: String {
    case bpe = "BPETOKEN"
    case superBPE = "SUPERBPE"
    case pickyBPE = "PICKYBPE"
    case byteSpan = "BYTESPAN"
    case mergedCode = "CODE_BPE"
    case m1Dictionary = "M1_TEXTS"
  }
  typealias Rule = (UInt32, UInt32, UInt32)

  let tokens: ByteStringTable
  let rules: [Rule]

  static let name = "vocabulary.bin"
  private static let format: UInt32 = 1
  private static let headerSize = 8 + 4 * 4

  init(tokens: ByteStringTable, rules: [Rule]) {
    self.tokens = tokens
    self.rules = rules
  }

  func write(_ kind: Kind, to folder: String) throws {
    var file = Array(kind.rawValue.utf8)
    func append(_ value: UInt32) {
      withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) }
    }
    for value in [Self.format, UInt32(tokens.count), UInt32(rules.count), UInt32(tokens.totalBytes)] { append(value) }
    for token in 0..<tokens.count { append(UInt32(tokens[token].count)) }
    for token in 0..<tokens.count { file += tokens[token] }
    for rule in rules {
      append(rule.0)
      append(rule.1)
      append(rule.2)
    }
    append(UInt32(file.withUnsafeBytes { crc32($0) }))
    try writeAtomically(file, to: folder + "/" + Self.name)
  }

  /// Reads what ``write(_:to:)`` wrote.
  /// - Throws: ``TokenizerError/damagedFile(_:reason:)``; `FileError` for a file that cannot be read.
  init(_ kind: Kind, from folder: String) throws {
    let path = folder + "/" + Self.name
    func refuse(_ reason: String) -> TokenizerError { .damagedFile(path, reason: reason) }
    let file = try readFile(path)
    func number(_ offset: Int) -> Int {
      file.withUnsafeBytes { Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))) }
    }
    guard file.count >= Self.headerSize + 4, file.starts(with: kind.rawValue.utf8) else {
      throw refuse("not the vocabulary of such a tokenizer, or truncated")
    }
    guard number(8) == Int(Self.format) else {
      throw refuse("format \(number(8)); this program reads format \(Self.format); train the tokenizer again")
    }
    let end = file.count - 4
    guard Int(file[..<end].withUnsafeBytes { crc32($0) }) == number(end) else {
      throw refuse("damaged or truncated: its CRC-32 does not match")
    }
    let (count, ruleCount, totalBytes) = (number(12), number(16), number(20))
    guard Self.headerSize + 4 * count + totalBytes + 12 * ruleCount == end else {
      throw refuse("its parts do not fit together")
    }
    var tokens = ByteStringTable(capacity: count)
    var start = Self.headerSize + 4 * count
    let textEnd = start + totalBytes
    for token in 0..<count {
      let length = number(Self.headerSize + 4 * token)
      guard length > 0, start + length <= textEnd else { throw refuse("token \(token) is impossible") }
      guard tokens.insert(file[start..<start + length]).isNew else { throw refuse("token \(token) is there twice") }
      start += length
    }
    guard start == textEnd else { throw refuse("its parts do not fit together") }
    self.tokens = tokens
    rules = (0..<ruleCount).map { rule in
      let offset = textEnd + 12 * rule
      return (UInt32(number(offset)), UInt32(number(offset + 4)), UInt32(number(offset + 8)))
    }
  }

  /// The rules as merges, each place in the list a rank.
  var mergeRules: [BPEVocabulary.Rule] {
    rules.enumerated().map { BPEVocabulary.Rule(left: $1.0, right: $1.1, result: $1.2, rank: $0) }
  }

  /// A vocabulary made of the file's parts.
  /// - Throws: ``TokenizerError/damagedFile(_:reason:)`` where the parts are none.
  static func checked<Result>(in folder: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as BPEVocabularyError {
      throw TokenizerError.damagedFile(folder + "/" + name, reason: error.description)
    }
  }
}

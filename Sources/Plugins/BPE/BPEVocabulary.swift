import Support
import Tokenizers

/// Tokens as byte strings, and what pairs of them merge into: what every tokenizer of this folder encodes and decodes
/// with. Keyed by bytes, so that no token need be valid UTF-8.
///
/// All 256 single bytes are tokens, so every byte string has an encoding under every segmenter, and concatenating the
/// tokens' bytes decodes it.
///
/// `@unchecked Sendable`: the memory of the decoder's table is written in init, never after, and ends in deinit.
final class BPEVocabulary: @unchecked Sendable {
  /// One merge: where `left` stands before `right`, `result` may replace them. The lowest rank is applied first, and of
  /// merges of one rank (several ways to one token) the leftmost.
  struct Rule: Equatable {
    var left: Token
    var right: Token
    var result: Token
    var rank: Int
  }

  /// Token t's bytes at index t.
  let tokens: ByteStringTable
  /// Bytes of the longest token.
  let longest: Int
  let rules: [Rule]
  /// The token of every single byte.
  let byteTokens: [Token]

  private let starts: UnsafeMutableBufferPointer<UInt32>
  private let text: UnsafeMutableRawBufferPointer

  var count: Int { tokens.count }

  /// - Throws: ``BPEVocabularyError`` for tokens or rules that are no vocabulary.
  init(tokens: ByteStringTable, rules: [Rule]) throws {
    var byteTokens: [Token] = []
    for byte in UInt8.min...UInt8.max {
      guard let token = tokens.index(of: CollectionOfOne(byte)) else {
        throw BPEVocabularyError("byte \(byte) is no token, so that not every text could be encoded")
      }
      byteTokens.append(Token(token))
    }
    var longest = 1
    for token in 0..<tokens.count {
      guard !tokens[token].isEmpty else { throw BPEVocabularyError("token \(token) is empty") }
      longest = max(longest, tokens[token].count)
    }
    guard tokens.totalBytes < Int(UInt32.max) - TextTable.slack else {
      throw BPEVocabularyError("its tokens have \(tokens.totalBytes) bytes together, more than 4 GiB")
    }
    for (place, rule) in rules.enumerated() {
      let (left, right, result) = (Int(rule.left), Int(rule.right), Int(rule.result))
      guard max(left, right, result) < tokens.count, (0..<Int(UInt32.max)).contains(rule.rank) else {
        throw BPEVocabularyError("merge \(place) names a token that is not there")
      }
      let cut = tokens[result].startIndex + tokens[left].count
      guard tokens[result].count == tokens[left].count + tokens[right].count,
        tokens[result][..<cut].elementsEqual(tokens[left]), tokens[result][cut...].elementsEqual(tokens[right])
      else { throw BPEVocabularyError("merge \(place) gives a token of other bytes than its parts have") }
    }
    self.tokens = tokens
    self.longest = longest
    self.rules = rules
    self.byteTokens = byteTokens
    starts = .allocate(capacity: tokens.count + 1)
    text = .allocate(byteCount: tokens.totalBytes + TextTable.slack, alignment: 16)
    text.initializeMemory(as: UInt8.self, repeating: 0)
    var start = 0
    for token in 0..<tokens.count {
      starts.initializeElement(at: token, to: UInt32(start).littleEndian)
      UnsafeMutableRawBufferPointer(rebasing: text[start...]).copyBytes(from: tokens[token])
      start += tokens[token].count
    }
    starts.initializeElement(at: tokens.count, to: UInt32(start).littleEndian)
  }

  deinit {
    starts.deallocate()
    text.deallocate()
  }

  /// The vocabulary of tokens in order of rank, as tiktoken's files list them: two tokens merge where their bytes
  /// together are a token, the one of lowest rank first. Ids are ranks.
  /// - Complexity: O(bytes of all tokens).
  convenience init(ranked list: [[UInt8]]) throws {
    let tokens = try Self.table(of: list)
    var rules: [Rule] = []
    for (rank, bytes) in list.enumerated() {
      bytes.withUnsafeBufferPointer { bytes in
        for cut in 1..<max(1, bytes.count) {
          if let left = tokens.index(of: UnsafeBufferPointer(rebasing: bytes[..<cut])),
            let right = tokens.index(of: UnsafeBufferPointer(rebasing: bytes[cut...]))
          {
            rules.append(Rule(left: Token(left), right: Token(right), result: Token(rank), rank: rank))
          }
        }
      }
    }
    try self.init(tokens: tokens, rules: rules)
  }

  /// Tokens by id.
  /// - Throws: ``BPEVocabularyError`` where one is there twice.
  static func table(of list: [[UInt8]]) throws -> ByteStringTable {
    var tokens = ByteStringTable(capacity: list.count)
    for (id, bytes) in list.enumerated() {
      let (first, isNew) = tokens.insert(bytes)
      guard isNew else { throw BPEVocabularyError("tokens \(first) and \(id) are the same bytes") }
    }
    return tokens
  }

  /// The bytes of tokens, stopped at `byteCount`; `isExact`: whether they have just that many.
  func decode(_ tokens: [Token], byteCount: Int) -> (text: [UInt8], isExact: Bool) {
    guard let base = text.baseAddress else { return ([], false) }
    let table = TextTable(starts: UnsafeBufferPointer(starts), bytes: UnsafeRawPointer(base))
    let (bytes, used, isWhole) = withExtendedLifetime(self) { table.text(of: tokens, byteCount: byteCount) }
    return (bytes, bytes.count == byteCount && used == tokens.count && isWhole)
  }
}

/// What is no vocabulary, in a sentence; whoever reads the file says which one.
struct BPEVocabularyError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

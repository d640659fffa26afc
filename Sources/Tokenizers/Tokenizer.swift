import Support

/// A token id below the tokenizer's vocabulary size.
public typealias Token = UInt32

/// Turns bytes into tokens and back.
///
/// A tokenizer is immutable once made, so encoding and decoding may run on any number of threads. Unless
/// ``isLossless`` says otherwise, every byte string comes back, valid UTF-8 or not. ``conformanceProblems(of:threads:longRun:)``
/// checks what is promised here.
public protocol Tokenizer: Sendable {
  var spec: ResolvedSpec { get }
  /// Token ids are 0 ..< vocabularySize.
  var vocabularySize: Int { get }
  /// FLOPs that the tokenizer itself spends on a byte of text (0 where it runs no model).
  var flopsPerByte: Double { get }
  /// False where some byte strings do not survive a round trip; what ``TokenizerBackend/isLossless(_:)`` says of its spec.
  var isLossless: Bool { get }

  /// The tokens of one example.
  /// - Throws: ``TokenizerError/encoding(tokenizer:reason:)`` where the backend fails.
  func encode(_ bytes: [UInt8]) throws -> [Token]

  /// The example of `byteCount` bytes that has these tokens.
  /// - Throws: ``TokenizerError`` for an impossible byte count, and for tokens out of range or that no example has.
  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8]

  /// The text of tokens that a model made up: as much as decodes, at most `maximumBytes`, never an error.
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8]

  /// Many examples at once, results in order. Backends that gain from running examples side by side replace it.
  func encode(examples: [[UInt8]], threads: Int) throws -> [[Token]]
  /// Many examples at once, results in order.
  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]]

  /// How many bytes of an example each of its tokens stands for, in order: 0 or more, all together the example. nil where
  /// tokens are cut from a code whose bits belong to no bytes in particular.
  /// - Parameters:
  ///   - tokens: what ``encode(_:)`` made of the example.
  ///   - example: the text itself.
  func byteCounts(of tokens: [Token], in example: [UInt8]) throws -> [Int]?

  /// Facts for the run record that only this backend knows, by name.
  /// - Parameters:
  ///   - examples: what was encoded.
  ///   - tokens: of each example, what ``encode(examples:threads:)`` made of it.
  ///   - threads: at most so many work.
  func facts(about examples: [[UInt8]], tokens: [[Token]], threads: Int) throws -> [String: Double]

  /// Writes what ``TokenizerBackend/load(_:from:context:)`` needs into an existing folder.
  func save(to folder: String) throws
}

/// Bytes of the longest example that any tokenizer takes: 2 GiB less one.
public let longestExample = Int(Int32.max)

extension Tokenizer {
  public var flopsPerByte: Double { 0 }
  public var isLossless: Bool { true }
  public func encode(examples: [[UInt8]], threads: Int) throws -> [[Token]] {
    try parallelMap(examples.count, threads: threads) { try encode(examples[$0]) }
  }
  public func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    try parallelMap(examples.count, threads: threads) {
      try decode(examples[$0].tokens, byteCount: examples[$0].byteCount)
    }
  }
  public func byteCounts(of tokens: [Token], in example: [UInt8]) throws -> [Int]? { nil }
  public func facts(about examples: [[UInt8]], tokens: [[Token]], threads: Int) throws -> [String: Double] { [:] }
  public func save(to folder: String) throws {}

  /// What every decoder checks first: all tokens below ``vocabularySize``, the byte count 0 … ``longestExample``.
  /// - Throws: ``TokenizerError/tokenOutOfRange(token:position:vocabularySize:tokenizer:)``,
  ///   ``TokenizerError/impossibleByteCount(_:tokenizer:)``.
  public func check(_ tokens: [Token], byteCount: Int) throws {
    guard (0...longestExample).contains(byteCount) else {
      throw TokenizerError.impossibleByteCount(byteCount, tokenizer: spec.canonicalName)
    }
    try checkRange(tokens)
  }

  /// - Throws: ``TokenizerError/tokenOutOfRange(token:position:vocabularySize:tokenizer:)``.
  public func checkRange(_ tokens: [Token]) throws {
    let size = vocabularySize
    if let position = tokens.firstIndex(where: { $0 >= size }) {
      throw TokenizerError.tokenOutOfRange(
        token: tokens[position], position: position, vocabularySize: size, tokenizer: spec.canonicalName)
    }
  }
}

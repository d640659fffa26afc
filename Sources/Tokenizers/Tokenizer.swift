import Support

/// A token id below the tokenizer's vocabulary size.
public typealias Token = UInt32

/// Turns bytes into tokens and back.
///
/// A tokenizer is immutable once made, so encoding and decoding may run on any number of threads. Unless its
/// descriptor says otherwise it is lossless on every byte string, valid UTF-8 or not.
public protocol Tokenizer: Sendable {
  var spec: ResolvedSpec { get }
  /// Token ids are 0 ..< vocabularySize.
  var vocabularySize: Int { get }
  /// FLOPs that the tokenizer itself spends on a byte of text (0 where it runs no model).
  var flopsPerByte: Double { get }
  /// False where some byte strings do not survive a round trip.
  var isLossless: Bool { get }

  /// The tokens of one example.
  /// - Throws: ``TokenizerError/encoding(tokenizer:reason:)`` where the backend fails.
  func encode(_ bytes: [UInt8]) throws -> [Token]

  /// The example of `byteCount` bytes that has these tokens.
  /// - Throws: ``TokenizerError`` for tokens out of range, or that no example has.
  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8]

  /// The text of tokens that a model made up: as much as decodes, at most `maximumBytes`, never an error.
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8]

  /// Many examples at once, results in order. Backends that gain from running examples side by side replace it.
  func encode(examples: [[UInt8]], threads: Int) throws -> [[Token]]
  /// Many examples at once, results in order.
  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]]

  /// Facts for the run record that only this backend knows, as (name, value) pairs, of the given examples.
  func facts(about examples: [[UInt8]]) throws -> [String: Double]

  /// Writes what ``TokenizerBackend/load(_:from:)`` needs into an existing folder.
  func save(to folder: String) throws
}

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
  public func facts(about examples: [[UInt8]]) throws -> [String: Double] { [:] }
  public func save(to folder: String) throws {}

  /// - Throws: ``TokenizerError/tokenOutOfRange(token:position:vocabularySize:tokenizer:)``.
  public func checkRange(_ tokens: [Token]) throws {
    let size = vocabularySize
    if let position = tokens.firstIndex(where: { $0 >= size }) {
      throw TokenizerError.tokenOutOfRange(
        token: tokens[position], position: position, vocabularySize: size, tokenizer: spec.canonicalName)
    }
  }
}

/// What a backend is, for listings, checks and documents.
public struct TokenizerDescriptor: Sendable {
  public let name: String
  public let summary: String
  public let parameters: [Parameter]
  /// Whether every byte string survives a round trip, whatever the parameters.
  public let isLossless: Bool
  /// Whether training it needs M1.
  public let needsByteModel: Bool
  /// Paper and section.
  public let source: String
  /// The package or module that provides it.
  public let origin: String

  public init(
    name: String, summary: String, parameters: [Parameter] = [], isLossless: Bool = true, needsByteModel: Bool = false,
    source: String, origin: String = "Plugins"
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters
    self.isLossless = isLossless
    self.needsByteModel = needsByteModel
    self.source = source
    self.origin = origin
  }
}

/// What a backend may use to train a tokenizer.
public struct TrainingContext: Sendable {
  /// Bytes of the training split, example by example; may be read more than once.
  public let examples: @Sendable () throws -> AnySequence<[UInt8]>
  /// M1, trained on first use.
  public let byteModel: @Sendable () throws -> any ByteModel
  public let seed: UInt64
  public let threads: Int
  /// A line about long work.
  public let report: @Sendable (String) -> Void

  public init(
    examples: @escaping @Sendable () throws -> AnySequence<[UInt8]>,
    byteModel: @escaping @Sendable () throws -> any ByteModel, seed: UInt64, threads: Int,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.examples = examples
    self.byteModel = byteModel
    self.seed = seed
    self.threads = threads
    self.report = report
  }
}

/// Makes tokenizers of one family: trains them, loads saved ones.
public protocol TokenizerBackend: Sendable {
  var descriptor: TokenizerDescriptor { get }
  /// Checks what the parameters' own ranges cannot say (combinations). Called before anything is trained.
  func validate(_ spec: ResolvedSpec) throws
  func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer
  /// Loads what ``Tokenizer/save(to:)`` wrote.
  func load(_ spec: ResolvedSpec, from folder: String) throws -> any Tokenizer
}

extension TokenizerBackend {
  public func validate(_ spec: ResolvedSpec) throws {}
}

/// What a backend is, for listings, checks and documents.
public struct TokenizerDescriptor: Sendable {
  public let name: String
  public let summary: String
  public let parameters: [Parameter]
  /// Whether training it needs M1.
  public let needsByteModel: Bool
  /// Paper and section.
  public let source: String
  /// Raised when the same parameters and text give another tokenizer, or the same tokenizer other tokens or texts: what
  /// was trained and tokenized before is then made anew.
  public let version: Int
  /// Libraries whose version may change a token, by name: the tokenizer's identity holds them.
  public let libraries: [String: String]
  /// Where it is declared, as `Module/File.swift`.
  public let origin: String

  public init(
    name: String, summary: String, parameters: [Parameter] = [], needsByteModel: Bool = false, source: String,
    version: Int = 1, libraries: [String: String] = [:], origin: String = #fileID
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters
    self.needsByteModel = needsByteModel
    self.source = source
    self.version = version
    self.libraries = libraries
    self.origin = origin
  }
}

/// What a backend may use to train a tokenizer.
public struct TrainingContext: Sendable {
  /// Bytes of the training split, example by example; may be read more than once. A backend that needs only some of
  /// the text stops reading.
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

/// What a backend may use to load a tokenizer.
public struct LoadingContext: Sendable {
  /// Loads the byte model that ``ByteModel/save(to:)`` wrote into a folder.
  public let byteModel: @Sendable (_ folder: String) throws -> any ByteModel
  public let threads: Int

  public init(byteModel: @escaping @Sendable (_ folder: String) throws -> any ByteModel, threads: Int) {
    self.byteModel = byteModel
    self.threads = threads
  }
}

/// Makes tokenizers of one family: trains them, loads saved ones, and knows what a spec promises before it is trained.
public protocol TokenizerBackend: Sendable {
  var descriptor: TokenizerDescriptor { get }
  /// Checks what the parameters' own ranges cannot say (combinations). Called before anything is trained.
  func validate(_ spec: ResolvedSpec) throws
  func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer
  /// Loads what ``Tokenizer/save(to:)`` wrote.
  func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer

  /// The vocabulary size of a tokenizer of that spec; nil where it is known only once there is one.
  func vocabularySize(of spec: ResolvedSpec) -> Int?
  /// Bits of code after which M1 starts afresh; nil where it reads on to the end of the example, or is not run.
  func windowBits(of spec: ResolvedSpec) -> Int?
  /// Whether every byte string survives a round trip.
  func isLossless(_ spec: ResolvedSpec) -> Bool
}

extension TokenizerBackend {
  public func validate(_ spec: ResolvedSpec) throws {}
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { nil }
  public func windowBits(of spec: ResolvedSpec) -> Int? { nil }
  public func isLossless(_ spec: ResolvedSpec) -> Bool { true }
}

import Tokenizers

/// The v texts most probable under a freshly started M1, in the texts' order; greedy longest match.
///
/// Lossless for the reason that a codebook is: every single byte is a text, and so is every prefix of one.
struct M1DictionaryTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let dictionary: PrefixDictionary
  let model: any ByteModel

  var vocabularySize: Int { dictionary.count }

  func encode(_ bytes: [UInt8]) throws -> [Token] { dictionary.encode(bytes) }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    let (text, used, isWhole) = dictionary.decode(tokens, byteCount: byteCount)
    guard text.count == byteCount, used == tokens.count, isWhole else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "their texts make another number of bytes than \(byteCount)")
    }
    return text
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    dictionary.decode(tokens.map { min($0, Token(vocabularySize - 1)) }, byteCount: max(0, maximumBytes)).text
  }

  /// Every token is a window.
  func facts(about examples: [[UInt8]], tokens: [[Token]], threads: Int) -> [String: Double] {
    windowFacts(windows: tokens.reduce(0) { $0 + $1.count }, bytes: examples.reduce(0) { $0 + $1.count })
  }

  func save(to folder: String) throws {
    try model.save(to: folder)
    try dictionary.write(to: folder + "/" + PrefixDictionary.fileName)
  }
}

/// Facts about text in windows: how many, and bytes per window.
func windowFacts(windows: Int, bytes: Int) -> [String: Double] {
  windows > 0 ? ["windows": Double(windows), "bytesPerWindow": Double(bytes) / Double(windows)] : [:]
}

public struct M1DictionaryBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "M1Dictionary", summary: "the v texts most probable under M1, longest match",
    parameters: [
      Parameter("v", .powerOfTwo(256...65_536), default: "65k", alwaysShown: true, summary: "number of texts")
    ], needsByteModel: true, source: "this project; docs/equal-info-windows.md")

  private func size(_ spec: ResolvedSpec) -> Int { spec.integer("v") ?? 65_536 }
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { size(spec) }
  /// A text of the dictionary is as probable as a window of log2 v bits.
  public func windowBits(of spec: ResolvedSpec) -> Int? { size(spec).trailingZeroBitCount }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    let model = try context.byteModel()
    context.report("collecting the most probable texts for \(spec.canonicalName)")
    let dictionary = try PrefixDictionary(mostProbable: size(spec), model: model, threads: context.threads)
    return M1DictionaryTokenizer(spec: spec, dictionary: dictionary, model: model)
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let model = try context.byteModel(folder)
    let dictionary = try PrefixDictionary(
      path: folder + "/" + PrefixDictionary.fileName, count: size(spec), fingerprint: model.fingerprint)
    return M1DictionaryTokenizer(spec: spec, dictionary: dictionary, model: model)
  }
}

import Tokenizers

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
    return LongestMatchTokenizer(spec: spec, dictionary: dictionary, model: model)
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let model = try context.byteModel(folder)
    let dictionary = try PrefixDictionary(
      path: folder + "/" + PrefixDictionary.fileName, count: size(spec), fingerprint: model.fingerprint)
    return LongestMatchTokenizer(spec: spec, dictionary: dictionary, model: model)
  }
}

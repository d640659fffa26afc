import Foundation
import Support
import Tokenizers

/// Facts about text in windows: how many, and bytes per window.
func windowFacts(windows: Int, bytes: Int) -> [String: Double] {
  windows > 0 ? ["windows": Double(windows), "bytesPerWindow": Double(bytes) / Double(windows)] : [:]
}

/// Texts that M1 finds probable, put together to the stretches between cuts.
///
/// `M1Dictionary[v]` alone, longest match without cuts, is a ``LongestMatchTokenizer``; this is all else.
struct M1DictionaryTokenizer: VocabularyTokenizer {
  let spec: ResolvedSpec
  let vocabulary: BPEVocabulary
  let description: Description
  private let cuts: Cuts
  private let model: any ByteModel
  private let segmenter: any PreTokenSegmenter
  /// Where stretches depend on nothing but themselves.
  private let encoder: PreTokenEncoder?

  /// What is saved beside the vocabulary.
  struct Description: Codable {
    /// Fingerprint of the M1 that the texts are from.
    var m1: String
    /// Of each text under `segmenter=unigram`, -log2 of its probability in units of 2^-16 bits; else none.
    var costs: [UInt32]
    static let fileName = "dictionary.json"
  }

  init(
    _ spec: ResolvedSpec, _ vocabulary: BPEVocabulary, costs: [UInt32], _ segmenter: DictionarySegmenter,
    model: any ByteModel
  ) throws {
    self.spec = spec
    self.vocabulary = vocabulary
    self.model = model
    description = Description(m1: model.fingerprint, costs: costs)
    cuts = try Cuts(spec, model)
    self.segmenter = segmenter.make(vocabulary, costs: costs)
    encoder =
      switch cuts.rule {
      case .none: PreTokenEncoder(try PreTokenizer(SplitPattern.none), self.segmenter)
      case .preTokens(let preTokenizer): PreTokenEncoder(preTokenizer, self.segmenter)
      case .entropyPeaks: nil
      }
  }

  /// Finding the cuts, in encoding.
  var flopsPerByte: Double { cuts.flopsPerByte }

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    if let encoder { return try encoder.encode(bytes) }
    let ends = try cuts.ends(of: bytes)
    var tokens: [Token] = []
    bytes.withUnsafeBufferPointer { bytes in
      for (start, end) in zip([0] + ends, ends) {
        segmenter.segment(UnsafeBufferPointer(rebasing: bytes[start..<end]), into: &tokens)
      }
    }
    return tokens
  }

  /// Every token is a window.
  func facts(about examples: [[UInt8]], tokens: [[Token]], threads: Int) -> [String: Double] {
    windowFacts(windows: tokens.reduce(0) { $0 + $1.count }, bytes: examples.reduce(0) { $0 + $1.count })
  }

  func save(to folder: String) throws {
    try model.save(to: folder)
    try VocabularyFile(tokens: vocabulary.tokens, rules: []).write(.m1Dictionary, to: folder)
    try writeAtomically(try jsonEncoder().encode(description), to: folder + "/" + Description.fileName)
  }
}

public struct M1DictionaryBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "M1Dictionary", summary: "v texts that M1 finds probable, put together",
    parameters: [
      Parameter("v", .powerOfTwo(256...65_536), default: "65k", alwaysShown: true, summary: "number of texts")
    ] + Cuts.parameters + [
      Parameter(
        "segmenter", .choice(DictionarySegmenter.allCases.map(\.rawValue)),
        default: DictionarySegmenter.greedy.rawValue,
        summary: "longest text first, fewest texts, or the most probable ones by their use in training text"),
      Parameter(
        "texts", .choice(Choice.allCases.map(\.rawValue)), default: Choice.probable.rawValue,
        summary: "the v most probable under M1, or, of \(candidatesPerText)v of these, what training text uses most"),
    ], needsByteModel: true,
    source: "this project, docs/equal-info-windows.md; unigram: Kudo 2018; path: Schmidt et al. 2024; \(Cuts.source)",
    libraries: ["pcre2": PreTokenizer.libraryVersion])

  /// `texts`.
  private enum Choice: String, CaseIterable { case probable, used }
  /// `texts=used` chooses from so many times v texts.
  private static let candidatesPerText = 8

  private func size(_ spec: ResolvedSpec) -> Int { spec.integer("v") ?? 65_536 }
  private func segmenter(_ spec: ResolvedSpec) -> DictionarySegmenter {
    spec["segmenter"].flatMap(DictionarySegmenter.init) ?? .greedy
  }
  private func choice(_ spec: ResolvedSpec) -> Choice { spec["texts"].flatMap(Choice.init) ?? .probable }
  /// Whether the set holds all that its texts begin with, and the longest match is taken of the whole text.
  private func isPrefixDictionary(_ spec: ResolvedSpec) -> Bool {
    spec["cut"] == "none" && segmenter(spec) == .greedy && choice(spec) == .probable
  }

  public func validate(_ spec: ResolvedSpec) throws { try Cuts.validate(spec) }
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { size(spec) }
  /// A text of the dictionary is as probable as a window of log2 v bits. To find peaks of its entropy, M1 reads whole
  /// examples.
  public func windowBits(of spec: ResolvedSpec) -> Int? {
    spec["cut"] == "entropy" ? nil : size(spec).trailingZeroBitCount
  }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    let name = spec.canonicalName
    let model = try context.byteModel()
    context.report("collecting the most probable texts for \(name)")
    if isPrefixDictionary(spec) {
      let dictionary = try PrefixDictionary(mostProbable: size(spec), model: model, threads: context.threads)
      return LongestMatchTokenizer(spec: spec, dictionary: dictionary, model: model)
    }
    let cuts = try Cuts(spec, model)
    let (segmenter, isUsed) = (segmenter(spec), choice(spec) == .used)
    let texts = try mostProbableTexts(
      isUsed ? Self.candidatesPerText * size(spec) : size(spec), within: cuts, model: model, threads: context.threads)
    var stretches = PreTokenCounts()
    if isUsed || segmenter == .unigram {
      context.report("counting how \(name) uses its texts")
      stretches = try cuts.counts(of: try context.examples(), threads: context.threads)
      guard stretches.strings.count > 0 else {
        throw TokenizerError.training(name, reason: "there is no training text to see which texts are used")
      }
    }
    var used = UsedTexts(texts, stretches: stretches, segmenter: segmenter, threads: context.threads)
    try used.thin(to: size(spec))
    if segmenter == .unigram { try used.settleCosts() }
    return try M1DictionaryTokenizer(
      spec, try used.vocabulary(), costs: segmenter == .unigram ? used.costs : [], segmenter, model: model)
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let model = try context.byteModel(folder)
    if isPrefixDictionary(spec) {
      let dictionary = try PrefixDictionary(
        path: folder + "/" + PrefixDictionary.fileName, count: size(spec), fingerprint: model.fingerprint)
      return LongestMatchTokenizer(spec: spec, dictionary: dictionary, model: model)
    }
    let file = try VocabularyFile(.m1Dictionary, from: folder)
    let vocabulary = try VocabularyFile.checked(in: folder) {
      guard file.tokens.count == size(spec), file.rules.isEmpty else {
        throw BPEVocabularyError("\(file.tokens.count) texts, not \(size(spec))")
      }
      return try BPEVocabulary(tokens: file.tokens, rules: [])
    }
    let path = folder + "/" + M1DictionaryTokenizer.Description.fileName
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)),
      let description = try? JSONDecoder().decode(M1DictionaryTokenizer.Description.self, from: data)
    else {
      throw TokenizerError.damagedFile(path, reason: "missing, or not the description of a dictionary; train it again")
    }
    guard description.m1 == model.fingerprint else {
      throw TokenizerError.damagedFile(path, reason: "of texts of another M1 than its folder's; train it again")
    }
    guard description.costs.count == (segmenter(spec) == .unigram ? size(spec) : 0), !description.costs.contains(0)
    else {
      throw TokenizerError.damagedFile(path, reason: "its costs are not those of \(size(spec)) texts; train it again")
    }
    return try M1DictionaryTokenizer(spec, vocabulary, costs: description.costs, segmenter(spec), model: model)
  }
}

import Support
import Tokenizers

/// Byte-level BPE: pre-tokens cut into tokens by merges, or otherwise into tokens of the same vocabulary.
struct BPETokenizer: VocabularyTokenizer {
  let spec: ResolvedSpec
  let vocabulary: BPEVocabulary
  private let encoder: PreTokenEncoder

  init(_ spec: ResolvedSpec, _ vocabulary: BPEVocabulary) throws {
    self.spec = spec
    self.vocabulary = vocabulary
    let segmenter: any PreTokenSegmenter =
      switch spec["segmenter"] {
      case "greedy": GreedySegmenter(vocabulary)
      case "path": FewestTokensSegmenter(vocabulary)
      default: MergeSegmenter(vocabulary)
      }
    encoder = PreTokenEncoder(try PreTokenizer(spec.splitPattern), segmenter)
  }

  func encode(_ bytes: [UInt8]) throws -> [Token] { try encoder.encode(bytes) }

  func save(to folder: String) throws {
    try VocabularyFile(
      tokens: vocabulary.tokens, rules: vocabulary.rules.map { ($0.left, $0.right, $0.result) }
    ).write(.bpe, to: folder)
  }
}

/// `v` of the tokenizers of this folder: 256 bytes and what was learned.
let mergeVocabulary = Parameter(
  "v", .integer(256...1_000_000, thousand: 1000), default: "32k", alwaysShown: true,
  summary: "vocabulary size: the 256 bytes and what is learned")
/// `split` of the tokenizers of this folder.
func splitParameter(_ patterns: [SplitPattern] = SplitPattern.allCases, unless other: String? = nil) -> Parameter {
  Parameter(
    "split", .choice(patterns.map(\.rawValue)), default: SplitPattern.gpt2.rawValue, unless: other,
    summary: "pre-tokens, across which no token reaches, as this tokenizer's pattern cuts them")
}

extension ResolvedSpec {
  /// The value of ``mergeVocabulary``.
  var mergeVocabularySize: Int { integer(mergeVocabulary.key) ?? 32_000 }
  /// The value of ``splitParameter(_:unless:)``.
  var splitPattern: SplitPattern { self["split"].flatMap(SplitPattern.init) ?? .gpt2 }
}

public struct BPEBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "BPE", summary: "byte-level byte-pair encoding, trained on the training split's pre-tokens",
    parameters: [
      mergeVocabulary, splitParameter(unless: "base"),
      Parameter(
        "segmenter", .choice(["merges", "greedy", "path"]), default: "merges", unless: "base",
        summary: "merges in their order, longest token first, or fewest tokens (PathPiece)"),
      Parameter(
        "base", .choice(MergedCodeTokenizer.bases),
        summary: "merges over that tokenizer's tokens instead of over bytes, written in quotes"),
    ],
    source: "Sennrich et al. 2016, section 3.2; Radford et al. 2019, section 2.2; Schmidt et al. 2024, section 3.1",
    libraries: ["pcre2": PreTokenizer.libraryVersion, "zlib": Zlib.version])

  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.mergeVocabularySize }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    if let base = spec["base"] { return try MergedCodeTokenizer.train(spec, base: base, context: context) }
    let (tokens, rules) = try BPETraining.train(
      spec.mergeVocabularySize, split: spec.splitPattern, name: spec.canonicalName, context)
    return try BPETokenizer(spec, try BPEVocabulary(tokens: tokens, rules: rules))
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    if let base = spec["base"] {
      return try MergedCodeTokenizer.load(spec, base: base, from: folder, context: context)
    }
    let file = try VocabularyFile(.bpe, from: folder)
    let vocabulary = try VocabularyFile.checked(in: folder) {
      guard file.tokens.count == spec.mergeVocabularySize else {
        throw BPEVocabularyError("\(file.tokens.count) tokens, not \(spec.mergeVocabularySize)")
      }
      return try BPEVocabulary(tokens: file.tokens, rules: file.mergeRules)
    }
    return try BPETokenizer(spec, vocabulary)
  }
}

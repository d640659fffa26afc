import Support
import Tokenizers

/// BPE that takes tokens out of the vocabulary again while it learns: those that occur almost nowhere but inside the
/// token just made of them.
struct PickyBPETokenizer: VocabularyTokenizer {
  let spec: ResolvedSpec
  let history: PickyHistory
  let vocabulary: BPEVocabulary
  private let encoder: PreTokenEncoder

  init(_ spec: ResolvedSpec, _ history: PickyHistory) throws {
    self.spec = spec
    self.history = history
    vocabulary = try BPEVocabulary(tokens: history.vocabulary, rules: [])
    encoder = PreTokenEncoder(try PreTokenizer(spec.splitPattern), PickySegmenter(history))
  }

  func encode(_ bytes: [UInt8]) throws -> [Token] { try encoder.encode(bytes) }

  func save(to folder: String) throws {
    try VocabularyFile(tokens: history.symbols, rules: history.events.map(\.rule)).write(.pickyBPE, to: folder)
  }
}

public struct PickyBPEBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "PickyBPE", summary: "byte-level BPE whose intermediate tokens leave the vocabulary while it learns",
    parameters: [
      mergeVocabulary, splitParameter(),
      Parameter(
        "threshold", .choice(["0.6", "0.7", "0.8", "0.9", "1"]), default: "0.9",
        summary:
          "share of a token's occurrences inside the new token from which on it leaves (1: where there is no other)"),
    ],
    source: "Chizhov et al. 2024, BPE Gets Picky: Efficient Vocabulary Refinement During Tokenizer Training, section 3",
    libraries: ["pcre2": PreTokenizer.libraryVersion])

  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.mergeVocabularySize }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    let name = spec.canonicalName
    let counts = try BPETraining.counts(split: spec.splitPattern, name: name, context)
    context.report("merging pairs for \(name)")
    var training = PickyTraining(counts, threshold: spec["threshold"].flatMap(Double.init) ?? 0.9)
    return try PickyBPETokenizer(spec, try training.learn(spec.mergeVocabularySize, name: name))
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let file = try VocabularyFile(.pickyBPE, from: folder)
    return try VocabularyFile.checked(in: folder) {
      let history = try PickyHistory(symbols: file.tokens, events: file.rules.map(PickyHistory.Event.init))
      guard history.vocabulary.count == spec.mergeVocabularySize else {
        throw BPEVocabularyError("\(history.vocabulary.count) tokens, not \(spec.mergeVocabularySize)")
      }
      return try PickyBPETokenizer(spec, history)
    }
  }
}

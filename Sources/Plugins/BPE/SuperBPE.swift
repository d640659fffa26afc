import Support
import Tokenizers

/// BPE in two stages: first within pre-tokens, then across them.
///
/// A text is encoded as it was trained on: every pre-token is cut into tokens by the merges of the first stage; then
/// those of the second stage run over the tokens of neighbouring pre-tokens. Pre-tokens with digits, with several signs
/// in a row, or of white space alone are left out of the second stage, as in the paper's training.
struct SuperBPETokenizer: VocabularyTokenizer {
  let spec: ResolvedSpec
  let vocabulary: BPEVocabulary
  private let first: PreTokenEncoder
  private let second: PairTable

  init(_ spec: ResolvedSpec, _ vocabulary: BPEVocabulary, transition: Int) throws {
    self.spec = spec
    self.vocabulary = vocabulary
    let firstRules = transition - 256
    first = try Self.firstStage(vocabulary, rules: vocabulary.rules[..<firstRules], split: spec.splitPattern)
    second = PairTable(vocabulary.rules[firstRules...])
  }

  /// What cuts pre-tokens by the merges of the first stage.
  static func firstStage(
    _ vocabulary: BPEVocabulary, rules: ArraySlice<BPEVocabulary.Rule>, split: SplitPattern
  ) throws -> PreTokenEncoder {
    PreTokenEncoder(
      try PreTokenizer(split), MergeSegmenter(try BPEVocabulary(tokens: vocabulary.tokens, rules: Array(rules))),
      alone: try PreTokenizer(expression: SplitPattern.noSuperword))
  }

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    var tokens: [Token] = []
    var run: [Token] = []
    func mergeRun() {
      MergeSegmenter.mergeMany(&run, second)
      tokens += run
      run.removeAll(keepingCapacity: true)
    }
    try first.forEachPreToken(in: bytes) { piece, standsAlone in
      if standsAlone {
        mergeRun()
        tokens += piece
      } else {
        run += piece
      }
    }
    mergeRun()
    return tokens
  }

  func save(to folder: String) throws {
    try VocabularyFile(
      tokens: vocabulary.tokens, rules: vocabulary.rules.map { ($0.left, $0.right, $0.result) }
    ).write(.superBPE, to: folder)
  }
}

public struct SuperBPEBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "SuperBPE", summary: "byte-level BPE within pre-tokens up to a transition size, then across them",
    parameters: [
      mergeVocabulary,
      Parameter(
        "t", .integer(256...1_000_000, thousand: 1000),
        summary: "transition: tokens after which merges cross pre-tokens; nine tenths of v where it is not given"),
      Parameter(
        "split", .choice(SplitPattern.allCases.filter { $0 != .none }.map(\.rawValue)),
        default: SplitPattern.gpt2.rawValue, summary: "pre-tokens of the first stage"),
    ], source: "Liu et al. 2025, SuperBPE: Space Travel for Language Models, section 2",
    libraries: ["pcre2": PreTokenizer.libraryVersion])

  /// Tokens of the first stage that the second is trained on: they are held in memory as they stand, from the
  /// beginning of the text.
  static let secondStageTokens = 1 << 24

  /// Tokens of the first stage; the paper's best vocabulary has 180,000 of 200,000.
  private func transition(_ spec: ResolvedSpec) -> Int {
    spec.integer("t") ?? max(256, spec.mergeVocabularySize * 9 / 10)
  }

  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.mergeVocabularySize }

  public func validate(_ spec: ResolvedSpec) throws {
    if let t = spec.integer("t"), t > spec.mergeVocabularySize {
      throw TokenizerError.invalidParameter(
        "t", value: spec["t"] ?? "", tokenizer: spec.name, reason: "it must be at most v=\(spec["v"] ?? "")")
    }
  }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    let name = spec.canonicalName
    let transition = transition(spec)
    var (tokens, rules) = try BPETraining.train(
      transition, key: "t", split: spec.splitPattern, name: name, context)
    if transition < spec.mergeVocabularySize {
      context.report("merging pairs across pre-tokens for \(name)")
      var merger = try secondStage(
        BPEVocabulary(tokens: tokens, rules: rules), split: spec.splitPattern, context)
      try BPETraining.learn(spec.mergeVocabularySize, &merger, &tokens, &rules, name: name)
    }
    return try SuperBPETokenizer(spec, try BPEVocabulary(tokens: tokens, rules: rules), transition: transition)
  }

  /// The tokens of the training text in runs across pre-tokens.
  private func secondStage(
    _ vocabulary: BPEVocabulary, split: SplitPattern, _ context: TrainingContext
  ) throws -> PairMerger {
    let encoder = try SuperBPETokenizer.firstStage(vocabulary, rules: vocabulary.rules[...], split: split)
    var runs: [Token] = []
    for example in try context.examples() {
      try encoder.forEachPreToken(in: example) { piece, standsAlone in
        if !standsAlone {
          runs += piece
        } else if runs.last != PairMerger.separator {
          runs.append(PairMerger.separator)
        }
      }
      runs.append(PairMerger.separator)
      if runs.count >= Self.secondStageTokens { break }
    }
    return PairMerger(separated: runs)
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let file = try VocabularyFile(.superBPE, from: folder)
    let transition = transition(spec)
    let vocabulary = try VocabularyFile.checked(in: folder) {
      guard file.tokens.count == spec.mergeVocabularySize, file.rules.count >= transition - 256 else {
        throw BPEVocabularyError("\(file.tokens.count) tokens and \(file.rules.count) merges, which are not \(spec)'s")
      }
      return try BPEVocabulary(tokens: file.tokens, rules: file.mergeRules)
    }
    return try SuperBPETokenizer(spec, vocabulary, transition: transition)
  }
}

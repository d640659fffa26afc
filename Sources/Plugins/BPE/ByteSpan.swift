import Support
import Tokenizers

/// The most frequent spans of bytes that M1 finds predictable, and the 256 bytes; greedy longest match.
///
/// M1 is needed to learn the spans, not to encode: the tokenizer is its list of tokens.
struct ByteSpanTokenizer: VocabularyTokenizer {
  let spec: ResolvedSpec
  let vocabulary: BPEVocabulary
  private let encoder: PreTokenEncoder

  init(_ spec: ResolvedSpec, _ vocabulary: BPEVocabulary) throws {
    self.spec = spec
    self.vocabulary = vocabulary
    encoder = PreTokenEncoder(try PreTokenizer(spec.splitPattern), GreedySegmenter(vocabulary))
  }

  func encode(_ bytes: [UInt8]) throws -> [Token] { try encoder.encode(bytes) }

  func save(to folder: String) throws {
    try VocabularyFile(tokens: vocabulary.tokens, rules: []).write(.byteSpan, to: folder)
  }
}

public struct ByteSpanBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "ByteSpan", summary: "the most frequent spans of bytes predictable under M1, longest match",
    parameters: [
      mergeVocabulary, splitParameter(),
      Parameter(
        "constraint", .choice(ByteSpans.Constraint.allCases.map(\.rawValue)), default: "monotonic",
        summary: "which bytes go on a span: those no more surprising than the one before, those below bits=, or either"),
      Parameter(
        "bits", .integer(0...14, thousand: 1000),
        summary: "surprisal in bits below which a byte goes on a span; 2 where it is not given; not with monotonic"),
    ], needsByteModel: true,
    source: "Goriely et al. 2025, ByteSpan: Information-Driven Subword Tokenisation, section 3 (surprisal, frequency)",
    libraries: ["pcre2": PreTokenizer.libraryVersion])

  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.mergeVocabularySize }

  private func spans(_ spec: ResolvedSpec) -> ByteSpans {
    ByteSpans(
      constraint: spec["constraint"].flatMap(ByteSpans.Constraint.init) ?? .monotonic,
      bits: Double(spec.integer("bits") ?? 2))
  }

  public func validate(_ spec: ResolvedSpec) throws {
    if let bits = spec["bits"], spans(spec).constraint == .monotonic {
      throw TokenizerError.invalidParameter(
        "bits", value: bits, tokenizer: spec.name,
        reason: "constraint=monotonic has no threshold; it goes with constraint=global and combined")
    }
  }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    let name = spec.canonicalName
    let model = try context.byteModel()
    context.report("looking for predictable spans for \(name)")
    let counts = try spans(spec).counts(
      of: try context.examples(), try PreTokenizer(spec.splitPattern), model, threads: context.threads)
    var tokens = BPETraining.byteTokens()
    let found = (0..<counts.strings.count).filter { counts.counts[$0] >= PairMerger.fewest }
    let best = found.map { (count: counts.counts[$0], bytes: Array(counts.strings[$0])) }.sorted {
      $0.count != $1.count ? $0.count > $1.count : $0.bytes.lexicographicallyPrecedes($1.bytes)
    }
    for span in best.prefix(spec.mergeVocabularySize - tokens.count) { _ = tokens.insert(span.bytes) }
    guard tokens.count == spec.mergeVocabularySize else {
      throw TokenizerError.training(
        name,
        reason: "only \(best.count) spans occur twice in the text that M1 reads (\(ByteSpans.trainingBytes >> 20) MiB "
          + "at most); choose v=\(tokens.count) or less")
    }
    return try ByteSpanTokenizer(spec, try BPEVocabulary(tokens: tokens, rules: []))
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let file = try VocabularyFile(.byteSpan, from: folder)
    let vocabulary = try VocabularyFile.checked(in: folder) {
      guard file.tokens.count == spec.mergeVocabularySize, file.rules.isEmpty else {
        throw BPEVocabularyError("\(file.tokens.count) tokens, not \(spec.mergeVocabularySize)")
      }
      return try BPEVocabulary(tokens: file.tokens, rules: [])
    }
    return try ByteSpanTokenizer(spec, vocabulary)
  }
}

import Metrics
import Support
import Tokenizers

/// How a dictionary's texts are put together to a text.
enum DictionarySegmenter: String, CaseIterable, Sendable {
  /// From left to right, the longest text that fits.
  case greedy
  /// As few texts as possible.
  case path
  /// Whatever is most probable where texts follow each other independently.
  case unigram

  /// - Parameter costs: of each token, for ``unigram``.
  func make(_ vocabulary: BPEVocabulary, costs: [UInt32]) -> any PreTokenSegmenter {
    switch self {
    case .greedy: GreedySegmenter(vocabulary)
    case .path: FewestTokensSegmenter(vocabulary)
    case .unigram: LeastCostSegmenter(vocabulary, costs: costs)
    }
  }
}

/// Probabilities as costs: -log2 in units of 2^-16 bits, at least 1. The same on every machine.
enum UnigramCost {
  private static func cost(bits: Double) -> UInt32 { UInt32(max(1, (bits * 65_536).rounded())) }

  /// - Parameter probability: in units of 2^-62; 0 counts as 1.
  static func of(probability: UInt64) -> UInt32 { cost(bits: 62 - exactLog2(Double(max(1, probability)))) }

  /// Of tokens so often used. Each counts once more, so that none is impossible.
  static func of(uses: [Int64]) -> [UInt32] {
    let all = exactLog2(Double(uses.reduce(0, +) + Int64(uses.count)))
    return uses.map { cost(bits: all - exactLog2(Double($0 + 1))) }
  }
}

/// A dictionary's texts on their way to those that training text uses most.
///
/// Candidates are thinned out by a quarter a round. A text is worth what the training text would cost more without it: as
/// often as it is used, the cost of its bytes in the other texts less its own; a text's cost is 1 for `greedy` and `path`
/// (so it is tokens that are saved), -log2 of its probability for `unigram` (bits).
/// - Source: Kudo 2018, Subword Regularization, section 3.2, and Schmidt et al. 2024, section 3.2, which begin with all
///   frequent substrings; the single best segmentation stands for all here.
struct UsedTexts {
  private(set) var texts: [ProbableText]
  /// Of each text, for `unigram`: at first the model's probabilities, then those of its use.
  private(set) var costs: [UInt32]
  private let stretches: PreTokenCounts
  private let segmenter: DictionarySegmenter
  private let threads: Int

  /// - Parameters:
  ///   - texts: all single bytes and others, each once.
  ///   - stretches: what training text consists of.
  init(_ texts: [ProbableText], stretches: PreTokenCounts, segmenter: DictionarySegmenter, threads: Int) {
    self.texts = texts
    self.stretches = stretches
    self.segmenter = segmenter
    self.threads = threads
    costs = texts.map { UnigramCost.of(probability: $0.probability) }
  }

  /// Keeps the `count` most useful texts, all single bytes first; among equals the more probable, then the lower.
  mutating func thin(to count: Int) throws {
    while texts.count > count {
      let vocabulary = try vocabulary()
      var uses = try uses(of: vocabulary)
      if segmenter == .unigram {
        costs = UnigramCost.of(uses: uses)
        uses = try self.uses(of: vocabulary)
      }
      let own = segmenter == .unigram ? costs : [UInt32](repeating: 1, count: texts.count)
      let others = LeastCostSegmenter(vocabulary, costs: own)
      let worth = try parallelMap(texts.count, threads: threads) { [texts, uses] index -> Int64 in
        guard texts[index].bytes.count > 1 else { return .max }
        guard uses[index] > 0 else { return 0 }
        let without = texts[index].bytes.withUnsafeBufferPointer { others.cost(of: $0, without: Token(index)) }
        return uses[index] * (Int64(without) - Int64(own[index]))
      }
      let kept = max(count, texts.count - texts.count / 4)
      let best = texts.indices.sorted { a, b in
        if worth[a] != worth[b] { return worth[a] > worth[b] }
        let (x, y) = (texts[a], texts[b])
        return x.probability != y.probability
          ? x.probability > y.probability : x.bytes.lexicographicallyPrecedes(y.bytes)
      }.prefix(kept).sorted()
      texts = best.map { texts[$0] }
      costs = best.map { costs[$0] }
    }
  }

  /// Rounds of segmenting the training text with the costs and taking the costs from that.
  static let rounds = 3

  /// Makes ``costs`` those of the texts' use.
  mutating func settleCosts() throws {
    let vocabulary = try vocabulary()
    for _ in 0..<Self.rounds { costs = UnigramCost.of(uses: try uses(of: vocabulary)) }
  }

  /// Tokens are the texts in their order.
  func vocabulary() throws -> BPEVocabulary {
    do {
      return try BPEVocabulary(tokens: BPEVocabulary.table(of: texts.map(\.bytes)), rules: [])
    } catch let error as BPEVocabularyError {
      throw TokenizerError.training("a dictionary of texts", reason: error.description)
    }
  }

  /// How often the stretches use every token.
  private func uses(of vocabulary: BPEVocabulary) throws -> [Int64] {
    let segmenter = segmenter.make(vocabulary, costs: costs)
    let groups = evenGroups(stretches.strings.count, largest: stretches.strings.count, threads: threads)
    let parts = try parallelMap(groups.count, threads: threads) { [stretches] group in
      var part = [Int64](repeating: 0, count: vocabulary.count)
      var tokens: [Token] = []
      for index in groups[group] {
        tokens.removeAll(keepingCapacity: true)
        stretches.strings[index].withUnsafeBufferPointer { segmenter.segment($0, into: &tokens) }
        for token in tokens { part[Int(token)] += stretches.counts[index] }
      }
      return part
    }
    return parts.reduce(into: [Int64](repeating: 0, count: vocabulary.count)) { uses, part in
      for token in uses.indices { uses[token] += part[token] }
    }
  }
}

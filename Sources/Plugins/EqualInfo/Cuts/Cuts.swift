import Support
import Tokenizers

/// Where no window and no text of a dictionary may cross: text falls into the stretches between its cuts.
///
/// Cuts are found on a whole example, and may depend on what follows them: whoever decodes needs none of them, since
/// every id stands for its own text.
struct Cuts: Sendable {
  enum Rule: Sendable {
    case none
    /// Before every pre-token.
    case preTokens(PreTokenizer)
    /// Before every peak of M1's entropy.
    case entropyPeaks(EntropyPeaks, any ByteModel)
  }
  let rule: Rule
  /// What may go on a text between two cuts, where that is known without reading more; nil where all bytes may.
  let followers: ByteFollowers?

  static let none = Cuts(.none)

  private init(_ rule: Rule) {
    self.rule = rule
    followers = if case .preTokens(let preTokenizer) = rule { ByteFollowers(preTokenizer) } else { nil }
  }

  init(preTokens pattern: SplitPattern) throws { self.init(.preTokens(try PreTokenizer(pattern))) }
  init(entropyPeaks peaks: EntropyPeaks, under model: any ByteModel) { self.init(.entropyPeaks(peaks, model)) }

  /// Where the stretches end, the last of them with the text; none in an empty text.
  /// - Throws: what ``PreTokenMatcher/forEach(in:_:)`` throws, ``TokenizerError/invalidDistribution(reason:)``.
  func ends(of text: [UInt8]) throws -> [Int] {
    switch rule {
    case .none: return text.isEmpty ? [] : [text.count]
    case .preTokens(let preTokenizer):
      var ends: [Int] = []
      let matcher = PreTokenMatcher(preTokenizer)
      try text.withUnsafeBufferPointer { text in
        try matcher.forEach(in: text) { ends.append((ends.last ?? 0) + $0.count) }
      }
      return ends
    case .entropyPeaks(let peaks, let model):
      return peaks.ends(try EntropyPeaks.entropies(of: text, under: model))
    }
  }

  /// What finding them costs for a byte of text. Only encoding pays it.
  var flopsPerByte: Double {
    if case .entropyPeaks(_, let model) = rule { return model.flopsPerByte(meanContext: nil) }
    return 0
  }

  /// Bytes of training text whose stretches are counted where they are not words, of which a text has few.
  static let trainingBytes = 4 << 20

  /// How often every stretch occurs: of pre-tokens in all examples, of others in the beginning of them.
  /// - Throws: what reading the examples throws, and what ``ends(of:)`` throws.
  func counts(of examples: some Sequence<[UInt8]>, threads: Int) throws -> PreTokenCounts {
    if case .preTokens(let preTokenizer) = rule {
      return try PreTokenCounts(of: examples, preTokenizer, threads: threads)
    }
    var texts: [[UInt8]] = []
    var bytes = 0
    for example in examples where !example.isEmpty {
      texts.append(example)
      bytes += example.count
      if bytes >= Self.trainingBytes { break }
    }
    let ends = try parallelMap(texts.count, threads: threads) { [texts] in try self.ends(of: texts[$0]) }
    var counts = PreTokenCounts()
    for (text, ends) in zip(texts, ends) {
      text.withUnsafeBufferPointer { text in
        for (start, end) in zip([0] + ends, ends) { counts.add(UnsafeBufferPointer(rebasing: text[start..<end])) }
      }
    }
    return counts
  }
}

// MARK: Parameters

extension Cuts {
  private static let patterns: [SplitPattern] = [.gpt2, .space, .cl100k, .o200k]

  /// Of the tokenizers whose texts may be cut.
  static let parameters = [
    Parameter(
      "cut", .choice(["none", "pretoken", "entropy"]), default: "none",
      summary: "what no text crosses: nothing, a pre-token's beginning, a peak of M1's entropy"),
    splitParameter(patterns),
    Parameter(
      "peak", .integer(0...7, thousand: 1000), default: defaultPeak,
      summary: "cut=entropy: bits that a peak has at least"
    ),
  ]
  /// Of the rule that is not this project's.
  static let source = "cut=entropy: Zheng et al. 2026 (arXiv 2602.04289), Pagnoni et al. 2024, section 2.3"
  /// On English it makes stretches as long as words: docs/equal-info-windows.md.
  private static let defaultPeak = "4"

  init(_ spec: ResolvedSpec, _ model: any ByteModel) throws {
    switch spec["cut"] {
    case "pretoken": try self.init(preTokens: spec.splitPattern)
    case "entropy": self.init(entropyPeaks: EntropyPeaks(leastBits: spec.integer("peak") ?? 0), under: model)
    default: self.init(.none)
    }
  }

  /// - Throws: ``TokenizerError/invalidParameter(_:value:tokenizer:reason:)`` for a rule's parameter without the rule.
  static func validate(_ spec: ResolvedSpec) throws {
    for (key, standard, cut) in [("split", SplitPattern.gpt2.rawValue, "pretoken"), ("peak", defaultPeak, "entropy")] {
      if let value = spec[key], value != standard, spec["cut"] != cut {
        throw TokenizerError.invalidParameter(
          key, value: value, tokenizer: spec.name, reason: "it says where cut=\(cut) cuts; give cut=\(cut) with it")
      }
    }
  }
}

import Support
import Tokenizers

/// Learns a vocabulary by merging the most frequent pair again and again.
///
/// Of equally frequent pairs the one with the lower left id comes first, then the one with the lower right id; bytes
/// are ids 0…255, merged tokens follow in the order of their merges. Everything is counted in 64 bits, and nothing
/// depends on the order of the text or the number of threads.
enum BPETraining {
  /// Text that is not cut into pre-tokens has no counts of words to train on: it is held in memory as it is, and so much
  /// of its beginning is read.
  static let undividedBytes = 16 << 20

  /// The tokens and merges of a vocabulary of `size` over the examples' pre-tokens.
  /// - Parameter key: the parameter that `size` is the value of.
  /// - Throws: ``TokenizerError/training(_:reason:)`` where there is too little text; what reading the text throws.
  static func train(
    _ size: Int, key: String = mergeVocabulary.key, split: SplitPattern, name: String, _ context: TrainingContext
  ) throws -> (tokens: ByteStringTable, rules: [BPEVocabulary.Rule]) {
    let counts = try counts(split: split, name: name, context)
    var merger = PairMerger(strings: counts.strings, counts: counts.counts)
    context.report("merging pairs for \(name)")
    var tokens = byteTokens()
    var rules: [BPEVocabulary.Rule] = []
    try learn(size, key: key, &merger, &tokens, &rules, name: name)
    return (tokens, rules)
  }

  /// The pre-tokens of the examples.
  static func counts(split: SplitPattern, name: String, _ context: TrainingContext) throws -> PreTokenCounts {
    context.report("counting pre-tokens for \(name)")
    let isCut = split != .none
    var left = undividedBytes
    let examples = try context.examples().lazy.prefix { example in
      defer { left -= example.count }
      return isCut || left > 0
    }
    let counts = try PreTokenCounts(of: examples, PreTokenizer(split), threads: context.threads)
    guard counts.strings.count > 0 else {
      throw TokenizerError.training(name, reason: "there is no training text")
    }
    guard counts.strings.totalBytes < PairMerger.mostPlaces else {
      throw TokenizerError.training(
        name,
        reason: "the distinct pre-tokens of its training text have \(counts.strings.totalBytes) bytes together, and "
          + "\(PairMerger.mostPlaces) can be held at most; give less text")
    }
    return counts
  }

  /// The 256 single bytes, each its own id.
  static func byteTokens() -> ByteStringTable {
    var tokens = ByteStringTable(capacity: 1 << 16)
    for byte in UInt8.min...UInt8.max { _ = tokens.insert(CollectionOfOne(byte)) }
    return tokens
  }

  /// Merges until there are `size` tokens. A pair whose bytes together are a token already becomes that token, and a
  /// rule, but no new token.
  static func learn(
    _ size: Int, key: String = mergeVocabulary.key, _ merger: inout PairMerger, _ tokens: inout ByteStringTable,
    _ rules: inout [BPEVocabulary.Rule], name: String
  ) throws {
    while tokens.count < size {
      guard let pair = merger.mostFrequentPair() else { throw tooLittleText(tokens.count, name, key) }
      let bytes = tokens[Int(pair.left)] + tokens[Int(pair.right)]
      let result = Token(tokens.insert(bytes).index)
      merger.merge(pair.left, pair.right, into: result)
      rules.append(BPEVocabulary.Rule(left: pair.left, right: pair.right, result: result, rank: rules.count))
    }
  }

  static func tooLittleText(_ count: Int, _ name: String, _ key: String = mergeVocabulary.key) -> TokenizerError {
    .training(
      name,
      reason: "no pair of tokens is left that occurs twice in the training text once there are \(count) tokens; "
        + "choose \(key)=\(count) or less, or more text")
  }
}

import Foundation
import Metrics
import Support
import Tokenizers

/// What can be said of a tokenizer from a text and its tokens alone, without training a model. nil where a number is
/// undefined, or needs to know which bytes a token stands for and the tokenizer does not say.
///
/// None of it says how well a model will learn: arithmetic codes come near 1 in efficiency, and nothing is learned
/// from them.
public struct IntrinsicMetrics: Sendable, Encodable {
  public let tokenizer: String
  public let bytes: Int
  public let tokens: Int
  public let bytesPerToken: Double?
  /// Tokens per word, words being runs of anything but white space.
  public let fertility: Double?
  /// Share of words that are one token.
  public let singleTokenRetention: Double?
  /// Share of tokens that are whole characters of UTF-8.
  public let utf8Integrity: Double?
  /// Share of the tokens' boundaries at which a pre-token begins, and share of such places that are boundaries.
  public let boundaryPrecision: Double?
  public let boundaryRecall: Double?
  /// Of order 2.5, over the nominal vocabulary: 0 … 1.
  public let renyiEfficiency: Double?
  /// Share of the tokens between the 3rd and the 83rd percentile of kinds, the most frequent first.
  public let percentileFrequency: Double?
  /// Share of the vocabulary that occurs.
  public let vocabularyUse: Double?
  /// How far a sentence's tokens after one word are from those after another: edit distance over the longer one's
  /// length, 0 … 1, the mean over sentences (Lester et al. 2024, figure 8).
  public let prefixInstability: Double?
  /// The same between a sentence and itself without a tenth of its characters.
  public let deletionInstability: Double?

  /// - Parameters:
  ///   - examples: texts that the tokenizer codes on their own.
  ///   - preTokens: where the pre-tokens of an example begin, rising, with which the tokens' boundaries are compared.
  ///   - seed: of the words put before sentences and of the characters left out.
  /// - Throws: what the tokenizer throws.
  public init(
    of tokenizer: any Tokenizer, on examples: [[UInt8]], preTokens: ([UInt8]) throws -> [Int], seed: UInt64 = 0,
    threads: Int
  ) throws {
    self.tokenizer = tokenizer.spec.canonicalName
    let coded = try tokenizer.encode(examples: examples, threads: threads)
    bytes = examples.reduce(0) { $0 + $1.count }
    tokens = coded.reduce(0) { $0 + $1.count }
    bytesPerToken = compressionRatio(bytes: bytes, tokens: tokens)
    let frequencies = TokenFrequencies(of: coded.joined())
    renyiEfficiency = frequencies.renyiEfficiency(vocabularySize: tokenizer.vocabularySize)
    percentileFrequency = frequencies.percentileFrequency()
    vocabularyUse = tokens > 0 ? frequencies.vocabularyUse(vocabularySize: tokenizer.vocabularySize) : nil

    var sums = [(of: Double, over: Double)](repeating: (0, 0), count: 4)
    var words = 0
    for (example, tokens) in zip(examples, coded) {
      words += TokenBoundaries.words(of: example).count
      guard let byteCounts = try tokenizer.byteCounts(of: tokens, in: example) else { continue }
      let boundaries = TokenBoundaries(example, byteCounts: byteCounts)
      let edges = try preTokens(example).filter { $0 > 0 }
      let agreement = boundaries.agreement(with: edges)
      let own = Double(boundaries.inner.count)
      let parts: [(Double?, Int)] = [
        (boundaries.singleTokenRetention, boundaries.words.count),
        (boundaries.utf8Integrity, boundaries.tokens.count { !$0.isEmpty }),
        (agreement.precision, Int(own)), (agreement.recall, edges.count),
      ]
      for (index, part) in parts.enumerated() {
        guard let share = part.0 else { continue }
        sums[index].of += share * Double(part.1)
        sums[index].over += Double(part.1)
      }
    }
    func mean(_ index: Int) -> Double? { sums[index].over > 0 ? sums[index].of / sums[index].over : nil }
    fertility = words > 0 ? Double(tokens) / Double(words) : nil
    (singleTokenRetention, utf8Integrity) = (mean(0), mean(1))
    (boundaryPrecision, boundaryRecall) = (mean(2), mean(3))

    let sentences = Sentences(in: examples, seed: seed)
    prefixInstability = try instability(
      of: tokenizer, threads: threads, between: sentences.prefixed.map { ($0.0.whole, $0.1.whole) },
      from: sentences.prefixed.flatMap { [$0.0.prefixBytes, $0.1.prefixBytes] })
    deletionInstability = try instability(of: tokenizer, threads: threads, between: sentences.thinned)
  }
}

/// Sentences to be changed a little.
private struct Sentences {
  /// Up to 100 lines of 40 to 400 bytes, evenly spread over the text.
  let texts: [String]
  /// Of each sentence, it after one word and after another, both words of the text.
  let prefixed: [(Prefixed, Prefixed)]
  /// Of each sentence, it and what is left of it without each character with a chance of a tenth.
  let thinned: [(String, String)]

  struct Prefixed {
    let whole: String
    /// Bytes of what stands before the sentence.
    let prefixBytes: Int
  }

  init(in examples: [[UInt8]], seed: UInt64) {
    let lines = lines(of: examples, bytes: 40...400)
    texts = spread(lines, count: 100)
    var generator = SeededGenerator(seed: seed)
    let words = lines.flatMap { $0.split(separator: " ") }
    prefixed = texts.map { text in
      func one(_ generator: inout SeededGenerator) -> Prefixed {
        let word = words[generator.below(words.count)]
        return Prefixed(whole: word + " " + text, prefixBytes: word.utf8.count + 1)
      }
      return (one(&generator), one(&generator))
    }
    thinned = texts.map { text in (text, String(text.filter { _ in generator.below(10) > 0 })) }
  }
}

/// The mean over pairs of the edit distance between the two's tokens over the longer one's length.
/// - Parameter starts: of each text, bytes at its beginning; tokens that lie in these alone do not count, where it can be
///   said which bytes a token stands for.
func instability(
  of tokenizer: any Tokenizer, threads: Int, between pairs: [(String, String)], from starts: [Int]? = nil
) throws -> Double? {
  guard !pairs.isEmpty else { return nil }
  let tokens = try tokenizer.encode(
    pairs.flatMap { [Array($0.utf8), Array($1.utf8)] }, from: starts, threads: threads)
  let distances = (0..<pairs.count).map { pair in
    let (a, b) = (tokens[2 * pair], tokens[2 * pair + 1])
    return Double(editDistance(a, b)) / Double(max(1, a.count, b.count))
  }
  return distances.reduce(0, +) / Double(distances.count)
}

extension Tokenizer {
  /// The tokens of texts that begin with something that does not count.
  /// - Parameter starts: of each text, bytes at its beginning; tokens that lie in these alone are left out, where it can
  ///   be said which bytes a token stands for. nil leaves out none.
  func encode(_ texts: [[UInt8]], from starts: [Int]?, threads: Int) throws -> [[Token]] {
    var tokens = try encode(examples: texts, threads: threads)
    guard let starts else { return tokens }
    for (index, text) in texts.enumerated() {
      guard let byteCounts = try byteCounts(of: tokens[index], in: text) else { continue }
      var end = 0
      let inPrefix = byteCounts.prefix { count in
        end += count
        return end <= starts[index]
      }
      tokens[index].removeFirst(inPrefix.count)
    }
    return tokens
  }
}

/// What the same content costs in several languages.
public struct LanguageCosts: Sendable, Encodable {
  public struct Language: Sendable, Encodable {
    public let name: String
    public let bytes: Int
    public let tokens: Int
    /// Its tokens over those of the first language (Petrov et al. 2023, Language Model Tokenizers Introduce Unfairness).
    public let premium: Double?
  }
  public let languages: [Language]
  /// Of all languages' tokens: 0 where all cost the same (Foroutan et al. 2025, Parity-Aware Byte-Pair Encoding).
  public let gini: Double?

  /// - Parameter texts: the same content in each language, by name; the first is what the others are compared with.
  public init(of tokenizer: any Tokenizer, on texts: [(name: String, examples: [[UInt8]])], threads: Int) throws {
    let counts = try texts.map {
      try tokenizer.encode(examples: $0.examples, threads: threads).reduce(0) { $0 + $1.count }
    }
    languages = texts.indices.map { index in
      Language(
        name: texts[index].name, bytes: texts[index].examples.reduce(0) { $0 + $1.count }, tokens: counts[index],
        premium: counts[0] > 0 ? Double(counts[index]) / Double(counts[0]) : nil)
    }
    gini = giniCoefficient(counts.map { Double($0) })
  }
}

/// Text of files, folders and patterns of text, gzip and JSON lines, cut into examples.
/// - Parameter bytes: read at most; the last example may be cut short.
/// - Throws: ``HarnessError/corpus(file:place:reason:)``.
public func readExamples(_ paths: [String], exampleBytes: Int, bytes: Int = .max) throws -> [[UInt8]] {
  struct Enough: Error {}
  var examples: [[UInt8]] = []
  var document: [UInt8] = []
  var left = bytes
  func flush() {
    examples += cutIntoExamples(document, bytes: exampleBytes)
    document = []
  }
  do {
    try DocumentReader(paths: paths).forEach { piece in
      if !piece.goesOn { flush() }
      document += piece.bytes.prefix(left)
      left -= min(left, piece.bytes.count)
      if left == 0 { throw Enough() }
    }
  } catch is Enough {}
  flush()
  return examples
}

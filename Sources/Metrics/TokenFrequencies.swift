import Foundation

/// How often each token occurs, and what the field computes from that. Everything is nil where it is undefined.
public struct TokenFrequencies: Sendable {
  /// Of each token that occurs, how often; largest first.
  public let counts: [Int]
  public let total: Int

  /// - Parameter tokens: of all examples together.
  public init(of tokens: some Sequence<UInt32>) {
    var counts: [UInt32: Int] = [:]
    for token in tokens { counts[token, default: 0] += 1 }
    self.init(counts: counts.values.map { $0 })
  }

  /// - Parameter counts: of each kind; those of 0 are left out.
  public init(counts: [Int]) {
    self.counts = counts.filter { $0 > 0 }.sorted(by: >)
    total = counts.reduce(0, +)
  }

  /// Bits of the Rényi entropy of order α > 0: log2 Σ p^α / (1 - α); Shannon's for α = 1. nil without tokens.
  public func renyiEntropy(order alpha: Double) -> Double? {
    guard total > 0, alpha > 0 else { return nil }
    let shares = counts.map { Double($0) / Double(total) }
    if alpha == 1 { return shares.reduce(0) { $0 - $1 * log2($1) } }
    return log2(shares.reduce(0) { $0 + pow($1, alpha) }) / (1 - alpha) + 0  // of one kind 0, not -0
  }

  /// The Rényi entropy over that of a uniform distribution over the vocabulary: 0 … 1, 1 where all tokens are as frequent.
  /// Source: Zouhar et al. 2023, Tokenization and the Noiseless Channel; order 2.5 follows translation quality best there.
  /// - Parameter vocabularySize: the nominal one; nil for as many as occur. nil is returned where it is below 2.
  public func renyiEfficiency(order alpha: Double = 2.5, vocabularySize: Int? = nil) -> Double? {
    let size = vocabularySize ?? counts.count
    guard size > 1 else { return nil }
    return renyiEntropy(order: alpha).map { $0 / log2(Double(size)) }
  }

  /// The share of all tokens that the kinds between two percentiles make up, the most frequent kind first: the first
  /// ⌊low · n⌋ are left out, and those from ⌊high · n⌋, at least the rarest. nil where none is between.
  /// Source: Gowda & May 2020, Finding the Optimal Vocabulary Size; percentiles as in Zouhar et al. 2023.
  public func percentileFrequency(from low: Double = 0.03, to high: Double = 0.83) -> Double? {
    let last = counts.count - 1
    let (start, end) = (min(Int(Double(counts.count) * low), last), min(Int(Double(counts.count) * high), last))
    guard start < end, start >= 0 else { return nil }
    return Double(counts[start..<end].reduce(0, +)) / Double(total)
  }

  /// The share of the vocabulary that occurs at all.
  public func vocabularyUse(vocabularySize: Int) -> Double? {
    vocabularySize > 0 ? Double(counts.count) / Double(vocabularySize) : nil
  }
}

/// Gini's coefficient of values of 0 or more: Σ Σ |a - b| / (2 n² mean); 0 where all are equal. nil without values, or
/// where all are 0.
public func giniCoefficient(_ values: [Double]) -> Double? {
  let sum = values.reduce(0, +)
  guard sum > 0, values.allSatisfy({ $0 >= 0 }) else { return nil }
  let n = Double(values.count)
  let weighted = values.sorted().enumerated().reduce(0) { $0 + Double($1.offset + 1) * $1.element }
  return 2 * weighted / (n * sum) - (n + 1) / n
}

/// Levenshtein's distance: the fewest insertions, deletions and replacements that make one list of the other.
/// - Complexity: O(a · b) time, O(b) memory, after what both begin and end with is taken off.
public func editDistance<T: Equatable>(_ a: [T], _ b: [T]) -> Int {
  var a = a[...], b = b[...]
  while let x = a.first, let y = b.first, x == y { (a, b) = (a.dropFirst(), b.dropFirst()) }
  while let x = a.last, let y = b.last, x == y { (a, b) = (a.dropLast(), b.dropLast()) }
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let replaced = diagonal + (x == y ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
    }
  }
  return row[b.count]
}

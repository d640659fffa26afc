import Testing

@testable import Metrics

private func near(_ value: Double?, _ expected: Double) -> Bool { value.map { abs($0 - expected) < 1e-9 } ?? false }

/// Golden values: PyPI tokenization-scorer 1.1 on `pick @@ed pick @@l @@ed pick @@les` and `pick @@e @@d pick @@l @@e @@d
/// pick @@l @@e @@s`.
@Test func frequenciesAsTokenizationScorer() {
  let first = TokenFrequencies(counts: [3, 2, 1, 1])
  #expect(near(first.renyiEfficiency(), 0.8265064834225245))
  #expect(near(first.renyiEfficiency(vocabularySize: 32_000), 0.11045281258925833))
  #expect(near(first.renyiEntropy(order: 1), 1.8423709931771088))
  #expect(near(first.percentileFrequency(), 0.857142857142857))
  #expect(near(first.percentileFrequency(from: 0.3, to: 0.6), 0.2857142857142857))
  let second = TokenFrequencies(of: [0, 1, 2, 0, 3, 1, 2, 0, 3, 1, 4])
  #expect(near(second.renyiEfficiency(), 0.9204840242168808))
  #expect(near(second.renyiEntropy(order: 1), 2.2312702546075758))
  #expect(near(second.percentileFrequency(), 0.9090909090909092))
  #expect(near(second.percentileFrequency(from: 0.3, to: 0.6), 0.45454545454545453))
  #expect(near(second.vocabularyUse(vocabularySize: 10), 0.5))
}

@Test func undefinedIsNil() {
  let none = TokenFrequencies(counts: [0])
  #expect(none.renyiEfficiency(vocabularySize: 4) == nil && none.percentileFrequency() == nil)
  #expect(TokenFrequencies(counts: [7]).renyiEfficiency() == nil, "one kind has no efficiency")
  #expect(TokenFrequencies(counts: [7]).renyiEfficiency(vocabularySize: 2) == 0)
  #expect(giniCoefficient([]) == nil && giniCoefficient([0, 0]) == nil && giniCoefficient([1, -1]) == nil)
  let empty = TokenBoundaries([], byteCounts: [])
  #expect(empty.fertility == nil && empty.singleTokenRetention == nil && empty.utf8Integrity == nil)
  #expect(empty.agreement(with: []).precision == nil && empty.agreement(with: []).recall == nil)
}

@Test func giniByHand() {
  #expect(near(giniCoefficient([1, 3]), 0.25) && near(giniCoefficient([5, 5, 5]), 0))
  // One of four has everything: (n - 1) / n.
  #expect(near(giniCoefficient([0, 0, 8, 0]), 0.75))
}

/// Golden values: PyPI rapidfuzz.
@Test func distancesAsRapidfuzz() {
  #expect(editDistance([1, 2, 3, 4, 5, 6, 7, 8], [1, 3, 3, 4, 9, 6, 8]) == 3)
  #expect(editDistance(Array("kitten"), Array("sitting")) == 3)
  #expect(editDistance([Int](), [1, 2]) == 2 && editDistance([1, 2], []) == 2 && editDistance([1], [1]) == 0)
  let a = (0..<60).map { $0 * 7919 % 13 }, b = (0..<50).map { $0 * 104_729 % 13 }
  #expect(editDistance(a, b) == 54 && editDistance(b, a) == 54)
}

@Test func boundariesByHand() {
  // "to |be |o|r no|t": tokens of 3, 3, 1, 4, 1 bytes.
  let text = Array("to be or not".utf8)
  let boundaries = TokenBoundaries(text, byteCounts: [3, 3, 1, 4, 1])
  #expect(boundaries.words == [0..<2, 3..<5, 6..<8, 9..<12])
  #expect(boundaries.fertility == 5.0 / 4)
  #expect(boundaries.singleTokenRetention == 0.5, "to and be, with the space after them")
  #expect(boundaries.utf8Integrity == 1)
  // Words begin at 3, 6 and 9; tokens at 3, 6, 7 and 11.
  let (precision, recall) = boundaries.agreement(with: [3, 6, 9])
  #expect(precision == 0.5 && near(recall, 2.0 / 3))
  // A token over two words keeps neither.
  #expect(TokenBoundaries(text, byteCounts: [5, 7]).singleTokenRetention == 0)
  #expect(TokenBoundaries(text, byteCounts: [5, 0, 3, 4]).singleTokenRetention == 0.5)
  // é in halves, and whole.
  #expect(TokenBoundaries(Array("é".utf8), byteCounts: [1, 1]).utf8Integrity == 0)
  #expect(TokenBoundaries(Array("aé".utf8), byteCounts: [1, 2, 0]).utf8Integrity == 1)
}

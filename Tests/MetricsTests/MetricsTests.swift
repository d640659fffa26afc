import Foundation
import Testing

@testable import Metrics

@Test func bitsPerByteDividesOnce() {
  #expect(abs((bitsPerByte(nats: log(2) * 12, bytes: 4) ?? 0) - 3) < 1e-12)
  #expect(bitsPerByte(nats: 1, bytes: 0) == nil)
  #expect(compressionRatio(bytes: 10, tokens: 4) == 2.5)
  #expect(compressionRatio(bytes: 10, tokens: 0) == nil)
  #expect(bitCompressionRatio(bytes: 16, tokens: 4, vocabularySize: 65_536) == 2)
  #expect(uniformBitsPerByte(bytes: 10, tokens: 5, vocabularySize: 256) == 4)
}

@Test func unigramIsTheCrossEntropyOfCounts() {
  // (3 + 1) / 8 and (1 + 1) / 8 and so on: p = 1/2, 1/4, 1/8, 1/8
  let bits = unigramBitsPerByte(training: [3, 1, 0, 0], heldOut: [2, 1, 1, 0], bytes: 2)
  #expect(bits == 3.5)
  #expect(entropyBits([1, 1, 2]) == 1.5)
  #expect(divergenceFromUniformBits([5, 5, 5, 5]) == 0)
}

/// Expected values from scipy.stats.ttest_ind(equal_var=False) 1.17.1.
@Test func welchEqualsScipy() throws {
  let first = try #require(WelchTest([1.29, 1.31, 1.28], [1.25, 1.24, 1.27]))
  #expect(abs(first.t - 3.2071349029490746) < 1e-9 && abs(first.pValue - 0.03267792333680356) < 1e-9)
  let second = try #require(WelchTest([2.1, 2.5, 2.2, 2.9, 2.4], [2.3, 2.2]))
  #expect(abs(second.t - 1.1487535432791265) < 1e-9 && abs(second.pValue - 0.30487582785565287) < 1e-9)
  #expect(WelchTest([1], [1, 2]) == nil)
  #expect(WelchTest([1, 1], [1, 1]) == nil)
}

@Test func summariesHaveNoSpreadForOneValue() {
  #expect(Summary([])?.mean == nil)
  #expect(Summary([2])?.standardDeviation == nil)
  #expect(Summary([1, 3])?.standardDeviation == 2.0.squareRoot())
}

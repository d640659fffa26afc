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

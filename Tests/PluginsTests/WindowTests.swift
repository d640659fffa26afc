import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

/// Decodes every code on its own, expects distinct texts, and each text alone to give its code back.
@Test(arguments: [8, 10, 12])
func codesAndTextsAreInBijection(bits: Int) throws {
  let coder = WindowCoder(model: randomM1, bits: bits, rule: .reserve, reset: 1)
  let codes = (0..<1 << bits).map { [UInt128($0)] }
  let texts = try coder.decode(examples: codes.map { ($0, nil) }, threads: 2).map(\.text)
  #expect(texts.allSatisfy { !$0.isEmpty })
  #expect(Set(texts).count == texts.count)
  let again = try coder.encode(examples: texts, threads: 2)
  #expect(again.map(\.codes) == codes)
}

/// Every width, window by window under M1: no codebook, which theCodebookEqualsRunningM1 covers.
@Test(arguments: [WindowRule.reserve, .delay])
func everyWidthRoundTripsEveryHardCase(rule: WindowRule) throws {
  let texts = hardCases.map(\.bytes) + [Array(sampleText.prefix(700))]
  for bits in 8...128 {
    let coder = WindowCoder(model: randomM1, bits: bits, rule: rule, reset: 1)
    let windows = try coder.encode(examples: texts, threads: 2)
    let decoded = try coder.decode(examples: zip(windows, texts).map { ($0.codes, $1.count) }, threads: 2)
    #expect(decoded.map(\.text) == texts, "b = \(bits)")
    #expect(decoded.map(\.isWhole) == texts.map { _ in true })
    #expect(windows.allSatisfy { $0.codes.allSatisfy { bits == 128 || $0 < 1 << UInt128(bits) } })
    #expect(windows.map { $0.lengths.reduce(0, +) } == texts.map(\.count))
  }
}

@Test func reserveFollowsTheDesignsArithmetic() throws {
  // b = 10, p = 10, frequencies 514, 256 and 254 ones: the root gives each byte exactly its frequency.
  var f = [UInt32](repeating: 1, count: 256)
  f[0] = 514
  f[1] = 256
  try f.withUnsafeBufferPointer { buffer in
    let table = try QuantisedDistribution(buffer, precision: 10)
    let root = ReserveRange(bits: 10, precision: 10)
    let children = root.children(table)
    #expect(children.count == 256)
    #expect(children.map { Int($0.range.base) }.prefix(4) == [0, 514, 770, 771])
    // Byte 0 owns 514: keeps one, m = 513. Floors: 257, 128, and 0 for the rest; 128 left over; remainders of the two
    // are 513·514 mod 1024 = 514 and 513·256 mod 1024 = 256, of the others 513: byte 0 first, then 127 of the ones.
    let deeper = children[0].range.children(table)
    #expect(deeper.count == 2 + 127)
    #expect(Int(deeper[0].range.base) == 1)
    #expect(Int(deeper[1].range.base) == 1 + 258)
    #expect(Int(deeper[2].range.base) == 1 + 258 + 128)
    #expect(deeper[128].byte == 128)
  }
}

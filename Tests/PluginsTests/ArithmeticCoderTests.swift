import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

private func randomTable(_ generator: inout SeededGenerator, precision: Int, peaked: Bool) -> [UInt32] {
  var table = [UInt32](repeating: 1, count: 256)
  var left = (1 << precision) - 256
  if peaked {
    table[generator.below(256)] += UInt32(left)
    return table
  }
  while left > 0 {
    let share = 1 + generator.below(left)
    table[generator.below(256)] += UInt32(share)
    left -= share
  }
  return table
}

@Test func theCodeIsShortAndComesBack() throws {
  var generator = SeededGenerator(seed: 21)
  for round in 0..<300 {
    let precision = [8, 10, 14, 16][round % 4]
    let table = randomTable(&generator, precision: precision, peaked: round % 3 == 0)
    let count = generator.below(400)
    let symbols = (0..<count).map { i -> UInt8 in
      // Mostly likely symbols, sometimes any: carries and long runs both occur.
      i % 5 == 4 ? UInt8(generator.below(256)) : UInt8(table.indices.max { table[$0] < table[$1] } ?? 0)
    }
    try table.withUnsafeBufferPointer {
      let distribution = try QuantisedDistribution($0, precision: precision)
      var encoder = ArithmeticEncoder()
      var ideal = 0.0
      for symbol in symbols {
        encoder.encode(distribution.interval(of: symbol), precision: precision)
        ideal += Double(precision) - log2(Double(table[Int(symbol)]))
      }
      let code = encoder.finish()
      #expect(Double(code.bitCount) <= ideal + 2, "round \(round): \(code.bitCount) bits for \(ideal)")
      #expect(code.bytes.count == (code.bitCount + 7) / 8)
      var decoder = ArithmeticDecoder(code.bytes)
      #expect(symbols.map { _ in decoder.decode(distribution).symbol } == symbols)
    }
  }
}

@Test(arguments: [0, 128, 255])
func carriesReachTheFirstByte(last: UInt8) throws {
  // The last symbol of a fair alphabet again and again keeps low near the top; a final one carries.
  let table = [UInt32](repeating: 64, count: 256)
  let symbols = [UInt8](repeating: 255, count: 200) + [last]
  try table.withUnsafeBufferPointer {
    let distribution = try QuantisedDistribution($0, precision: 14)
    var encoder = ArithmeticEncoder()
    for symbol in symbols { encoder.encode(distribution.interval(of: symbol), precision: 14) }
    var decoder = ArithmeticDecoder(encoder.finish().bytes)
    #expect(symbols.map { _ in decoder.decode(distribution).symbol } == symbols)
  }
}

@Test func unigramFrequenciesAreExact() {
  var counts = [Int](repeating: 0, count: 256)
  counts[97] = 1_000_000
  counts[98] = 10
  for precision in [8, 14, 16] {
    let table = UnigramByteModel(counts: counts).frequencies(precision: precision)
    let total: UInt32 = table.reduce(0, +)
    #expect(total == UInt32(1) << UInt32(precision))
    #expect(table.allSatisfy { $0 >= 1 })
  }
}

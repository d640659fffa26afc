import Testing
import Tokenizers

private func distribution<R>(_ table: [UInt32], _ precision: Int, _ body: (QuantisedDistribution) throws -> R) throws
  -> R
{
  try table.withUnsafeBufferPointer { try body(QuantisedDistribution($0, precision: precision)) }
}

/// One large byte, all others 1.
private func peaked(at byte: Int, precision: Int) -> [UInt32] {
  var table = [UInt32](repeating: 1, count: 256)
  table[byte] += UInt32(1 << precision - 256)
  return table
}

@Test(arguments: [(8, 0), (8, 255), (14, 0), (14, 97), (14, 255), (16, 3)])
func everyPlaceBelongsToOneByte(precision: Int, byte: Int) throws {
  try distribution(peaked(at: byte, precision: precision), precision) { distribution in
    let intervals = (0...255).map { distribution.interval(of: $0) }
    #expect(intervals[0].cumulative == 0)
    #expect(zip(intervals, intervals.dropFirst()).allSatisfy { $0.cumulative + $0.frequency == $1.cumulative })
    #expect(intervals[255].cumulative + intervals[255].frequency == 1 << UInt32(precision))
    let isFound = (0...255 as ClosedRange<UInt8>).allSatisfy { byte in
      let interval = intervals[Int(byte)]
      return [interval.cumulative, interval.cumulative + interval.frequency - 1].allSatisfy {
        distribution.symbol(at: $0) == (byte, interval)
      }
    }
    #expect(isFound)
  }
}

/// Too few entries, a precision that 256 bytes do not fit into, a zero, totals off by one, and one that wraps round.
@Test(arguments: [
  ([UInt32](repeating: 1, count: 255), 8), ([UInt32](repeating: 1, count: 256), 7),
  ([0, 2] + [UInt32](repeating: 1, count: 254), 8), ([2] + [UInt32](repeating: 1, count: 255), 8),
  ([UInt32](repeating: 1, count: 256), 9), ([.max, 3] + [UInt32](repeating: 1, count: 254), 8),
])
func whatIsNoDistributionIsRefused(table: [UInt32], precision: Int) {
  #expect(throws: TokenizerError.self) { try distribution(table, precision) { _ in } }
}

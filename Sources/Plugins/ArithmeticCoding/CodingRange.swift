import Tokenizers

/// How long a coder's interval is, and how symbols divide it: the same for encoding and decoding, for whole examples
/// and for windows.
///
/// In units of 2^-63 of the interval's last settled byte: 2^55 ≤ count ≤ 2^63 between symbols, so that
/// count >> precision loses less than 2^-39 of a symbol. The last symbol takes what rounding leaves.
struct CodingRange: Equatable {
  /// Units: 1 … 2^63.
  private(set) var count = CodingRange.one

  static let one: UInt64 = 1 << 63
  /// A settled byte is what lies above that many bits.
  static let byteShift: UInt64 = 55

  /// Narrows to a symbol's part; returns how far from the old beginning it begins.
  mutating func narrow(to symbol: SymbolInterval, precision: Int) -> UInt64 {
    assert(count >= 1 << Self.byteShift, "a range to be divided must be wide")
    assert(symbol.isPossible(precision: precision), "no part of the distribution")
    let unit = count >> UInt64(precision)
    // No products beyond 2^63: cumulative and frequency are at most 2^precision.
    let start = unit &* UInt64(symbol.cumulative)
    let isLast = symbol.cumulative &+ symbol.frequency == 1 << UInt32(precision)
    count = isLast ? count &- start : unit &* UInt64(symbol.frequency)
    return start
  }

  /// Where in [0, 2^precision) the symbol lies that owns the unit `offset` from the beginning, as ``narrow(to:precision:)``
  /// divides the range.
  func place(of offset: UInt64, precision: Int) -> UInt32 {
    let unit = count >> UInt64(precision)
    return UInt32(truncatingIfNeeded: min(offset / unit, 1 << UInt64(precision) - 1))
  }

  /// Whether the leading byte of the interval's ends can be settled.
  var isNarrow: Bool { count < 1 << Self.byteShift }

  /// Goes on in units of a 256th.
  mutating func widen() { count <<= 8 }
}

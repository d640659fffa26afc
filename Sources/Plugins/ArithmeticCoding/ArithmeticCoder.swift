import Tokenizers

// The coder: intervals of [0, 2^precision) in, bits out, and back. It knows nothing of models.
//
// The interval is [low, low + range) in the units of ``CodingRange``, low < 2^63.
// Source: Witten, Neal & Cleary 1987; carries propagate into the bytes written, as in Martin 1979.

/// Writes symbols. Finishing consumes it: a finished encoder cannot be used again.
struct ArithmeticEncoder: ~Copyable {
  private var low: UInt64 = 0
  private var range = CodingRange()
  private var bytes: [UInt8] = []

  mutating func encode(_ symbol: SymbolInterval, precision: Int) {
    low += range.narrow(to: symbol, precision: precision)
    if low >= CodingRange.one { carry() }
    while range.isNarrow {
      bytes.append(UInt8(low >> CodingRange.byteShift))
      low = (low & (1 << CodingRange.byteShift - 1)) << 8
      range.widen()
    }
  }

  /// Moves the 1 at the top of `low` into the bytes written. They never overflow: all codes are below 1.
  private mutating func carry() {
    low -= CodingRange.one
    var i = bytes.count - 1
    while i >= 0 {
      bytes[i] &+= 1  // 255 becomes 0 and carries on
      if bytes[i] != 0 { return }
      i -= 1
    }
  }

  /// The shortest bits such that they, with zeros after them, lie in the interval. Trailing zeros are not written.
  consuming func finish() -> (bytes: [UInt8], bitCount: Int) {
    // The value with the most trailing zeros in [low, low + range); one itself is a carry into the bytes before.
    var step = CodingRange.one
    var value = (low + step - 1) / step * step
    while value - low >= range.count {
      step >>= 1
      value = (low + step - 1) / step * step
    }
    if value >= CodingRange.one {
      low = value
      carry()
      value = low
    }
    for i in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: (value << 1) >> UInt64(56 - 8 * i))) }
    while bytes.last == 0 { bytes.removeLast() }
    guard let last = bytes.last else { return ([], 0) }
    return (bytes, bytes.count * 8 - last.trailingZeroBitCount)
  }
}

/// Reads symbols from bits; past the end it reads zeros.
struct ArithmeticDecoder {
  private let bytes: [UInt8]
  private var next = 0
  /// The code's value minus the interval's low end, below the range.
  private var offset: UInt64 = 0
  private var range = CodingRange()
  /// Bytes shifted out so far.
  private var settled = 0

  /// The bit after the 63 in `offset`.
  private var held: UInt64 = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var first: UInt64 = 0
    for _ in 0..<8 { first = first << 8 | nextByte() }
    offset = first >> 1
    held = first & 1
  }

  private mutating func nextByte() -> UInt64 {
    defer { next += 1 }
    return next < bytes.count ? UInt64(bytes[next]) : 0
  }

  /// Whether every bit of the code lies before the interval: what follows is decoded from nothing but zeros.
  var isPastEnd: Bool { settled >= bytes.count }

  /// The next symbol under a distribution, and its interval.
  mutating func decode(_ distribution: QuantisedDistribution) -> (symbol: UInt8, interval: SymbolInterval) {
    decode(precision: distribution.precision) { distribution.symbol(at: $0) }
  }

  /// The next symbol under a distribution with total 2^precision, and its interval.
  /// - Parameter symbol: that owns a place below 2^precision, and its interval.
  @inline(__always) mutating func decode(
    precision: Int, _ symbol: (UInt32) -> (UInt8, SymbolInterval)
  ) -> (symbol: UInt8, interval: SymbolInterval) {
    let (symbol, interval) = symbol(range.place(of: offset, precision: precision))
    offset -= range.narrow(to: interval, precision: precision)
    while range.isNarrow {
      let byte = nextByte()
      offset = offset << 8 | held << 7 | byte >> 1
      held = byte & 1
      range.widen()
      settled += 1
    }
    return (symbol, interval)
  }
}

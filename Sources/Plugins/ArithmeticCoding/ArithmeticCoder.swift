import Tokenizers

// The coder: (cumulative, frequency, total 2^precision) in, bits out. It knows nothing of models.
//
// The interval is [low, low + range) in units of 2^-63 of the interval's last settled byte; low < 2^63 and
// 2^55 ≤ range ≤ 2^63 between symbols, so that range >> precision loses less than 2^-39 of a symbol.
// Source: Witten, Neal & Cleary 1987; carries propagate into the bytes written, as in Martin 1979.

private let one: UInt64 = 1 << 63
private let byteShift: UInt64 = 55

/// Writes symbols. Finishing consumes it: a finished encoder cannot be used again.
struct ArithmeticEncoder: ~Copyable {
  private var low: UInt64 = 0
  private var range = one
  private var bytes: [UInt8] = []

  mutating func encode(_ symbol: SymbolInterval, precision: Int) {
    let unit = range >> UInt64(precision)
    let start = unit * UInt64(symbol.cumulative)
    low += start
    let isLast = symbol.cumulative + symbol.frequency == 1 << UInt32(precision)
    range = isLast ? range - start : unit * UInt64(symbol.frequency)
    if low >= one { carry() }
    while range < 1 << byteShift {
      bytes.append(UInt8(low >> byteShift))
      low = (low & (1 << byteShift - 1)) << 8
      range <<= 8
    }
  }

  private mutating func carry() {
    low -= one
    var i = bytes.count - 1
    while i >= 0 {
      bytes[i] &+= 1
      if bytes[i] != 0 { return }
      i -= 1
    }
  }

  /// The shortest bits such that they, with zeros after them, lie in the interval. Trailing zeros are not written.
  consuming func finish() -> (bytes: [UInt8], bitCount: Int) {
    // The value with the most trailing zeros in [low, low + range); one itself is a carry into the bytes before.
    var step = one
    var value = (low + step - 1) / step * step
    while value - low >= range {
      step >>= 1
      value = (low + step - 1) / step * step
    }
    if value >= one {
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
  /// The code's value minus the interval's low end.
  private var offset: UInt64 = 0
  private var range = one
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

  /// The next symbol under the 256 frequencies with total 2^precision, and its interval.
  mutating func decode(
    _ frequencies: UnsafeBufferPointer<UInt32>, precision: Int
  ) -> (symbol: UInt8, interval: SymbolInterval) {
    let unit = range >> UInt64(precision)
    let target = min(offset / unit, 1 << UInt64(precision) - 1)
    var symbol = 0
    var cumulative: UInt64 = 0
    while cumulative + UInt64(frequencies[symbol]) <= target {
      cumulative += UInt64(frequencies[symbol])
      symbol += 1
    }
    let start = unit * cumulative
    offset -= start
    range = symbol == 255 ? range - start : unit * UInt64(frequencies[symbol])
    while range < 1 << byteShift {
      let byte = nextByte()
      offset = offset << 8 | held << 7 | byte >> 1
      held = byte & 1
      range <<= 8
      settled += 1
    }
    return (UInt8(symbol), SymbolInterval(cumulative: UInt32(cumulative), frequency: frequencies[symbol]))
  }
}

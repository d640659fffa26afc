import Tokenizers

/// Where a window ends and how its text becomes an integer below 2^b.
enum WindowRule: String, Sendable, CaseIterable {
  /// Every prefix keeps one integer for itself: codes and window texts are in bijection (the project's rule, default).
  case reserve
  /// The longest text whose code fits in b bits, padded with zeros (the paper's). Ambiguous.
  case greedy
  /// What the first b bits of the code of the rest of the text determine; needs look-ahead.
  case delay
}

/// A table of 256 frequencies with total 2^precision.
struct FrequencyTable {
  let frequencies: UnsafeBufferPointer<UInt32>
  let precision: Int

  func interval(of byte: UInt8) -> SymbolInterval {
    var below: UInt32 = 0
    for b in 0..<Int(byte) { below += frequencies[b] }
    return SymbolInterval(cumulative: below, frequency: frequencies[Int(byte)])
  }
}

/// The integers that a prefix of a window owns under `reserve`: [base, base + count).
///
/// A non-empty prefix keeps `base` for itself; child c gets q(c) = ⌊m·f(c)/2^p⌋ of the other m, and what is left over
/// goes one each to the largest remainders (ties: the lower byte). Children lie in byte order.
struct ReserveRange: Equatable {
  var base: UInt128
  /// m, the integers left for children: high·2^p + low. For b = 128 the root's m, 2^128, fits no other way.
  private var high: UInt128
  private var low: UInt32
  /// 1, or 0 at the empty prefix.
  private var kept: UInt128

  /// The empty prefix of a window of b bits.
  init(bits: Int, precision: Int) {
    base = 0
    high = 1 << UInt128(bits - precision)
    low = 0
    kept = 0
  }

  private init(base: UInt128, count: UInt128, precision: Int) {
    self.base = base
    high = (count - 1) >> UInt128(precision)
    low = UInt32(truncatingIfNeeded: (count - 1) & (1 << UInt128(precision) - 1))
    kept = 1
  }

  /// Whether any child exists.
  var hasChildren: Bool { high > 0 || low > 0 }

  /// What each child gets beyond high·f: ⌊low·f/2^p⌋, and one of the integers left over for the largest remainders.
  private func withLowShares<R>(_ table: FrequencyTable, _ body: (UnsafeMutableBufferPointer<UInt32>) -> R) -> R {
    let p = UInt32(table.precision), mask = UInt32(1) << p - 1, f = table.frequencies
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 512) { buffer in
      let shares = UnsafeMutableBufferPointer(rebasing: buffer[..<256])
      // Orders remainders, the lower byte first among equals; all keys differ.
      let keys = UnsafeMutableBufferPointer(rebasing: buffer[256...])
      var sum: UInt32 = 0
      for byte in 0..<256 {
        let product = low &* f[byte]  // below 2^28
        shares[byte] = product >> p
        keys[byte] = (product & mask) << 8 | UInt32(255 &- byte)
        sum &+= product & mask
      }
      let left = sum >> p
      guard left > 0 else { return body(shares) }
      // The largest threshold that as many keys reach as there are integers left, bit by bit.
      var threshold: UInt32 = 0
      for bit in (0..<p + 8).reversed() {
        let higher = threshold | 1 << bit
        var count: UInt32 = 0
        for key in keys { count &+= key >= higher ? 1 : 0 }
        if count >= left { threshold = higher }
      }
      for byte in 0..<256 { shares[byte] &+= keys[byte] >= threshold ? 1 : 0 }
      return body(shares)
    }
  }

  /// The child's range, or nil where it owns nothing.
  func child(_ byte: UInt8, _ table: FrequencyTable) -> ReserveRange? {
    withLowShares(table) { shares in
      let f = table.frequencies[Int(byte)]
      let count = high * UInt128(f) + UInt128(shares[Int(byte)])
      guard count > 0 else { return nil }
      var (sharesBelow, below) = (UInt32(0), UInt32(0))
      for b in 0..<Int(byte) {
        sharesBelow &+= shares[b]
        below &+= table.frequencies[b]
      }
      let start = base &+ kept &+ high &* UInt128(below) &+ UInt128(sharesBelow)
      return ReserveRange(base: start, count: count, precision: table.precision)
    }
  }

  /// The child that owns `code`, which must be one of this range's and not its base (except at the root).
  func child(owning code: UInt128, _ table: FrequencyTable) -> (UInt8, ReserveRange)? {
    withLowShares(table) { shares in
      var start = base &+ kept
      for byte in 0..<256 {
        let count = high &* UInt128(table.frequencies[byte]) &+ UInt128(shares[byte])
        if count > 0, code >= start, code - start < count {
          return (UInt8(byte), ReserveRange(base: start, count: count, precision: table.precision))
        }
        start &+= count
      }
      return nil
    }
  }

  /// All children, in byte order.
  func children(_ table: FrequencyTable) -> [(byte: UInt8, range: ReserveRange)] {
    withLowShares(table) { shares in
      var start = base &+ kept
      var result: [(UInt8, ReserveRange)] = []
      for byte in 0..<256 {
        let count = high * UInt128(table.frequencies[byte]) + UInt128(shares[byte])
        if count > 0 {
          result.append((UInt8(byte), ReserveRange(base: start, count: count, precision: table.precision)))
          start &+= count
        }
      }
      return result
    }
  }
}

/// The real interval of a prefix under plain arithmetic coding, seen through cells of width 2^-b (`greedy`, `delay`).
///
/// The interval is [L, L + range·u) with u = 2^-(63+settled) and L = (code·2^63 + low)·u. `settled` stays ≤ b as long
/// as only intervals of at least one cell are ``renormalised``.
struct CellInterval {
  private var code: UInt128 = 0
  private var settled = 0
  private var low: UInt64 = 0
  private var range: UInt64 = 1 << 63
  let bits: Int

  init(bits: Int) { self.bits = bits }

  private static let one: UInt64 = 1 << 63

  /// Binary places from a unit up to a cell; negative where a cell is smaller than a unit.
  private var shift: Int { 63 + settled - bits }

  private func cell(_ code: UInt128, _ low: UInt64) -> UInt128 {
    shift >= 0
      ? code << UInt128(63 - shift) | UInt128(low >> UInt64(shift))
      : code << UInt128(63 - shift) | UInt128(low) << UInt128(-shift)
  }

  /// The cell that holds the interval's low end.
  var lowCell: UInt128 { cell(code, low) }
  /// The cell that holds the interval's last unit.
  var highCell: UInt128 {
    let end = low + (range - 1)
    return end >= Self.one ? cell(code &+ 1, end - Self.one) : cell(code, end)
  }
  /// The first whole cell inside, and how many there are.
  var wholeCells: (first: UInt128, count: UInt128) {
    let end = low + range
    let endCell = end >= Self.one ? cell(code &+ 1, end - Self.one) : cell(code, end)
    let floor = lowCell
    let isAligned = shift <= 0 || low & (1 << UInt64(shift) - 1) == 0
    let span = endCell &- floor
    if isAligned { return (floor, span) }
    return (floor &+ 1, span == 0 ? 0 : span - 1)
  }
  func contains(cell: UInt128) -> Bool {
    let whole = wholeCells
    return cell &- whole.first < whole.count
  }
  var isAtLeastOneCell: Bool { shift < 0 || (shift < 64 && range >= 1 << UInt64(shift)) }

  /// Narrows to a symbol without changing the scale.
  func narrowed(to symbol: SymbolInterval, precision: Int) -> CellInterval {
    var next = self
    let unit = range >> UInt64(precision)
    let start = unit * UInt64(symbol.cumulative)
    next.low += start
    next.range =
      symbol.cumulative + symbol.frequency == 1 << UInt32(precision) ? range - start : unit * UInt64(symbol.frequency)
    if next.low >= Self.one {
      next.low -= Self.one
      next.code &+= 1
    }
    return next
  }

  /// The same interval at the scale that the next symbol needs.
  func renormalised() -> CellInterval {
    var next = self
    while next.range < 1 << 55 {
      next.code = next.code << 8 | UInt128(next.low >> 55)
      next.low = (next.low & (1 << 55 - 1)) << 8
      next.range <<= 8
      next.settled += 8
    }
    return next
  }

  /// The symbol whose part of this interval holds the low end of a cell inside it.
  func symbol(at cell: UInt128, _ table: FrequencyTable) -> UInt8 {
    // Modulo 2^64 is enough: the difference is below 2^63.
    let point =
      shift >= 0
      ? UInt64(truncatingIfNeeded: cell) << UInt64(shift) : UInt64(truncatingIfNeeded: cell >> UInt128(-shift))
    let start = UInt64(truncatingIfNeeded: code) << 63 &+ low
    let target = min((point &- start) / (range >> UInt64(table.precision)), 1 << UInt64(table.precision) - 1)
    var cumulative: UInt64 = 0
    var byte = 0
    while cumulative + UInt64(table.frequencies[byte]) <= target {
      cumulative += UInt64(table.frequencies[byte])
      byte += 1
    }
    return UInt8(byte)
  }
}

import Tokenizers

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
  private func withLowShares<R>(
    _ distribution: QuantisedDistribution, _ body: (UnsafeMutableBufferPointer<UInt32>) -> R
  ) -> R {
    let p = UInt32(distribution.precision), mask = UInt32(1) << p - 1, f = distribution.frequencies
    assert(p <= 14 && low <= mask, "products of low and a frequency must stay below 2^28")
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 512) { buffer in
      let shares = UnsafeMutableBufferPointer(rebasing: buffer[..<256])
      // Orders remainders, the lower byte first among equals; all keys differ.
      let keys = UnsafeMutableBufferPointer(rebasing: buffer[256...])
      var sum: UInt32 = 0
      for byte in 0..<256 {
        let product = low &* f[byte]
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
  func child(_ byte: UInt8, _ distribution: QuantisedDistribution) -> ReserveRange? {
    withLowShares(distribution) { shares in
      let symbol = distribution.interval(of: byte)
      let count = high * UInt128(symbol.frequency) + UInt128(shares[Int(byte)])
      guard count > 0 else { return nil }
      var sharesBelow: UInt32 = 0
      for lower in 0..<Int(byte) { sharesBelow &+= shares[lower] }
      // Modulo 2^128: the range of the last byte of b = 128 ends there.
      let start = base &+ kept &+ high &* UInt128(symbol.cumulative) &+ UInt128(sharesBelow)
      return ReserveRange(base: start, count: count, precision: distribution.precision)
    }
  }

  /// The child that owns `code`, which must be one of this range's and not its base (except at the root).
  func child(owning code: UInt128, _ distribution: QuantisedDistribution) -> (byte: UInt8, range: ReserveRange)? {
    withLowShares(distribution) { shares in
      var start = base &+ kept
      for byte in 0..<256 {
        let count = high &* UInt128(distribution.frequencies[byte]) &+ UInt128(shares[byte])
        if count > 0, code >= start, code - start < count {
          return (UInt8(byte), ReserveRange(base: start, count: count, precision: distribution.precision))
        }
        start &+= count
      }
      return nil
    }
  }

  /// All children, in byte order.
  func children(_ distribution: QuantisedDistribution) -> [(byte: UInt8, range: ReserveRange)] {
    withLowShares(distribution) { shares in
      var start = base &+ kept
      var result: [(UInt8, ReserveRange)] = []
      for byte in 0..<256 {
        let count = high * UInt128(distribution.frequencies[byte]) + UInt128(shares[byte])
        if count > 0 {
          result.append((UInt8(byte), ReserveRange(base: start, count: count, precision: distribution.precision)))
          start &+= count
        }
      }
      return result
    }
  }
}

/// Bits packed most significant first into units of a fixed width.
public enum BitPacking {
  /// Bits a token of a vocabulary carries. `vocabularySize` is a power of two from 2 to 65,536.
  public static func width(vocabularySize: Int) -> Int { vocabularySize.trailingZeroBitCount }

  /// Cuts the bits of units of one width into units of another.
  /// - Parameters:
  ///   - units: each below 2^width.
  ///   - width: bits of a unit.
  ///   - bitCount: how many of all bits are taken; nil for all.
  ///   - newWidth: bits of a unit of the result.
  ///   - padded: whether bits that fill no whole unit at the end make one with zeros after them, or are left out.
  ///   - type: of the result's units.
  /// - Complexity: O(units + result).
  @inlinable
  public static func repack<From: FixedWidthInteger & UnsignedInteger, To: FixedWidthInteger & UnsignedInteger>(
    _ units: [From], of width: Int, bitCount: Int? = nil, into newWidth: Int, padded: Bool, as type: To.Type = To.self
  ) -> [To] {
    var left = bitCount ?? units.count * width
    precondition((1...From.bitWidth).contains(width) && (1...To.bitWidth).contains(newWidth), "a bad width")
    precondition((0...units.count * width).contains(left), "bits beyond the units")
    var result: [To] = []
    result.reserveCapacity((left + newWidth - 1) / newWidth)
    var pending: To = 0
    var held = 0
    for unit in units {
      var below = width  // bits of the unit below those that are taken
      var taken = min(width, left)
      left &-= taken
      while taken > 0 {
        let count = min(taken, newWidth &- held)
        taken &-= count
        below &-= count
        let bits = To(truncatingIfNeeded: unit >> From(truncatingIfNeeded: below)) & ((1 << count) &- 1)
        pending = pending << count | bits
        held &+= count
        if held == newWidth {
          result.append(pending)
          (pending, held) = (0, 0)
        }
      }
    }
    if padded, held > 0 { result.append(pending << (newWidth &- held)) }
    return result
  }

  /// Tokens of `width` bits from the first `bitCount` bits of `bytes`, the last one padded with zeros.
  public static func tokens(fromBits bytes: [UInt8], bitCount: Int, width: Int) -> [Token] {
    repack(bytes, of: 8, bitCount: bitCount, into: width, padded: true)
  }

  /// The bits of the tokens, in bytes; the last byte is padded with zeros.
  public static func bytes(fromTokens tokens: [Token], width: Int) -> [UInt8] {
    repack(tokens, of: width, into: 8, padded: true)
  }
}

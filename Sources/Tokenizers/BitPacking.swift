/// Bits packed most significant first into tokens of a fixed width; the last token is padded with zeros.
public enum BitPacking {
  /// Bits a token of a vocabulary carries. `vocabularySize` is a power of two from 2 to 65,536.
  public static func width(vocabularySize: Int) -> Int { vocabularySize.trailingZeroBitCount }

  /// Tokens of `width` bits from the first `bitCount` bits of `bytes`.
  public static func tokens(fromBits bytes: [UInt8], bitCount: Int, width: Int) -> [Token] {
    precondition(bitCount <= bytes.count * 8 && width >= 1 && width <= 16, "bits beyond the buffer, or a bad width")
    let count = (bitCount + width - 1) / width
    var tokens: [Token] = []
    tokens.reserveCapacity(count)
    var pending: UInt32 = 0
    var held = 0
    var next = 0
    for _ in 0..<count {
      while held < width {
        var byte: UInt32 = next < bytes.count ? UInt32(bytes[next]) : 0
        let beyond = (next + 1) * 8 - bitCount
        if beyond > 0 { byte = beyond >= 8 ? 0 : byte & ~(1 << UInt32(beyond) - 1) }
        next += 1
        pending = pending << 8 | byte
        held += 8
      }
      held -= width
      tokens.append(pending >> UInt32(held) & (1 << UInt32(width) - 1))
      pending &= 1 << UInt32(held) - 1
    }
    return tokens
  }

  /// The bits of the tokens, in bytes; the last byte is padded with zeros.
  public static func bytes(fromTokens tokens: [Token], width: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity((tokens.count * width + 7) / 8)
    var pending: UInt64 = 0
    var held = 0
    for token in tokens {
      pending = pending << UInt64(width) | UInt64(token)
      held += width
      while held >= 8 {
        held -= 8
        bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(held)))
      }
      pending &= 1 << UInt64(held) - 1
    }
    if held > 0 { bytes.append(UInt8(truncatingIfNeeded: pending << UInt64(8 - held))) }
    return bytes
  }
}

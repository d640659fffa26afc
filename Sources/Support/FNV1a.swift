/// FNV-1a over 64-bit words (or bytes): a quick fingerprint against mix-ups, not against intent.
/// - Source: Fowler, Noll & Vo; RFC 9923.
public struct FNV1a: Sendable {
  @usableFromInline var state: UInt64 = 0xcbf2_9ce4_8422_2325
  @inlinable public init() {}
  @inlinable public mutating func combine(_ word: UInt64) { state = (state ^ word) &* 0x100_0000_01b3 }
  public mutating func combine(_ text: String) {
    for byte in text.utf8 { combine(UInt64(byte)) }
  }
  public var value: UInt64 { state }
  /// The value in hexadecimal, without leading zeros.
  public var hexadecimal: String { String(state, radix: 16) }
}

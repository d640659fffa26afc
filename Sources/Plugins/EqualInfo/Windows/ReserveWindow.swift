import Tokenizers

/// A window that ends on the integer which its text keeps for itself.
struct ReserveWindow: Window {
  private var range: ReserveRange
  private var length = 0

  init(bits: Int, precision: Int) { range = ReserveRange(bits: bits, precision: precision) }

  mutating func take(_ byte: UInt8, _ distribution: QuantisedDistribution) -> Bool {
    guard let child = range.child(byte, distribution) else { return false }
    range = child
    length += 1
    return true
  }

  var isFull: Bool { !range.hasChildren }
  func closed() -> ClosedWindow { ClosedWindow(code: range.base, length: length) }

  mutating func next(_ code: UInt128, _ distribution: QuantisedDistribution) -> UInt8? {
    guard let (byte, child) = range.child(owning: code, distribution) else { return nil }
    range = child
    length += 1
    return byte
  }

  func ends(at code: UInt128) -> Bool? { length > 0 && range.base == code }
}

import Tokenizers

/// The longest text whose arithmetic code fits in b bits, padded with zeros: the first cell of width 2^-b inside its
/// interval.
struct GreedyWindow: Window {
  private var cells: CellInterval
  private var code: UInt128 = 0
  private var length = 0
  private var isAmbiguous = false

  init(bits: Int, precision: Int) { cells = CellInterval(bits: bits) }

  mutating func take(_ byte: UInt8, _ distribution: QuantisedDistribution) -> Bool {
    let next = cells.narrowed(to: distribution.interval(of: byte), precision: distribution.precision)
    let whole = next.wholeCells
    guard next.isAtLeastOneCell, whole.count > 0 else {
      var reader = self
      isAmbiguous = reader.next(code, distribution) != nil
      return false
    }
    code = whole.first
    cells = next.renormalised()
    length += 1
    return true
  }

  var isFull: Bool { false }
  func closed() -> ClosedWindow { ClosedWindow(code: code, length: length, isAmbiguous: isAmbiguous) }

  mutating func next(_ code: UInt128, _ distribution: QuantisedDistribution) -> UInt8? {
    cells.next(code, distribution)
  }

  func ends(at code: UInt128) -> Bool? { nil }
}

extension CellInterval {
  /// The next byte of the text whose interval holds the cell, narrowing to it; nil where no byte's part holds all of it.
  mutating func next(_ cell: UInt128, _ distribution: QuantisedDistribution) -> UInt8? {
    guard isAtLeastOneCell else { return nil }
    let (byte, interval) = symbol(at: cell, distribution)
    let child = narrowed(to: interval, precision: distribution.precision)
    guard child.contains(cell: cell) else { return nil }
    self = child.renormalised()
    return byte
  }
}

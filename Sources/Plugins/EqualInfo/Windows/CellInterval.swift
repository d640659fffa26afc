import Tokenizers

/// The real interval of a prefix under plain arithmetic coding, seen through cells of width 2^-b (`greedy`, `delay`).
///
/// The interval is [L, L + range·u) with u = 2^-(63+settled) and L = (code·2^63 + low)·u. `settled` stays ≤ b as long
/// as only intervals of at least one cell are ``renormalised``.
struct CellInterval {
  private var code: UInt128 = 0
  private var settled = 0
  private var low: UInt64 = 0
  private var range = CodingRange()
  let bits: Int

  init(bits: Int) { self.bits = bits }

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
    let end = low + (range.count - 1)
    return end >= CodingRange.one ? cell(code &+ 1, end - CodingRange.one) : cell(code, end)
  }
  /// The first whole cell inside, and how many there are.
  var wholeCells: (first: UInt128, count: UInt128) {
    let end = low + range.count
    let endCell = end >= CodingRange.one ? cell(code &+ 1, end - CodingRange.one) : cell(code, end)
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
  var isAtLeastOneCell: Bool { shift < 0 || (shift < 64 && range.count >= 1 << UInt64(shift)) }

  /// Narrows to a symbol without changing the scale.
  func narrowed(to symbol: SymbolInterval, precision: Int) -> CellInterval {
    var next = self
    next.low += next.range.narrow(to: symbol, precision: precision)
    if next.low >= CodingRange.one {
      next.low -= CodingRange.one
      next.code &+= 1  // modulo 2^128, as all cells of b = 128 are
    }
    return next
  }

  /// The same interval at the scale that the next symbol needs.
  func renormalised() -> CellInterval {
    var next = self
    while next.range.isNarrow {
      next.code = next.code << 8 | UInt128(next.low >> CodingRange.byteShift)
      next.low = (next.low & (1 << CodingRange.byteShift - 1)) << 8
      next.range.widen()
      next.settled += 8
    }
    return next
  }

  /// The symbol whose part of this interval holds the low end of a cell inside it.
  func symbol(at cell: UInt128, _ distribution: QuantisedDistribution) -> (byte: UInt8, interval: SymbolInterval) {
    // Modulo 2^64 is enough: the difference is below 2^63.
    let point =
      shift >= 0
      ? UInt64(truncatingIfNeeded: cell) << UInt64(shift) : UInt64(truncatingIfNeeded: cell >> UInt128(-shift))
    let start = UInt64(truncatingIfNeeded: code) << 63 &+ low
    return distribution.symbol(at: range.place(of: point &- start, precision: distribution.precision))
  }
}

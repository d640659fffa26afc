import Tokenizers

/// What the first b bits of the code of the rest of the text determine: it reads on until its interval is narrower than
/// a cell, and then covers the longest prefix whose interval holds all of the cell at either end. Needs look-ahead, and
/// M1 to go back, but decodes as `greedy` does.
struct DelayWindow: Window {
  private var cells: CellInterval
  /// The whole cells inside the interval of every prefix.
  private var prefixes: [(first: UInt128, count: UInt128)] = []

  init(bits: Int, precision: Int) { cells = CellInterval(bits: bits) }

  mutating func take(_ byte: UInt8, _ distribution: QuantisedDistribution) -> Bool {
    guard !isFull else { return false }
    let next = cells.narrowed(to: distribution.interval(of: byte), precision: distribution.precision)
    prefixes.append(next.wholeCells)
    cells = next.isAtLeastOneCell ? next.renormalised() : next
    return true
  }

  var isFull: Bool { !cells.isAtLeastOneCell }

  func closed() -> ClosedWindow {
    // A final interval with whole cells inside: the first of them determines all of the text.
    if let last = prefixes.last, last.count > 0 { return ClosedWindow(code: last.first, length: prefixes.count) }
    // Else either end's cell determines a prefix of it, and the longer one counts.
    func determined(_ cell: UInt128) -> ClosedWindow {
      ClosedWindow(code: cell, length: prefixes.prefix { cell &- $0.first < $0.count }.count)
    }
    let (low, high) = (determined(cells.lowCell), determined(cells.highCell))
    return high.length > low.length ? high : low
  }

  mutating func next(_ code: UInt128, _ distribution: QuantisedDistribution) -> UInt8? {
    cells.next(code, distribution)
  }

  func ends(at code: UInt128) -> Bool? { nil }
}

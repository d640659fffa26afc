import Tokenizers

/// Pairs of symbols with their counts, each with the places where it may stand: what a trainer keeps up to date.
///
/// Pairs are numbered in the order in which they came. Places are chains in one pool; a chain may hold places where the
/// pair stands no more.
struct PairCounts {
  private var slots: [UInt32]
  private var shift: UInt64
  private(set) var pairs: [UInt64] = []
  private(set) var counts: [Int64] = []
  private var heads: [UInt32] = []
  private var places: [UInt32] = []
  private var links: [UInt32] = []
  private var free = nothing
  private static let nothing = UInt32.max

  init(capacity: Int) {
    let size = max(1 << 12, (2 * capacity).roundedUpToPowerOfTwo)
    slots = [UInt32](repeating: Self.nothing, count: size)
    shift = UInt64(64 - size.trailingZeroBitCount)
  }

  @inline(__always) private func first(_ pair: UInt64) -> Int {
    Int(truncatingIfNeeded: ((pair ^ pair >> 29) &* 0x9e37_79b9_7f4a_7c15) >> shift)
  }

  func index(of pair: UInt64) -> Int? {
    let mask = slots.count - 1
    var slot = first(pair)
    while slots[slot] != Self.nothing {
      if pairs[Int(slots[slot])] == pair { return Int(slots[slot]) }
      slot = (slot + 1) & mask
    }
    return nil
  }

  private mutating func indexOrNew(_ pair: UInt64) -> Int {
    let mask = slots.count - 1
    var slot = first(pair)
    while slots[slot] != Self.nothing {
      if pairs[Int(slots[slot])] == pair { return Int(slots[slot]) }
      slot = (slot + 1) & mask
    }
    slots[slot] = UInt32(pairs.count)
    pairs.append(pair)
    counts.append(0)
    heads.append(Self.nothing)
    if pairs.count * 2 > slots.count { grow() }
    return pairs.count - 1
  }

  private mutating func grow() {
    let size = slots.count * 2
    slots = [UInt32](repeating: Self.nothing, count: size)
    shift -= 1
    for (index, pair) in pairs.enumerated() {
      var slot = first(pair)
      while slots[slot] != Self.nothing { slot = (slot + 1) & (size - 1) }
      slots[slot] = UInt32(index)
    }
  }

  /// Counts a pair that stands at a place. Returns its number.
  mutating func add(_ pair: UInt64, _ weight: Int64, at place: UInt32) -> Int {
    let index = indexOrNew(pair)
    counts[index] += weight
    let node: UInt32
    if free != Self.nothing {
      node = free
      free = links[Int(node)]
      places[Int(node)] = place
      links[Int(node)] = heads[index]
    } else {
      node = UInt32(places.count)
      places.append(place)
      links.append(heads[index])
    }
    heads[index] = node
    return index
  }

  /// Takes back what ``add(_:_:at:)`` counted; the place stays in the chain.
  mutating func subtract(_ pair: UInt64, _ weight: Int64) {
    guard let index = index(of: pair) else { preconditionFailure("a pair that was never counted") }
    counts[index] -= weight
  }

  /// Empties a pair's chain into `list`.
  mutating func takePlaces(of index: Int, into list: inout [UInt32]) {
    list.removeAll(keepingCapacity: true)
    var node = heads[index]
    heads[index] = Self.nothing
    while node != Self.nothing {
      list.append(places[Int(node)])
      let link = links[Int(node)]
      links[Int(node)] = free
      free = node
      node = link
    }
  }
}

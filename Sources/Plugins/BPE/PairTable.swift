import Tokenizers

/// What pairs of symbols merge into: open addressing, half full at most, one look at memory in most cases.
///
/// A merge is one number: its rank in the high half, what comes of it in the low half. So the lowest of several is the
/// one that is due.
///
/// `@unchecked Sendable`: written while it is made and never after; the memory ends in deinit.
final class PairTable: @unchecked Sendable {
  typealias Merge = UInt64
  static let none = Merge.max
  private struct Slot {
    var pair: UInt64
    var merge: Merge
  }
  private let slots: UnsafeMutablePointer<Slot>
  private let shift: UInt64
  private let mask: Int
  private(set) var count = 0

  /// Of two rules for one pair the one of lower rank holds.
  init(_ rules: some Collection<BPEVocabulary.Rule>) {
    let size = max(16, (2 * rules.count).roundedUpToPowerOfTwo)
    slots = .allocate(capacity: size)
    slots.initialize(repeating: Slot(pair: .max, merge: Self.none), count: size)
    mask = size - 1
    shift = UInt64(64 - size.trailingZeroBitCount)
    for rule in rules {
      let pair = Self.pair(rule.left, rule.right)
      let merge = Merge(rule.rank) << 32 | Merge(rule.result)
      var slot = first(pair)
      while slots[slot].pair != .max, slots[slot].pair != pair { slot = (slot + 1) & mask }
      if slots[slot].pair == .max { count += 1 }
      slots[slot] = Slot(pair: pair, merge: min(merge, slots[slot].merge))
    }
  }

  deinit { slots.deallocate() }

  @inline(__always) static func pair(_ left: Token, _ right: Token) -> UInt64 { UInt64(left) << 32 | UInt64(right) }
  @inline(__always) static func result(_ merge: Merge) -> Token { Token(truncatingIfNeeded: merge) }

  @inline(__always) private func first(_ pair: UInt64) -> Int {
    Int(truncatingIfNeeded: ((pair ^ pair >> 29) &* 0x9e37_79b9_7f4a_7c15) >> shift)
  }

  /// The merge of two symbols; ``none`` where they have none.
  @inline(__always)
  subscript(left: Token, right: Token) -> Merge {
    let pair = Self.pair(left, right)
    var slot = first(pair)
    while true {
      let found = slots[slot]
      if found.pair == pair { return found.merge }
      if found.pair == .max { return Self.none }
      slot = (slot &+ 1) & mask
    }
  }
}

import Tokenizers

/// What pairs of symbols merge into: open addressing, half full at most. Most pairs that are asked for merge into nothing,
/// which a bit says in most cases: the bits are a sixteenth of the table, and stay in the cache.
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
  /// Eight bits a slot, of which a pair has one.
  private let marks: UnsafeMutablePointer<UInt8>
  private let shift: UInt64
  private let mask: Int
  private(set) var count = 0

  /// - Parameter capacity: of how many pairs there will be rules, at most.
  init(capacity: Int) {
    let size = max(16, (2 * capacity).roundedUpToPowerOfTwo)
    slots = .allocate(capacity: size)
    slots.initialize(repeating: Slot(pair: .max, merge: Self.none), count: size)
    marks = .allocate(capacity: size)
    marks.initialize(repeating: 0, count: size)
    mask = size - 1
    shift = UInt64(64 - size.trailingZeroBitCount)
  }

  convenience init(_ rules: some Collection<BPEVocabulary.Rule>) {
    self.init(capacity: rules.count)
    for rule in rules { insert(rule) }
  }

  /// Of two rules for one pair the one of lower rank holds.
  func insert(_ rule: BPEVocabulary.Rule) {
    let pair = Self.pair(rule.left, rule.right)
    let merge = Merge(rule.rank) << 32 | Merge(rule.result)
    var slot = first(pair)
    while slots[slot].pair != .max, slots[slot].pair != pair { slot = (slot + 1) & mask }
    if slots[slot].pair == .max { count += 1 }
    slots[slot] = Slot(pair: pair, merge: min(merge, slots[slot].merge))
    let mark = mark(pair)
    marks[mark >> 3] |= 1 << UInt8(mark & 7)
  }

  deinit {
    slots.deallocate()
    marks.deallocate()
  }

  @inline(__always) static func pair(_ left: Token, _ right: Token) -> UInt64 { UInt64(left) << 32 | UInt64(right) }
  @inline(__always) static func result(_ merge: Merge) -> Token { Token(truncatingIfNeeded: merge) }

  /// Where a pair's bit is: its hash. The slot where it is looked for first has the same number but for the last three bits.
  @inline(__always) private func mark(_ pair: UInt64) -> Int {
    Int(truncatingIfNeeded: ((pair ^ pair >> 29) &* 0x9e37_79b9_7f4a_7c15) >> (shift &- 3))
  }
  @inline(__always) private func first(_ pair: UInt64) -> Int { mark(pair) >> 3 }

  /// The merge of two symbols; ``none`` where they have none.
  @inline(__always)
  subscript(left: Token, right: Token) -> Merge {
    let pair = Self.pair(left, right)
    let mark = mark(pair)
    if marks[mark >> 3] & 1 << UInt8(mark & 7) == 0 { return Self.none }
    var slot = mark >> 3
    while true {
      let found = slots[slot]
      if found.pair == pair { return found.merge }
      if found.pair == .max { return Self.none }
      slot = (slot &+ 1) & mask
    }
  }
}

/// A byte trie in one array of slots, used from memory as it lies (Aoe 1989).
///
/// A node's children lie at `base ^ byte`; a slot holds the byte that leads to it, so that a walk needs one look at
/// each step. The single bytes are slots 256…511; slots 0…255 stay empty, since a leaf's base, 0, points there.
struct DoubleArrayTrie {
  /// A node: the byte that leads to it, where its children lie, its id. 64 bits, low to high.
  struct Slot {
    private static let labelBits: UInt64 = 9, baseBits: UInt64 = 27, idBits: UInt64 = 28
    static let largestID = 1 << idBits - 1
    static let largestBase = 1 << baseBits - 1
    /// No byte leads to it.
    static let empty = Slot(label: 256, base: 0, id: 0)

    var bits: UInt64

    @inline(__always) init(bits: UInt64) { self.bits = bits }
    init(label: Int, base: Int, id: Int) {
      assert((0...256).contains(label) && (0...Self.largestBase).contains(base) && (0...Self.largestID).contains(id))
      bits = UInt64(label) | UInt64(base) << Self.labelBits | UInt64(id) << (Self.labelBits + Self.baseBits)
    }
    /// The byte; 256 in an empty slot.
    @inline(__always) var label: Int { Int(bits & (1 << Self.labelBits - 1)) }
    @inline(__always) var base: Int { Int(bits >> Self.labelBits & (1 << Self.baseBits - 1)) }
    @inline(__always) var id: UInt32 { UInt32(truncatingIfNeeded: bits >> (Self.labelBits + Self.baseBits)) }
    func with(base: Int) -> Slot { Slot(label: label, base: base, id: Int(id)) }
  }

  static let root = 256
  /// A node's children lie in one block of that many slots.
  static let block = 256

  /// Little-endian ``Slot``s.
  let slots: UnsafeBufferPointer<UInt64>

  @inline(__always) private static func slot(_ slots: UnsafePointer<UInt64>, _ index: Int) -> Slot {
    Slot(bits: UInt64(littleEndian: slots[index]))
  }

  /// Ids of the texts that make up `text`, each the longest that fits.
  /// - Complexity: one look at memory for a byte, and one for a token.
  func longestMatches(in text: [UInt8]) -> [UInt32] {
    guard let slots = slots.baseAddress else { return [] }
    return text.withUnsafeBufferPointer { text in
      [UInt32](unsafeUninitializedCapacity: text.count) { out, count in
        guard let from = text.baseAddress, let ids = out.baseAddress else { return }
        let end = text.count
        var position = 0
        while position < end {
          var slot = Self.slot(slots, Self.root &+ Int(from[position]))
          position &+= 1
          while position < end {
            let byte = Int(from[position])
            let next = Self.slot(slots, slot.base ^ byte)
            if next.label != byte { break }
            slot = next
            position &+= 1
          }
          ids[count] = slot.id
          count &+= 1
        }
      }
    }
  }

  /// The first slot that would lead a walk out of the array, or to an id that is not below `count`.
  func firstImpossibleSlot(count: Int) -> Int? {
    guard slots.count >= 2 * Self.block, slots.count % Self.block == 0 else { return 0 }
    let singles = Self.root..<Self.root + Self.block
    return slots.indices.first { index in
      let slot = Slot(bits: UInt64(littleEndian: slots[index]))
      let isByte = !singles.contains(index) || slot.label == index - Self.root
      return slot.base >= slots.count || slot.id >= count || !isByte
    }
  }

  // MARK: Making one

  /// The slots of a trie of sorted texts that holds every single byte and every prefix of a text; ids are places in the
  /// list.
  static func slots(of texts: [[UInt8]]) -> [UInt64] {
    precondition(texts.count <= Slot.largestID, "too many texts for a slot")
    // Of each text, where those that begin with it end.
    var ends = [Int](repeating: texts.count, count: texts.count)
    var open: [Int] = []
    for (i, text) in texts.enumerated() {
      while let last = open.last, texts[last].count >= text.count {
        ends[last] = i
        open.removeLast()
      }
      precondition(open.last.map { texts[$0].count == text.count - 1 } ?? (text.count == 1), "a prefix is missing")
      open.append(i)
    }
    /// The texts in a range that are one byte longer than what all of them begin with.
    func children(_ range: Range<Int>) -> [Int] {
      Array(sequence(first: range.lowerBound) { ends[$0] }.prefix { $0 < range.upperBound })
    }
    var allocator = SlotAllocator()
    var slots = [Slot](repeating: .empty, count: 2 * block)
    // Breadth first, so that what every walk passes through lies together.
    var queue: [(slot: Int?, children: [Int])] = [(nil, children(0..<texts.count))]
    var head = 0
    while head < queue.count {
      let (parent, found) = queue[head]
      queue[head].children = []
      head += 1
      let labels = found.map { texts[$0][texts[$0].count - 1] }
      let base = parent == nil ? root : allocator.base(for: labels)
      precondition(base <= Slot.largestBase, "too many texts for a slot")
      let missing = (base | (block - 1)) + 1 - slots.count
      if missing > 0 { slots += [Slot](repeating: .empty, count: missing) }
      if let parent { slots[parent] = slots[parent].with(base: base) }
      for (child, label) in zip(found, labels) {
        let place = base ^ Int(label)
        slots[place] = Slot(label: Int(label), base: 0, id: child)
        let grandchildren = children(child + 1..<ends[child])
        if !grandchildren.isEmpty { queue.append((place, grandchildren)) }
      }
    }
    return slots.map(\.bits.littleEndian)
  }

  /// Finds room in blocks of slots for nodes' children. No two nodes get one base, so that a label proves a child.
  private struct SlotAllocator {
    private struct Block {
      var number: Int
      var free = [Bool](repeating: true, count: block)
      var freeCount = block
      var usedBases = [Bool](repeating: false, count: block)
      var misses = 0
    }
    /// A block that failed so often is given up.
    private static let mostMisses = 32
    private var blocks: [Block] = []
    private var count = 2  // the empty block and the single bytes'

    mutating func base(for labels: [UInt8]) -> Int {
      for b in blocks.indices where blocks[b].freeCount >= labels.count {
        for low in 0..<block where !blocks[b].usedBases[low] {
          if labels.allSatisfy({ blocks[b].free[low ^ Int($0)] }) { return take(b, low, labels) }
        }
        blocks[b].misses += 1
      }
      blocks.removeAll { $0.misses > Self.mostMisses || $0.freeCount == 0 }
      blocks.append(Block(number: count))
      count += 1
      return take(blocks.count - 1, 0, labels)
    }

    private mutating func take(_ b: Int, _ low: Int, _ labels: [UInt8]) -> Int {
      blocks[b].usedBases[low] = true
      blocks[b].freeCount -= labels.count
      for label in labels { blocks[b].free[low ^ Int(label)] = false }
      return blocks[b].number * block + low
    }
  }
}

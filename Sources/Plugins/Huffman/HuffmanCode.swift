import HeapModule

/// A canonical Huffman code: shorter codes before longer ones, symbols of one length in order.
/// Source: Huffman 1952; canonical codes as in Deutsch 1996 (RFC 1951, 3.2.2).
struct HuffmanCode: Sendable {
  /// Bits of each symbol's code: 1 … ``longest``.
  let lengths: [Int]
  /// Of each symbol, its code in the lowest bits.
  private let codes: [UInt32]
  /// Symbols by code.
  private let sorted: [Int]
  /// Of the codes of each length: the first, and where its symbol stands in ``sorted``; index 0 is none.
  private let first: [(code: UInt32, place: Int, count: Int)]

  static let longest = 24

  /// - Parameter weights: two or more, all positive. Where a code would have more than ``longest`` bits, all weights are
  ///   halved, rounded up, until none has.
  init(weights: [Int]) {
    precondition(weights.count > 1 && weights.allSatisfy { $0 > 0 }, "two symbols or more, all possible")
    var weights = weights
    var lengths = Self.lengths(weights)
    while lengths.contains(where: { $0 > Self.longest }) {
      weights = weights.map { ($0 + 1) / 2 }
      lengths = Self.lengths(weights)
    }
    self.lengths = lengths
    sorted = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    var codes = [UInt32](repeating: 0, count: lengths.count)
    var first: [(code: UInt32, place: Int, count: Int)] = [(0, 0, 0)]
    var (code, place) = (UInt32(0), 0)
    for length in 1...Self.longest {
      code <<= 1
      let count = lengths.count { $0 == length }
      first.append((code, place, count))
      for symbol in sorted[place..<place + count] {
        codes[symbol] = code
        code += 1
      }
      place += count
    }
    (self.codes, self.first) = (codes, first)
  }

  /// How deep every symbol lies in the tree that merges the two lightest, those made earlier first among equals.
  private static func lengths(_ weights: [Int]) -> [Int] {
    struct Node: Comparable {
      let weight: Int
      let number: Int
      static func < (a: Node, b: Node) -> Bool { (a.weight, a.number) < (b.weight, b.number) }
    }
    var heap = Heap(weights.enumerated().map { Node(weight: $1, number: $0) })
    var parents = [Int](repeating: 0, count: 2 * weights.count - 1)
    for number in weights.count..<parents.count {
      guard let a = heap.popMin(), let b = heap.popMin() else { break }
      (parents[a.number], parents[b.number]) = (number, number)
      heap.insert(Node(weight: a.weight + b.weight, number: number))
    }
    var depths = [Int](repeating: 0, count: parents.count)
    for number in (0..<parents.count - 1).reversed() { depths[number] = depths[parents[number]] + 1 }
    return Array(depths.prefix(weights.count))
  }

  /// The codes of symbols, one after another, most significant bit first, in bytes; the last is padded with zeros.
  func encode(_ symbols: [UInt8]) -> (bytes: [UInt8], bitCount: Int) {
    var bytes: [UInt8] = []
    var (pending, held, bitCount) = (UInt64(0), 0, 0)
    for symbol in symbols {
      let length = lengths[Int(symbol)]
      pending = pending << UInt64(length) | UInt64(codes[Int(symbol)])
      held += length
      bitCount += length
      while held >= 8 {
        held -= 8
        bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(held)))
      }
    }
    if held > 0 { bytes.append(UInt8(truncatingIfNeeded: pending << UInt64(8 - held))) }
    return (bytes, bitCount)
  }

  /// At most `count` symbols; fewer where the bits run out within one. `bits`: those that were read for them.
  func decode(_ bytes: [UInt8], count: Int) -> (symbols: [UInt8], bits: Int) {
    var symbols: [UInt8] = []
    var (bit, code, length) = (0, UInt32(0), 0)
    var used = 0
    while symbols.count < count, bit < 8 * bytes.count {
      code = code << 1 | UInt32(bytes[bit >> 3] >> (7 - UInt8(bit & 7)) & 1)
      bit += 1
      length += 1
      let row = first[length]
      if code < row.code + UInt32(row.count) {
        symbols.append(UInt8(sorted[row.place + Int(code - row.code)]))
        (code, length, used) = (0, 0, bit)
      }
    }
    return (symbols, used)
  }
}

import CZlib
import Foundation
import Support
import Tokenizers

/// A fixed set of texts, each with an id: encoding takes the longest text that fits, again and again; decoding looks
/// texts up. What a compiled codebook and ``M1DictionaryBackend`` both are.
///
/// The set holds every single byte and, with a text, all its prefixes; ids are the texts' places in sorted order. So
/// a walk down a byte trie encodes, and where it stops is always a text of the set. The whole lies in one file,
/// used from memory as it is (integers little-endian, every part 8-byte aligned):
///
/// | bytes | what |
/// | --- | --- |
/// | 8 | `EQINFOCB` |
/// | 4 × 4 | format 2, number of texts, slots of the trie, bytes of all texts |
/// | 32 | fingerprint of the M1 that it was compiled from, zero-padded |
/// | 8 each | slots |
/// | 4 each | where each text starts, and where the last one ends |
/// | … | the texts, then 16 zeros and zeros up to a multiple of 8 |
/// | 4 | CRC-32 of all before |
///
/// The trie is a double array (Aoe 1989) whose node's children lie at `base ^ byte`. A slot is label (9 bits; 256 in
/// an empty slot), base (27 bits) and id (28 bits), low to high. Slots 0…255 stay empty: a leaf's base points there.
/// The single bytes are at 256…511.
struct WindowDictionary: Sendable {
  private let image: MappedFile
  /// Texts, and so ids.
  let count: Int
  private let startsOffset: Int
  private let textsOffset: Int

  static let fileName = "codebook.bin"
  private static let magic = Array("EQINFOCB".utf8)
  private static let format = 2
  private static let headerSize = 56
  private static let root = 256

  private static func label(_ slot: UInt64) -> Int { Int(slot & 511) }
  private static func base(_ slot: UInt64) -> Int { Int(slot >> 9 & (1 << 27 - 1)) }
  private static func id(_ slot: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: slot >> 36) }
  private static func slot(label: Int, base: Int, id: Int) -> UInt64 {
    UInt64(label) | UInt64(base) << 9 | UInt64(id) << 36
  }

  // MARK: Encoding and decoding

  /// Ids of the texts that make up `text`, each the longest that fits.
  func encode(_ text: [UInt8]) -> [UInt32] {
    guard let slots = image.bytes.baseAddress?.advanced(by: Self.headerSize).assumingMemoryBound(to: UInt64.self) else {
      return []
    }
    return text.withUnsafeBufferPointer { text in
      [UInt32](unsafeUninitializedCapacity: text.count) { out, count in
        guard let from = text.baseAddress, let ids = out.baseAddress else { return }
        let end = text.count
        var position = 0
        while position < end {
          var slot = slots[Self.root + Int(from[position])]
          position &+= 1
          while position < end {
            let byte = Int(from[position])
            let next = slots[Self.base(slot) ^ byte]
            if Self.label(next) != byte { break }
            slot = next
            position &+= 1
          }
          ids[count] = Self.id(slot)
          count &+= 1
        }
      }
    }
  }

  /// The text of ids below ``count``, stopped at `byteCount` bytes; `used`: the ids begun; `isWhole`: whether the last
  /// one's text fitted.
  func decode(_ ids: [UInt32], byteCount: Int) -> (text: [UInt8], used: Int, isWhole: Bool) {
    guard let start = image.bytes.baseAddress else { return ([], 0, true) }
    let starts = start.advanced(by: startsOffset).assumingMemoryBound(to: UInt32.self)
    let texts = start.advanced(by: textsOffset)
    var used = 0
    var isWhole = true
    // No more room than the texts can need, whatever the byte count claims.
    let longest = ids.reduce(0) { $0 &+ Int(starts[Int($1) + 1] &- starts[Int($1)]) }
    let wanted = min(byteCount, longest)
    let text = [UInt8](unsafeUninitializedCapacity: wanted + 16) { out, written in
      guard let to = UnsafeMutableRawPointer(out.baseAddress) else { return }
      while used < ids.count, written < wanted {
        let id = Int(ids[used])
        let from = Int(starts[id]), length = Int(starts[id + 1]) &- from
        used &+= 1
        if length > wanted &- written {
          memcpy(to + written, texts + from, wanted &- written)
          written = wanted
          isWhole = false
        } else if length <= 16 {  // there are 16 bytes to read past the texts, and to write past the output
          to.storeBytes(
            of: texts.loadUnaligned(fromByteOffset: from, as: SIMD16<UInt8>.self), toByteOffset: written,
            as: SIMD16<UInt8>.self)
          written &+= length
        } else {
          memcpy(to + written, texts + from, length)
          written &+= length
        }
      }
    }
    return (text, used, isWhole)
  }

  // MARK: Making one

  /// - Parameters:
  ///   - texts: sorted, distinct; every single byte and every prefix of a text among them; at most 2^27.
  ///   - fingerprint: at most 32 bytes.
  init(sortedTexts texts: [[UInt8]], fingerprint: String) {
    precondition(fingerprint.utf8.count <= 32 && texts.count >= 256, "a fingerprint of 32 bytes, all single bytes")
    let slots = Self.slots(texts)
    let total = texts.reduce(0) { $0 + $1.count }
    var file = Self.magic
    func append(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) } }
    for value in [Self.format, texts.count, slots.count, total] { append(UInt32(value)) }
    file += Array(fingerprint.utf8) + [UInt8](repeating: 0, count: 32 - fingerprint.utf8.count)
    slots.withUnsafeBytes { file.append(contentsOf: $0) }
    var start = 0
    for text in texts {
      append(UInt32(start))
      start += text.count
    }
    append(UInt32(start))
    for text in texts { file += text }
    file += [UInt8](repeating: 0, count: 16)
    file += [UInt8](repeating: 0, count: (8 - file.count % 8) % 8)
    append(crc32(file))
    self.init(image: MappedFile(copying: file), count: texts.count, slots: slots.count)
  }

  private init(image: MappedFile, count: Int, slots: Int) {
    self.image = image
    self.count = count
    startsOffset = Self.headerSize + 8 * slots
    textsOffset = startsOffset + 4 * (count + 1)
  }

  /// The double array of sorted, prefix-closed texts.
  private static func slots(_ texts: [[UInt8]]) -> [UInt64] {
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
    var allocator = SlotAllocator()
    var slots = [UInt64](repeating: slot(label: 256, base: 0, id: 0), count: 512)
    // Breadth first, so that what every walk passes through lies together. A text's children: those one byte longer.
    var queue: [(slot: Int, children: [Int])] = [(-1, [])]
    var next = 0
    while next < texts.count {
      queue[0].children.append(next)
      next = ends[next]
    }
    var head = 0
    while head < queue.count {
      let (parent, children) = queue[head]
      queue[head].children = []
      head += 1
      let labels = children.map { texts[$0][texts[$0].count - 1] }
      let base = parent < 0 ? root : allocator.base(for: labels)
      if base | 255 >= slots.count {
        slots += [UInt64](repeating: slot(label: 256, base: 0, id: 0), count: (base | 255) + 1 - slots.count)
      }
      if parent >= 0 { slots[parent] |= UInt64(base) << 9 }
      for (child, label) in zip(children, labels) {
        let place = base ^ Int(label)
        slots[place] = slot(label: Int(label), base: 0, id: child)
        var grandchildren: [Int] = []
        var next = child + 1
        while next < ends[child] {
          grandchildren.append(next)
          next = ends[next]
        }
        if !grandchildren.isEmpty { queue.append((place, grandchildren)) }
      }
    }
    return slots
  }

  /// Finds room in blocks of 256 slots for nodes' children. No two nodes get one base, so that a label proves a child.
  private struct SlotAllocator {
    private struct Block {
      var number: Int
      var free = [Bool](repeating: true, count: 256)
      var freeCount = 256
      var usedBases = [Bool](repeating: false, count: 256)
      var misses = 0
    }
    private var blocks: [Block] = []
    private var count = 2  // the empty block and the single bytes'

    mutating func base(for labels: [UInt8]) -> Int {
      for b in blocks.indices where blocks[b].freeCount >= labels.count {
        for low in 0..<256 where !blocks[b].usedBases[low] {
          if labels.allSatisfy({ blocks[b].free[low ^ Int($0)] }) { return take(b, low, labels) }
        }
        blocks[b].misses += 1
      }
      blocks.removeAll { $0.misses > 32 || $0.freeCount == 0 }
      blocks.append(Block(number: count))
      count += 1
      return take(blocks.count - 1, 0, labels)
    }

    private mutating func take(_ b: Int, _ low: Int, _ labels: [UInt8]) -> Int {
      blocks[b].usedBases[low] = true
      blocks[b].freeCount -= labels.count
      for label in labels { blocks[b].free[low ^ Int(label)] = false }
      return blocks[b].number * 256 + low
    }
  }

  // MARK: File

  func write(to path: String) throws {
    try Data(image.bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  /// Maps a file that ``write(to:)`` wrote. Everything that a walk or a look-up relies on is checked.
  /// - Throws: ``TokenizerError/damagedFile(_:reason:)``.
  init(path: String, count: Int, fingerprint: String) throws {
    func refuse(_ reason: String) -> TokenizerError { .damagedFile(path, reason: reason) }
    let image = try MappedFile(path: path), file = image.bytes
    func number(_ offset: Int) -> Int { Int(file.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian) }
    guard file.count >= Self.headerSize + 4, Array(file[..<8]) == Self.magic else {
      throw refuse("not a codebook, or truncated")
    }
    guard number(8) == Self.format else {
      throw refuse("format \(number(8)); this program reads format \(Self.format); train the tokenizer again")
    }
    let crc = crc32_z(0, file.baseAddress?.assumingMemoryBound(to: UInt8.self), file.count - 4)
    guard Int(crc) == number(file.count - 4) else { throw refuse("damaged or truncated: its CRC-32 does not match") }
    guard number(12) == count else { throw refuse("a codebook of \(number(12)) texts, not \(count)") }
    let stored = file[24..<Self.headerSize].prefix { $0 != 0 }
    guard Array(stored) == Array(fingerprint.utf8) else { throw refuse("compiled from another M1") }
    let slots = number(16), bytes = number(20)
    self.init(image: image, count: count, slots: slots)
    let end = (textsOffset + bytes + 16 + 7) / 8 * 8
    guard slots >= 512, slots % 256 == 0, file.count == end + 4 else { throw refuse("its parts do not fit together") }
    for i in 0..<slots {
      let slot = file.loadUnaligned(fromByteOffset: Self.headerSize + 8 * i, as: UInt64.self).littleEndian
      guard Self.base(slot) < slots, Self.id(slot) < count,
        (Self.root..<512).contains(i) == (Self.label(slot) == i - 256)
          || !(Self.root..<512).contains(i)
      else { throw refuse("slot \(i) of its trie is impossible") }
    }
    var last = 0
    for i in 0...count {
      let start = number(startsOffset + 4 * i)
      guard i == 0 ? start == 0 : start > last else { throw refuse("text \(i) of its table is impossible") }
      last = start
    }
    guard last == bytes else { throw refuse("its table of texts is inconsistent") }
  }
}

import Foundation

/// Byte strings, each once, numbered in the order in which they came: open addressing over one array of bytes.
struct ByteStringTable {
  private var bytes: [UInt8] = []
  /// Where each string ends in ``bytes``.
  private var ends: [Int] = []
  /// Place in the list plus one, in the low half; high bits of the hash in the high half. 0 where it is empty.
  private var slots: [UInt64]

  init(capacity: Int = 0) {
    slots = [UInt64](repeating: 0, count: max(64, (2 * capacity).roundedUpToPowerOfTwo))
  }

  var count: Int { ends.count }

  subscript(index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

  /// Bytes of all strings together.
  var totalBytes: Int { bytes.count }

  func index(of string: UnsafeBufferPointer<UInt8>) -> Int? { find(string, byteHash(string)).index }

  func index(of string: some Collection<UInt8>) -> Int? {
    let copy = Array(string)
    return copy.withUnsafeBufferPointer { index(of: $0) }
  }

  /// The string's number, and whether it is new.
  mutating func insert(_ string: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let hash = byteHash(string)
    let (found, slot) = find(string, hash)
    if let found { return (found, false) }
    precondition(ends.count < Int(UInt32.max) - 1, "too many strings for one table")
    bytes.append(contentsOf: string)
    ends.append(bytes.count)
    slots[slot] = (hash >> 32) << 32 | UInt64(ends.count)
    if ends.count * 2 > slots.count { grow() }
    return (ends.count - 1, true)
  }

  mutating func insert(_ string: some Collection<UInt8>) -> (index: Int, isNew: Bool) {
    let copy = Array(string)
    return copy.withUnsafeBufferPointer { insert($0) }
  }

  /// The string's number, or the slot where it would stand.
  @inline(__always)
  private func find(_ string: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> (index: Int?, slot: Int) {
    slots.withUnsafeBufferPointer { slots in
      let mask = slots.count &- 1
      var slot = Int(truncatingIfNeeded: hash) & mask
      while true {
        let entry = slots[slot]
        if entry == 0 { return (nil, slot) }
        if entry >> 32 == hash >> 32 {
          let index = Int(entry & 0xFFFF_FFFF) &- 1
          if isEqual(index, string) { return (index, slot) }
        }
        slot = (slot &+ 1) & mask
      }
    }
  }

  @inline(__always)
  private func isEqual(_ index: Int, _ string: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = index == 0 ? 0 : ends[index &- 1]
    guard ends[index] &- start == string.count else { return false }
    guard string.count > 0, let wanted = string.baseAddress else { return true }
    return bytes.withUnsafeBufferPointer {
      $0.baseAddress.map { memcmp($0 + start, wanted, string.count) == 0 } ?? false
    }
  }

  private mutating func grow() {
    slots = [UInt64](repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    bytes.withUnsafeBufferPointer { bytes in
      var start = 0
      for (index, end) in ends.enumerated() {
        let hash = byteHash(UnsafeBufferPointer(rebasing: bytes[start..<end]))
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = (hash >> 32) << 32 | UInt64(index + 1)
        start = end
      }
    }
  }
}

extension Int {
  var roundedUpToPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}

/// A quick hash of bytes, the same in every process.
@inline(__always)
func byteHash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
  guard let start = bytes.baseAddress else { return 0 }
  let count = bytes.count
  var hash = UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
  if count > 16 {
    var offset = 0
    while offset &+ 8 < count {
      hash = mixed(hash, UnsafeRawPointer(start + offset).loadUnaligned(as: UInt64.self))
      offset &+= 8
    }
    return mixed(hash, UnsafeRawPointer(start + (count &- 8)).loadUnaligned(as: UInt64.self))
  }
  let (low, high) = words(start, count)
  return mixed(mixed(hash, low), high)
}

/// Up to 16 bytes as two words: with their number, they say which bytes they are.
@inline(__always)
func words(_ start: UnsafePointer<UInt8>, _ count: Int) -> (low: UInt64, high: UInt64) {
  let raw = UnsafeRawPointer(start)
  if count >= 8 {
    return (raw.loadUnaligned(as: UInt64.self), (raw + (count &- 8)).loadUnaligned(as: UInt64.self))
  }
  if count >= 4 {
    return (
      UInt64(raw.loadUnaligned(as: UInt32.self)), UInt64((raw + (count &- 4)).loadUnaligned(as: UInt32.self))
    )
  }
  if count == 0 { return (0, 0) }
  return (UInt64(start[0]) | UInt64(start[count >> 1]) << 8 | UInt64(start[count &- 1]) << 16, 0)
}

@inline(__always)
func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
  let product = (hash ^ word ^ 0x2d35_8dcc_aa6c_78a5).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
  return product.high ^ product.low
}

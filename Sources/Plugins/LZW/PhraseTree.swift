/// Phrases of Lempel & Ziv 1978: the 256 bytes, then each an earlier phrase and one byte more, numbered as they come.
struct PhraseTree {
  /// How many phrases there are; the next one's number.
  private(set) var count = 256
  /// Open addressing: 1 + (phrase << 8 | byte), 0 where empty, and the number of the phrase that they make.
  private var keys: [UInt64]
  private var numbers: [UInt32]

  init() {
    keys = [UInt64](repeating: 0, count: 1024)
    numbers = [UInt32](repeating: 0, count: 1024)
  }

  /// Where a key is, or would be.
  @inline(__always) private func slot(of key: UInt64) -> Int {
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while keys[slot] != key, keys[slot] != 0 { slot = (slot &+ 1) & mask }
    return slot
  }

  /// The phrase that is `phrase` and `byte`; nil where there is none, and with `adding` that is now the last one.
  @inline(__always) mutating func longer(_ phrase: UInt32, _ byte: UInt8, adding: Bool) -> UInt32? {
    let key = 1 + (UInt64(phrase) << 8 | UInt64(byte))
    let slot = slot(of: key)
    if keys[slot] == key { return numbers[slot] }
    if adding {
      (keys[slot], numbers[slot]) = (key, UInt32(count))
      count += 1
      if 2 * (count - 256) > keys.count { grow() }
    }
    return nil
  }

  private mutating func grow() {
    let (oldKeys, oldNumbers) = (keys, numbers)
    keys = [UInt64](repeating: 0, count: 2 * oldKeys.count)
    numbers = [UInt32](repeating: 0, count: keys.count)
    for old in oldKeys.indices where oldKeys[old] != 0 {
      let slot = slot(of: oldKeys[old])
      (keys[slot], numbers[slot]) = (oldKeys[old], oldNumbers[old])
    }
  }
}

/// Cuts bytes into maximal runs of what the library can carry (valid UTF-8 without NUL and U+2581) and of what it cannot.
struct SentencePieceRuns: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  /// - Parameter range: what is cut; the whole where none is given.
  init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
    self.bytes = bytes
    position = range?.lowerBound ?? 0
    end = range?.upperBound ?? bytes.count
  }

  /// The next run, and whether the library can carry it.
  mutating func next() -> (range: Range<Int>, isText: Bool)? {
    guard position < end else { return nil }
    let start = position
    let isText = scalarLength(start) > 0
    while position < end {
      let length = scalarLength(position)
      if (length > 0) != isText { break }
      position += Swift.max(1, length)
    }
    return (start..<position, isText)
  }

  /// Length of the valid scalar at i, or 0.
  /// - Source: the Unicode Standard, table 3-7.
  private func scalarLength(_ i: Int) -> Int {
    let first = bytes[i]
    if first < 0x80 { return first == 0 ? 0 : 1 }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2, first <= 0xF4, i + length <= end else { return 0 }
    let second = bytes[i + 1]
    let low: UInt8 = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80
    let high: UInt8 = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF
    guard second >= low, second <= high else { return 0 }
    for j in 2..<Swift.max(2, length) where bytes[i + j] & 0xC0 != 0x80 { return 0 }
    if first == 0xE2, second == 0x96, bytes[i + 2] == 0x81 { return 0 }
    return length
  }
}

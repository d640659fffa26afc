/// Cuts bytes into maximal runs of valid UTF-8 and of what is not: for libraries that take text only. What is no text
/// goes through ids of single bytes. Examples may begin and end inside a character.
///
///     TextRuns(Array("añ".utf8) + [0xFF]).map(\.range)  // [0..<3, 3..<4]
struct TextRuns: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int
  private let excluded: [Unicode.Scalar]

  /// - Parameters:
  ///   - range: what is cut; the whole where none is given.
  ///   - excluded: characters that the library cannot carry either.
  init(_ bytes: [UInt8], in range: Range<Int>? = nil, without excluded: [Unicode.Scalar] = []) {
    self.bytes = bytes
    position = range?.lowerBound ?? 0
    end = range?.upperBound ?? bytes.count
    self.excluded = excluded
  }

  /// The next run, and whether it is text.
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

  /// Length of the valid scalar at i that is not excluded, or 0.
  /// - Source: the Unicode Standard, table 3-7.
  private func scalarLength(_ i: Int) -> Int {
    let first = bytes[i]
    if first < 0x80 { return excludes(UInt32(first)) ? 0 : 1 }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2, first <= 0xF4, i + length <= end else { return 0 }
    let second = bytes[i + 1]
    let low: UInt8 = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80
    let high: UInt8 = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF
    guard second >= low, second <= high else { return 0 }
    for j in 2..<Swift.max(2, length) where bytes[i + j] & 0xC0 != 0x80 { return 0 }
    let lead = UInt32(first) & (0x7F >> UInt32(length))
    return excludes((1..<length).reduce(lead) { $0 << 6 | UInt32(bytes[i + $1] & 0x3F) }) ? 0 : length
  }

  private func excludes(_ scalar: UInt32) -> Bool {
    for one in excluded where one.value == scalar { return true }
    return false
  }
}

import Synchronization
import Tokenizers

/// Which bytes may go on a text inside one pre-token, as far as its last characters tell: what a code need not be kept
/// for.
///
/// A byte c may follow a text where the text's last character and c, taken alone, are one pre-token. Characters that are
/// not whole yet (the text may begin and end inside one) are given the benefit of the doubt; where no byte may follow,
/// all may. So it is a function of the text alone, known to whoever decodes, and it never rules out all bytes. What it
/// rules out may still stand in a pre-token now and then (`gpt2` reads `'r` as two and `'re` as one, `o200k` white space
/// by the newline after it): windows end there.
final class ByteFollowers: Sendable {
  private let preTokenizer: PreTokenizer
  /// By the last characters of a text.
  private let known = Mutex<[[UInt8]: [Bool]]>([:])
  private static let mostKnown = 1 << 14

  init(_ preTokenizer: PreTokenizer) { self.preTokenizer = preTokenizer }

  /// Of every byte, whether it may follow the text.
  /// - Throws: what PCRE2 throws.
  func after(_ text: ArraySlice<UInt8>) throws -> [Bool] {
    let tail = Array(text[Self.tailStart(of: text)...])
    if let found = known.withLock({ $0[tail] }) { return found }
    let matcher = PreTokenMatcher(preTokenizer)
    var possible = [Bool](repeating: true, count: 256)
    if !tail.isEmpty {
      for byte in UInt8.min...UInt8.max {
        possible[Int(byte)] = try Self.isOnePreToken((tail + [byte])[...], matcher)
      }
      if !possible.contains(true) { possible = [Bool](repeating: true, count: 256) }
    }
    known.withLock { [possible] known in
      if known.count < Self.mostKnown { known[tail] = possible }
    }
    return possible
  }

  /// Where the last character begins; where that one is not whole, the one before it.
  private static func tailStart(of text: ArraySlice<UInt8>) -> Int {
    guard !text.isEmpty else { return text.startIndex }
    let last = lastCharacter(of: text)
    if isWhole(text[last...]) || last == text.startIndex { return last }
    return lastCharacter(of: text[..<last])
  }

  /// Where the last byte's character begins: at most three bytes before it, if it is one that goes on a character.
  private static func lastCharacter(of text: ArraySlice<UInt8>) -> Int {
    var start = text.endIndex - 1
    while start > text.startIndex, text.endIndex - start < 4, text[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }

  private static func isWhole(_ text: ArraySlice<UInt8>) -> Bool {
    text.withUnsafeBufferPointer {
      let (end, isText) = utf8Stretch(in: $0, from: 0)
      return isText && end == $0.count
    }
  }

  /// Whether what is whole of a text is one pre-token, or nothing.
  private static func isOnePreToken(_ text: ArraySlice<UInt8>, _ matcher: PreTokenMatcher) throws -> Bool {
    var whole = text.drop { $0 & 0xC0 == 0x80 }
    if !whole.isEmpty {
      let last = lastCharacter(of: whole)
      let lead = whole[last]
      let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
      if (0xC2...0xF4).contains(lead), whole.endIndex - last < length { whole = whole[..<last] }
    }
    var pieces = 0
    try whole.withUnsafeBufferPointer { try matcher.forEach(in: $0) { _ in pieces += 1 } }
    return pieces <= 1
  }
}

import Support
import Testing
import Tokenizers

@testable import Plugins

/// Texts of all kinds of characters, those that Unicode got after Debian's PCRE2 included. The vocabulary's tokens reach
/// across all kinds of pre-tokens, so that a cut at another place gives other ids.
@Test(arguments: SplitPattern.allCases)
func idsEqualTiktokens(pattern: SplitPattern) throws {
  let golden = try BPEGolden.read()
  let vocabulary = try BPEVocabulary(ranked: golden.ranks.map(bytes(hexadecimal:)))
  let expected = try #require(golden.ids[pattern.rawValue])
  let texts = golden.texts.map(bytes(hexadecimal:))
  for takesWholeTokens in [true, false] {
    let encoder = PreTokenEncoder(
      try PreTokenizer(pattern), MergeSegmenter(vocabulary, takesWholeTokens: takesWholeTokens))
    #expect(try texts.map(encoder.encode) == expected, "tiktoken \(golden.versions["tiktoken"] ?? "")")
  }
}

@Test func preTokensOfEveryPattern() throws {
  func cut(_ text: String, _ pattern: SplitPattern) throws -> [String] {
    try pieces(Array(text.utf8), pattern).map { String(decoding: $0, as: UTF8.self) }
  }
  let text = "It's HTTPServer  12345!\n\n x"
  #expect(try cut(text, .none) == [text])
  #expect(try cut(text, .space) == ["It's", " HTTPServer", " ", " 12345!", "\n\n", " x"])
  #expect(try cut(text, .gpt2) == ["It", "'s", " HTTPServer", " ", " 12345", "!", "\n\n", " x"])
  #expect(
    try cut(text, .cl100k) == ["It", "'s", " HTTPServer", " ", " ", "123", "45", "!\n\n", " x"])
  #expect(
    try cut(text, .o200k) == ["It's", " HTTPServer", " ", " ", "123", "45", "!\n\n", " x"])
}

/// Whatever the bytes are, every one is in exactly one pre-token; what is no UTF-8 is apart from what is.
@Test(arguments: SplitPattern.allCases)
func preTokensAreTheText(pattern: SplitPattern) throws {
  var generator = SeededGenerator(seed: 3)
  let alphabet: [UInt8] = Array("aB1 .'\n".utf8) + [0xC3, 0xA9, 0xE2, 0x80, 0xA8, 0xF0, 0x9F, 0x99, 0x82, 0xFF, 0]
  var texts = hardCases.map(\.bytes)
  for _ in 0..<2000 { texts.append((0..<generator.below(30)).map { _ in alphabet[generator.below(alphabet.count)] }) }
  var wrong: [[UInt8]] = []
  var mixed: [[UInt8]] = []
  for text in texts {
    let pieces = try pieces(text, pattern)
    if pieces.contains([]) || Array(pieces.joined()) != text { wrong.append(text) }
    if pattern != .none, pieces.contains(where: { !isValid($0) && holdsText($0) }) { mixed.append(text) }
  }
  #expect(wrong == [])
  #expect(mixed == [])
  #expect(try pieces([0x61, 0xFF, 0xFE, 0x62], .gpt2) == [[0x61], [0xFF, 0xFE], [0x62]])
  // Before what is no text, a text ends.
  #expect(try pieces([0x61, 0x20, 0x20, 0xFF, 0x20, 0x62], .gpt2) == [[0x61], [0x20, 0x20], [0xFF], [0x20, 0x62]])
}

private func holdsText(_ bytes: [UInt8]) -> Bool {
  bytes.indices.contains { start in (1...4).contains { isValid(Array(bytes[start...].prefix($0))) } }
}

private func isValid(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

/// The longest stretch, by the standard library's validation.
@Test func stretchesAreUTF8() {
  func stretches(_ bytes: [UInt8]) -> [String] {
    bytes.withUnsafeBufferPointer { text in
      var found: [String] = []
      var position = 0
      while position < text.count {
        let (end, isText) = utf8Stretch(in: text, from: position)
        found.append("\(position)-\(end)\(isText ? "t" : "b")")
        position = end
      }
      return found
    }
  }
  let text = Array("añ🙂, and eight bytes of ASCII".utf8)
  #expect(stretches(text) == ["0-\(text.count)t"])
  #expect(stretches([0x61, 0xFF, 0x80, 0x62]) == ["0-1t", "1-3b", "3-4t"])
  #expect(stretches([0xED, 0xA0, 0x80]) == ["0-3b"])
  #expect(stretches([0xE0, 0x80, 0x80, 0xF4, 0x90, 0x80, 0x80]) == ["0-7b"])
  #expect(stretches([0x61, 0xE2, 0x96]) == ["0-1t", "1-3b"])
  var generator = SeededGenerator(seed: 8)
  let alphabet: [UInt8] = [
    0x61, 0x7F, 0x80, 0xBF, 0xC1, 0xC2, 0xE0, 0x9F, 0xA0, 0xED, 0xEF, 0xF0, 0x90, 0x8F, 0xF4, 0xF5,
  ]
  var wrong: [[UInt8]] = []
  for _ in 0..<20_000 {
    let bytes = (0..<1 + generator.below(12)).map { _ in alphabet[generator.below(alphabet.count)] }
    let isText = bytes.withUnsafeBufferPointer { utf8Stretch(in: $0, from: 0) }
    if (isText.end == bytes.count && isText.isText) != isValid(bytes) { wrong.append(bytes) }
  }
  #expect(wrong == [])
}

/// No expression needs more than memory in proportion to the text, nor time.
@Test(arguments: SplitPattern.allCases)
func longRunsAreCut(pattern: SplitPattern) throws {
  for text in ["a", "A", "É", "é", "中", "\u{301}", "1", "!", "'", " ", "\n", "é1", "Aé", "a ", "\u{3000}"] {
    let bytes = Array(String(repeating: text, count: 100_000).utf8)
    let cut = try pieces(bytes, pattern)
    #expect(Array(cut.joined()) == bytes, "\(text)")
  }
}

@Test func badExpressionsAreRefused() {
  let malformed = #expect(throws: PreTokenizer.Malformed.self) { try PreTokenizer(expression: "a(") }
  #expect(malformed?.expression == "a(" && malformed?.offset == 2)
}

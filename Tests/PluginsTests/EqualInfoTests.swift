import Foundation
import Support
import Synchronization
import Harness
import Testing
import Tokenizers

@testable import Plugins

/// Decodes every code on its own, expects distinct texts, and each text alone to give its code back.
@Test(arguments: [8, 10, 12])
func codesAndTextsAreInBijection(bits: Int) throws {
  let coder = WindowCoder(model: randomM1, bits: bits, rule: .reserve, reset: 1)
  let codes = (0..<1 << bits).map { [UInt128($0)] }
  let texts = try coder.decode(examples: codes.map { ($0, nil) }, threads: 2).map(\.text)
  #expect(texts.allSatisfy { !$0.isEmpty })
  #expect(Set(texts).count == texts.count)
  let again = try coder.encode(examples: texts, threads: 2)
  #expect(again.map(\.codes) == codes)
}

@Test(arguments: [8, 13, 16])
func theCodebookEqualsRunningM1(bits: Int) throws {
  let coder = WindowCoder(model: randomM1, bits: bits, rule: .reserve, reset: 1)
  let codebook = try WindowDictionary(codebookOf: bits, model: randomM1, threads: 2)
  #expect(codebook.count == 1 << bits)
  let examples = [Array(sampleText.prefix(4000)), Array(0...255), Array("x".utf8), []]
  for (example, windows) in zip(examples, try coder.encode(examples: examples, threads: 2)) {
    #expect(codebook.encode(example).map { UInt128($0) } == windows.codes)
    #expect(windows.lengths.reduce(0, +) == example.count)
  }
  let ids = codebook.encode(examples[0])
  for length in [0, 1, 17, 3999, 4000, 5000] {
    let (text, used, isWhole) = codebook.decode(ids, byteCount: length)
    #expect(text == Array(examples[0].prefix(length)))
    #expect(codebook.encode(text).count <= used + 1)
    #expect(isWhole == (codebook.encode(text) == Array(ids.prefix(used))))
  }
}

@Test func theCodebookEqualsRunningM1OnAMegabyte() throws {
  var generator = SeededGenerator(seed: 2)
  // Sample text in random pieces, a tenth of it noise.
  var text: [UInt8] = []
  while text.count < 1_000_000 {
    let start = generator.below(sampleText.count - 300)
    text += sampleText[start..<start + 300]
    text += (0..<33).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }
  let examples = stride(from: 0, to: 1_000_000, by: 10_000).map { Array(text[$0..<$0 + 10_000]) }
  let codebook = try WindowDictionary(codebookOf: 16, model: randomM1, threads: 2)
  let coder = WindowCoder(model: randomM1, bits: 16, rule: .reserve, reset: 1)
  let windows = try coder.encode(examples: examples, threads: 2)
  for (example, windows) in zip(examples, windows) {
    #expect(codebook.encode(example).map { UInt128($0) } == windows.codes)
  }
}

@Test func damagedAndForeignCodebooksAreRefused() throws {
  let codebook = try WindowDictionary(codebookOf: 8, model: randomM1, threads: 1)
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("codebook-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  try codebook.write(to: path)
  func load(_ count: Int = 256, _ fingerprint: String = randomM1.fingerprint) throws -> WindowDictionary {
    try WindowDictionary(path: path, count: count, fingerprint: fingerprint)
  }
  #expect(try load().encode(sampleText) == codebook.encode(sampleText))
  #expect(throws: TokenizerError.self) { try load(512) }
  #expect(throws: TokenizerError.self) { try load(256, "abd") }
  let whole = try Data(contentsOf: URL(fileURLWithPath: path))
  for place in [0, 8, 12, 16, 20, 24, 3000, whole.count / 2, whole.count - 1] {
    var bytes = whole
    bytes[place] ^= 4
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(throws: TokenizerError.self) { try load() }
    // With its CRC mended, a damaged file may be refused or give wrong texts, but nothing is read out of bounds.
    let crc = crc32(bytes.dropLast(4))
    bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: withUnsafeBytes(of: crc.littleEndian) { Data($0) })
    try bytes.write(to: URL(fileURLWithPath: path))
    if let loaded = try? load() { _ = loaded.decode(loaded.encode(sampleText), byteCount: 1000) }
  }
  for size in [0, 3, 55, 100, whole.count - 1] {
    try whole.prefix(size).write(to: URL(fileURLWithPath: path))
    #expect(throws: TokenizerError.self) { try load() }
  }
}

@Test func theDictionaryHoldsTheMostProbableTexts() throws {
  let dictionary = try #require(try trained("M1Dictionary[v=1k]") as? M1DictionaryTokenizer).dictionary
  #expect(dictionary.count == 1024)
  // By brute force, a length at a time: the probability of every text that extends one of the 2,000 likeliest.
  var probabilities: [[UInt8]: UInt64] = [[]: 1 << 62]
  var level: [[UInt8]] = [[]]
  for _ in 0..<9 {
    let texts = Mutex([[UInt8]: UInt64]())
    let (current, known) = (level, probabilities)
    randomM1.distributions(after: current, precision: 14, threads: 2) { index, table in
      for byte in 0..<256 {
        let product = (known[current[index]] ?? 0).multipliedFullWidth(by: UInt64(table[byte]) << 50)
        texts.withLock { $0[current[index] + [UInt8(byte)]] = product.high }
      }
    }
    let found = texts.withLock { $0 }
    probabilities.merge(found) { a, _ in a }
    level = found.sorted { $0.value > $1.value }.prefix(2000).map(\.key)
  }
  let longer = probabilities.filter { $0.key.count > 1 }.sorted {
    $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
  }
  let expected = Set((0...255).map { [UInt8($0)] } + longer.prefix(1024 - 256).map(\.key))
  let texts = (0..<1024).map { dictionary.decode([UInt32($0)], byteCount: 100).text }
  #expect(texts == texts.sorted { $0.lexicographicallyPrecedes($1) })
  let isTheSame = Set(texts) == expected  // apart, so that a failure does not print them all
  #expect(isTheSame)
}

@Test func onlyItsOwnTokensDecode() throws {
  for name in [
    "EqualInfoAC[b=16,v=65k]", "EqualInfoAC[b=12,v=65k]", "EqualInfoAC[b=40,v=256]", "AC[v=256]", "M1Dictionary[v=512]",
  ] {
    let tokenizer = try trained(name)
    let text = Array(sampleText.prefix(500))
    let tokens = try tokenizer.encode(text)
    #expect(try tokenizer.decode(tokens, byteCount: 500) == text)
    #expect(throws: TokenizerError.self, "\(name): fewer bytes") { try tokenizer.decode(tokens, byteCount: 450) }
    #expect(throws: TokenizerError.self, "\(name): more tokens") {
      try tokenizer.decode(tokens + [7, 7], byteCount: 500)
    }
    if name.hasPrefix("AC") { continue }  // cut short, or asked for more bytes, it is another text's code
    #expect(throws: TokenizerError.self, "\(name): more bytes") { try tokenizer.decode(tokens, byteCount: 520) }
    #expect(throws: TokenizerError.self, "\(name): fewer tokens") {
      try tokenizer.decode(Array(tokens.dropLast(2)), byteCount: 500)
    }
  }
}

/// The bits of all codes together against what information theory allows.
@Test func codesAreAsShortAsTheirProbabilities() throws {
  let texts = stride(from: 0, to: 40_000, by: 10_000).map { Array(sampleText[$0..<$0 + 10_000]) }
  let (bits, ideal) = try codeLength(of: texts, under: randomM1, threads: 2)
  #expect(Double(bits) <= 1.001 * ideal)
  let tokens = try trained("AC[v=2]").encode(examples: texts, threads: 2)
  #expect(tokens.reduce(0) { $0 + $1.count } == bits)
}

/// Every width, window by window under M1: no codebook, which theCodebookEqualsRunningM1 covers.
@Test(arguments: [WindowRule.reserve, .delay])
func everyWidthRoundTripsEveryHardCase(rule: WindowRule) throws {
  let texts = hardCases.map(\.bytes) + [Array(sampleText.prefix(700))]
  for bits in 8...128 {
    let coder = WindowCoder(model: randomM1, bits: bits, rule: rule, reset: 1)
    let windows = try coder.encode(examples: texts, threads: 2)
    let decoded = try coder.decode(examples: zip(windows, texts).map { ($0.codes, $1.count) }, threads: 2)
    #expect(decoded.map(\.text) == texts, "b = \(bits)")
    #expect(decoded.map(\.isWhole) == texts.map { _ in true })
    #expect(windows.allSatisfy { $0.codes.allSatisfy { bits == 128 || $0 < 1 << UInt128(bits) } })
    #expect(windows.map { $0.lengths.reduce(0, +) } == texts.map(\.count))
  }
}

@Test func reserveFollowsTheDesignsArithmetic() {
  // b = 10, p = 10, frequencies 514, 256 and 254 ones: the root gives each byte exactly its frequency.
  var f = [UInt32](repeating: 1, count: 256)
  f[0] = 514
  f[1] = 256
  f.withUnsafeBufferPointer { buffer in
    let table = FrequencyTable(frequencies: buffer, precision: 10)
    let root = ReserveRange(bits: 10, precision: 10)
    let children = root.children(table)
    #expect(children.count == 256)
    #expect(children.map { Int($0.range.base) }.prefix(4) == [0, 514, 770, 771])
    // Byte 0 owns 514: keeps one, m = 513. Floors: 257, 128, and 0 for the rest; 128 left over; remainders of the two
    // are 513·514 mod 1024 = 514 and 513·256 mod 1024 = 256, of the others 513: byte 0 first, then 127 of the ones.
    let deeper = children[0].range.children(table)
    #expect(deeper.count == 2 + 127)
    #expect(Int(deeper[0].range.base) == 1)
    #expect(Int(deeper[1].range.base) == 1 + 258)
    #expect(Int(deeper[2].range.base) == 1 + 258 + 128)
    #expect(deeper[128].byte == 128)
  }
}

@Test func greedyReportsWhatDoesNotDecode() throws {
  let greedy = try trained("EqualInfoAC[b=16,v=256,end=greedy]")
  #expect(!greedy.isLossless)
  let examples = [Array(sampleText.prefix(4000))]
  let facts = try greedy.facts(about: examples)
  let share = try #require(facts["undecodableWindowShare"])
  let tokens = try greedy.encode(examples: examples, threads: 1)
  #expect((share > 0) == (roundTripProblem(greedy, examples, tokens) != nil))
  let reserve = try trained("EqualInfoAC[b=16,v=256]")
  #expect(try reserve.facts(about: examples)["undecodableWindowShare"] == 0)
}

private func roundTripProblem(_ tokenizer: any Tokenizer, _ examples: [[UInt8]], _ tokens: [[Token]]) -> String? {
  let decoded = try? tokenizer.decode(examples: zip(tokens, examples).map { ($0, $1.count) }, threads: 1)
  return decoded == examples ? nil : "differs"
}

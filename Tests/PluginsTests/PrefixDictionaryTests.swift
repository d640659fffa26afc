import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

@Test(arguments: [8, 13, 16])
func theCodebookEqualsRunningM1(bits: Int) throws {
  let coder = WindowCoder(model: randomM1, bits: bits, rule: .reserve, reset: 1)
  let codebook = try PrefixDictionary(codebookOf: bits, model: randomM1, threads: 2)
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
  let codebook = try PrefixDictionary(codebookOf: 16, model: randomM1, threads: 2)
  let coder = WindowCoder(model: randomM1, bits: 16, rule: .reserve, reset: 1)
  let windows = try coder.encode(examples: examples, threads: 2)
  for (example, windows) in zip(examples, windows) {
    #expect(codebook.encode(example).map { UInt128($0) } == windows.codes)
  }
}

@Test func damagedAndForeignCodebooksAreRefused() throws {
  let codebook = try PrefixDictionary(codebookOf: 8, model: randomM1, threads: 1)
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("codebook-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  try codebook.write(to: path)
  func load(_ count: Int = 256, _ fingerprint: String = randomM1.fingerprint) throws -> PrefixDictionary {
    try PrefixDictionary(path: path, count: count, fingerprint: fingerprint)
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

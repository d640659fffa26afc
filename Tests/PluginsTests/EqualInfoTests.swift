import Foundation
import Testing
import Tokenizers

@testable import Plugins

/// Decodes every code on its own, expects distinct texts, and each text alone to give its code back.
@Test(arguments: [8, 10, 12])
func codesAndTextsAreInBijection(bits: Int) throws {
  let coder = WindowCoder(model: randomM1, bits: bits, rule: .reserve, reset: 1)
  let codes = (0..<1 << bits).map { [UInt128($0)] }
  let texts = try coder.windowTexts(examples: codes, threads: 2).map { windows in Array(windows.joined()) }
  #expect(texts.allSatisfy { !$0.isEmpty })
  #expect(Set(texts).count == texts.count)
  let again = try coder.encode(examples: texts, threads: 2)
  #expect(again.map(\.codes) == codes)
}

@Test(arguments: [8, 13, 16])
func theCodebookEqualsRunningM1(bits: Int) throws {
  let coder = WindowCoder(model: randomM1, bits: bits, rule: .reserve, reset: 1)
  let codebook = try Codebook(bits: bits, model: randomM1, threads: 2)
  let examples = [Array(sampleText.prefix(4000)), Array(0...255), Array("x".utf8)]
  for (example, windows) in zip(examples, try coder.encode(examples: examples, threads: 2)) {
    #expect(codebook.encode(example).map { UInt128($0) } == windows.codes)
    #expect(windows.lengths.reduce(0, +) == example.count)
  }
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("codebook-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  try codebook.write(to: path, fingerprint: "abc")
  let loaded = try Codebook(path: path, bits: bits, fingerprint: "abc")
  #expect(loaded.codes == codebook.codes && loaded.branchOf == codebook.branchOf)
  #expect(loaded.textBytes == codebook.textBytes && loaded.textStart == codebook.textStart)
  #expect(throws: TokenizerError.self) { try Codebook(path: path, bits: bits, fingerprint: "abd") }
  var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
  bytes[bytes.count / 2] ^= 4
  try bytes.write(to: URL(fileURLWithPath: path))
  #expect(throws: TokenizerError.self) { try Codebook(path: path, bits: bits, fingerprint: "abc") }
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

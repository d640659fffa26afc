import Foundation
import Plugins
import Support
import Testing
import Tokenizers

@testable import Harness

private func tokenizer(_ name: String, training: [[UInt8]] = []) throws -> any Tokenizer {
  let registry = try Registry(builtInBackends)
  let spec = try registry.resolve(name)
  return try registry.backend(named: spec.name).train(
    spec,
    context: TrainingContext(
      examples: { AnySequence(training) },
      byteModel: { throw TokenizerError.training("test", reason: "no M1 here") }, seed: 0, threads: 1))
}

private func spaces(_ text: [UInt8]) throws -> [Int] { try PreTokenStarts(.space)(text) }

private let lines = (0..<30).map { "line \($0) of a text whose words come again and again, as words do\n" }.joined()

@Test func bytesAreAsExpected() throws {
  let text = Array(lines.utf8)
  let metrics = try IntrinsicMetrics(of: tokenizer("Bytes"), on: [text], preTokens: spaces, threads: 1)
  let words = lines.split(whereSeparator: \.isWhitespace)
  #expect(metrics.bytesPerToken == 1 && metrics.tokens == text.count)
  #expect(metrics.fertility == Double(text.count) / Double(words.count))
  #expect(
    abs((metrics.singleTokenRetention ?? 0) - Double(words.count { $0.count == 1 }) / Double(words.count)) < 1e-12)
  #expect(metrics.utf8Integrity == 1 && metrics.boundaryRecall == 1)
  // Every byte but the first begins a token; a pre-token is a word with the space before it, or the end of a line.
  let starts = lines.dropFirst().count { $0.isWhitespace } + lines.dropLast().count { $0 == "\n" }
  #expect(abs((metrics.boundaryPrecision ?? 0) - Double(starts) / Double(text.count - 1)) < 1e-12)
  #expect(metrics.vocabularyUse == Double(Set(text).count) / 256)
  // What stands before a sentence changes none of its bytes; a tenth of them gone is at least that.
  let deletion = try #require(metrics.deletionInstability)
  #expect(metrics.prefixInstability == 0 && deletion > 0.05 && deletion < 0.15)
}

/// A stream of one code is another one from the first changed byte on; a dictionary's tokens find back.
@Test func codesOfWholeTextsAreUnstable() throws {
  let text = Array(lines.utf8)
  let code = try IntrinsicMetrics(
    of: tokenizer("StaticAC[v=256]", training: [text]), on: [text], preTokens: spaces, threads: 2)
  let dictionary = try IntrinsicMetrics(
    of: tokenizer("LZWDictionary[v=256]", training: [text]), on: [text], preTokens: spaces, threads: 2)
  #expect((code.prefixInstability ?? 0) > 0.5 && (dictionary.prefixInstability ?? 1) < 0.2)
  #expect(code.utf8Integrity == nil && code.boundaryRecall == nil && code.fertility != nil)
}

@Test func anEmptyTextHasNoNumbers() throws {
  let metrics = try IntrinsicMetrics(of: tokenizer("Bytes"), on: [], preTokens: spaces, threads: 1)
  #expect(
    metrics.tokens == 0 && metrics.bytesPerToken == nil && metrics.fertility == nil && metrics.utf8Integrity == nil)
  #expect(metrics.vocabularyUse == nil && metrics.prefixInstability == nil && metrics.renyiEfficiency == nil)
}

/// Two bytes a token, the last one alone where they are odd.
private struct Pairs: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize = 1 << 17

  func encode(_ bytes: [UInt8]) -> [Token] {
    stride(from: 0, to: bytes.count, by: 2).map { place in
      place + 1 < bytes.count ? 1 << 16 | Token(bytes[place]) << 8 | Token(bytes[place + 1]) : Token(bytes[place])
    }
  }
  func decode(_ tokens: [Token], byteCount: Int) -> [UInt8] { decodeGenerated(tokens, maximumBytes: byteCount) }
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    tokens.flatMap { $0 >> 16 == 1 ? [UInt8($0 >> 8 & 255), UInt8($0 & 255)] : [UInt8($0 & 255)] }
  }
  func byteCounts(of tokens: [Token], in bytes: [UInt8]) -> [Int]? { tokens.map { $0 >> 16 == 1 ? 2 : 1 } }
}

@Test func stabilityByHand() throws {
  let pairs = Pairs(spec: try Registry(builtInBackends).resolve("Bytes"))
  // "x |ab|cd" and "yy| a|bc|d": without "x " and "yy", 2 and 3 tokens of which none is the other's. "vw| a|bc|d" and
  // "yy| a|bc|d" are the same after their first tokens.
  let prefixed = [("x abcd", "yy abcd"), ("vw abcd", "yy abcd")]
  #expect(try instability(of: pairs, threads: 1, between: [prefixed[0]], from: [2, 3]) == 1)
  #expect(try instability(of: pairs, threads: 1, between: prefixed, from: [2, 3, 3, 3]) == 0.5)
  // Of "ab|cd|ef" without c, "ab|de|f", two tokens of three are others; as bytes, one of six is gone.
  #expect(try instability(of: pairs, threads: 1, between: [("abcdef", "abdef")]) == 2.0 / 3)
  #expect(try instability(of: tokenizer("Bytes"), threads: 1, between: [("abcdef", "abdef")]) == 1.0 / 6)
  #expect(try instability(of: pairs, threads: 1, between: []) == nil)
}

@Test func premiumsByHand() throws {
  func text(_ bytes: Int) -> [[UInt8]] { [[UInt8](repeating: 0x61, count: bytes)] }
  let costs = try LanguageCosts(of: tokenizer("Bytes"), on: [("eng", text(10)), ("deu", text(30))], threads: 1)
  #expect(costs.languages.map(\.premium) == [1, 3] && costs.gini == 0.25)
  let none = try LanguageCosts(of: tokenizer("Bytes"), on: [("eng", text(0)), ("deu", text(0))], threads: 1)
  #expect(none.languages.map(\.premium) == [nil, nil] && none.gini == nil)
}

/// Lines without a word: nothing can be put before them.
@Test func linesOfSpacesHaveNoStability() throws {
  let text = Array((String(repeating: " ", count: 60) + "\n" + String(repeating: "\t", count: 60) + "\n").utf8)
  let metrics = try IntrinsicMetrics(of: tokenizer("Bytes"), on: [text], preTokens: spaces, threads: 1)
  #expect(metrics.fertility == nil && metrics.prefixInstability != nil)
  let spaces = try IntrinsicMetrics(
    of: tokenizer("Bytes"), on: [[UInt8](repeating: 0x20, count: 60)], preTokens: spaces, threads: 1)
  #expect(spaces.prefixInstability == nil && spaces.renyiEfficiency?.sign == .plus)
}

@Test func documentsAreReadWhole() throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("examples-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try makeFolder(folder)
  let text = [UInt8](repeating: 0x61, count: 300_000)
  try writeAtomically(text, to: folder + "/a.txt")
  try writeAtomically(Array("b".utf8), to: folder + "/b.txt")
  let examples = try readExamples([folder], exampleBytes: 100_000)
  #expect(examples.map(\.count) == [100_000, 100_000, 100_000, 1])
  #expect(try readExamples([folder], exampleBytes: 100_000, bytes: 150_000).map(\.count) == [100_000, 50_000])
  #expect(try readExamples([folder], exampleBytes: 100_000, bytes: 300_001).map(\.count).last == 1)
}

@Test func shownLinesAreWholeAndShort() {
  let long = String(repeating: "word ", count: 100)
  let example = Array("cut off \(lines)\(long)\nand the end of an example, which goes on elsewhere".utf8)
  let shown = shownLines(of: [example], count: 30)
  #expect(shown.count == 30, "all whole lines: 29 short ones, and the long one")
  #expect(!shown.contains { $0.hasPrefix("cut off") || $0.hasPrefix("and the end") })
  #expect(shown.last.map { $0.utf8.count <= 120 && $0.hasSuffix("word") } == true)
  #expect(shownLines(of: [Array("one line of forty bytes or a little more".utf8)]).count == 1)
  #expect(shownLines(of: [[0xFF, 0xFE]]).isEmpty && shownLines(of: []).isEmpty)
}

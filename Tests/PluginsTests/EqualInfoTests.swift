import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

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

@Test func greedyReportsWhatDoesNotDecode() throws {
  let greedy = try trained("EqualInfoAC[b=16,v=256,end=greedy]")
  let examples = [Array(sampleText.prefix(4000))]
  let tokens = try greedy.encode(examples: examples, threads: 1)
  let share = try #require(try greedy.facts(about: examples, tokens: tokens, threads: 1)["undecodableWindowShare"])
  #expect((share > 0) == (roundTripProblem(greedy, examples, tokens, threads: 1) != nil))
}

/// Whatever is known of windows from tokens alone is what encoding again would tell.
@Test(arguments: [
  "EqualInfoAC[b=16,v=256]", "EqualInfoAC[b=8,v=65k]", "EqualInfoAC[b=40,v=65k]", "EqualInfoAC[b=40,v=8,end=delay]",
  "EqualInfoAC[b=8,v=65k,reset=2]", "EqualInfoAC[b=24,v=256,end=greedy]",
])
func factsCountTheWindows(name: String) throws {
  let tokenizer = try #require(try trained(name) as? EqualInfoTokenizer)
  let examples = [Array(sampleText.prefix(3000)), [], Array("x".utf8)]
  let tokens = try tokenizer.encode(examples: examples, threads: 2)
  let windows = try tokenizer.coder.encode(examples: examples, threads: 2).reduce(0) { $0 + $1.codes.count }
  #expect(try tokenizer.facts(about: examples, tokens: tokens, threads: 2)["windows"] == Double(windows))
}

/// Windows that restart M1 look back on little; a codebook runs no M1.
@Test func theCostIsThatOfTheWindows() throws {
  func flops(_ name: String) throws -> Double { try trained(name).flopsPerByte }
  let whole = randomM1.flopsPerByte(meanContext: nil)
  #expect(try flops("AC[v=256]") == whole)
  #expect(try flops("EqualInfoAC[b=16,v=65k]") == 0)
  let (short, long) = (try flops("EqualInfoAC[b=24,v=256]"), try flops("EqualInfoAC[b=64,v=256]"))
  #expect(short < long && long < whole)
  #expect(try flops("EqualInfoAC[b=24,v=256,end=delay]") > short)  // it reads some bytes twice
}

/// Counted by hand: windows of n bytes read by M1 from BOS on.
@Test func theWorkIsCounted() {
  var work = ModelWork()
  for _ in 0..<3 { work.append() }
  work.restart()
  work.append()
  #expect(work.bytes == 4)
  #expect(work.positions == 2 + 3 + 4 + 2)
}

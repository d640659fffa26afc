import Foundation
import Harness
import Metrics
import Support
import Testing
import Tokenizers
import Transformer

@testable import Plugins

/// Training text: enough structure for every backend to train on.
let sampleText: [UInt8] = {
  var generator = SeededGenerator(seed: 9)
  let syllables = ["ka", "to", "re", "mi", "sun", "lor", "ing", "est", "phi", "qua", "ble", "der", "ov", "zu", "wy"]
  let words = (0..<700).map { _ in (0...generator.below(4)).map { _ in syllables[generator.below(15)] }.joined() }
  var text = ""
  for i in 0..<9000 { text += words[generator.below(700) * generator.below(700) / 700] + (i % 11 == 10 ? ".\n" : " ") }
  return Array(text.utf8)
}()

/// M1 with random weights: any distribution must round-trip, a learned one is no different.
let randomM1 = NeuralByteModel(
  Model(shape: ModelShape(dim: 32, heads: 2, layers: 2, headSize: 16, mlp: 64, vocabulary: 256), seed: 4),
  contextLength: 64, metadata: [:])

let sampleContext = TrainingContext(
  examples: {
    AnySequence(
      stride(from: 0, to: sampleText.count, by: 2000).map { Array(sampleText[$0..<min($0 + 2000, sampleText.count)]) })
  },
  byteModel: { randomM1 }, seed: 1, threads: 2)

let registry: Registry = {
  do { return try Registry(builtInBackends) } catch { preconditionFailure("\(error)") }
}()

func trained(_ name: String) throws -> any Tokenizer {
  let spec = try registry.resolve(name)
  return try registry.backend(named: spec.name).train(spec, context: sampleContext)
}

/// Every family, and every parameter at a value that is not its default.
private let names = [
  "Bytes", "SentencePiece[v=400]", "SentencePiece[v=400,model=bpe]", "GZip[v=256]", "GZip[v=65k]", "GZip[v=2]",
  "GZip[v=8k,header=off]", "AC[v=256]", "AC[v=65k]", "AC[v=2]", "StaticAC[v=256]", "StaticAC[v=65k]", "StaticAC[v=32]",
  "EqualInfoAC[b=8,v=256]", "EqualInfoAC[b=8,v=65k]", "EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=16,v=256]",
  "EqualInfoAC[b=16,v=65k]", "EqualInfoAC[b=16,v=2]", "EqualInfoAC[b=11,v=128]", "EqualInfoAC[b=24,v=256]",
  "EqualInfoAC[b=32,v=65k]", "EqualInfoAC[b=63,v=8]", "EqualInfoAC[b=64,v=65k]", "EqualInfoAC[b=128,v=65k]",
  "EqualInfoAC[b=16,v=256,end=delay]", "EqualInfoAC[b=128,v=256,end=delay]", "EqualInfoAC[b=15,v=256,end=delay]",
  "EqualInfoAC[b=16,v=256,reset=2]", "EqualInfoAC[b=16,v=65k,reset=never]", "EqualInfoAC[b=100,v=16,reset=3]",
  "M1Dictionary[v=256]", "M1Dictionary[v=4k]",
]

@Test(arguments: names)
func everyBackendRoundTripsEverything(name: String) throws {
  let tokenizer = try trained(name)
  #expect(tokenizer.isLossless)
  #expect(roundTripFailures(tokenizer, texts: hardCases, threads: 2).map { "\($0.name): \($0.reason)" } == [])
  // Random byte strings of all lengths up to 60, and text.
  var generator = SeededGenerator(seed: 77)
  let random = (0..<1000).map { _ in (0..<generator.below(60)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }
  let texts = random + [Array(sampleText.prefix(3000))]
  let tokens = try tokenizer.encode(examples: texts, threads: 2)
  #expect(tokens.joined().allSatisfy { $0 < tokenizer.vocabularySize })
  #expect(roundTripProblem(tokenizer, texts, tokens, threads: 2) == nil)
  #expect(try tokenizer.encode(examples: texts, threads: 1) == tokens, "depends on threads")
  #expect(try tokenizer.encode(texts[3]) == tokens[3], "alone and among others differ")

  // Saved and loaded, it is the same tokenizer.
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokenizer-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try SavedTokenizer.save(tokenizer, to: folder)
  let loaded = try SavedTokenizer(folder: folder, registry: registry).tokenizer
  #expect(loaded.spec == tokenizer.spec && loaded.vocabularySize == tokenizer.vocabularySize)
  #expect(try loaded.encode(examples: Array(texts.suffix(50)), threads: 2) == Array(tokens.suffix(50)))
  #expect(roundTripProblem(loaded, Array(texts.suffix(50)), Array(tokens.suffix(50)), threads: 2) == nil)

  // Tokens of another tokenizer are refused, whatever they are; made-up tokens never crash.
  #expect(throws: TokenizerError.self) { try tokenizer.decode([Token(tokenizer.vocabularySize)], byteCount: 1) }
  if !name.contains("AC[v") {  // any number of the lowest byte may have an arithmetic code of no bits
    #expect(throws: TokenizerError.self) { try tokenizer.decode(tokens[tokens.count - 1], byteCount: 1 << 47) }
  }
  for length in [0, 1, 7, 40] {
    let madeUp = (0..<length).map { _ in Token(generator.below(tokenizer.vocabularySize)) }
    #expect(tokenizer.decodeGenerated(madeUp, maximumBytes: 30).count <= 30)
    _ = try? tokenizer.decode(madeUp, byteCount: 25)
  }
}

@Test(arguments: ["Bytes", "SentencePiece[v=400]", "GZip[v=256]", "StaticAC[v=65k]", "EqualInfoAC[b=16,v=65k]"])
func aMegabyteOfOneByteComesBack(name: String) throws {
  let tokenizer = try trained(name)
  let text = [UInt8](repeating: 0x61, count: 1 << 20)
  #expect(try tokenizer.decode(try tokenizer.encode(text), byteCount: text.count) == text)
}

@Test func everyNameOfThePaperResolves() throws {
  struct Paper: Decodable { let compressionRatio: [String: Double] }
  let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../baselines/paper.json"
  let paper = try JSONDecoder().decode(Paper.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  #expect(paper.compressionRatio.count > 20)
  for name in paper.compressionRatio.keys { #expect(throws: Never.self) { try registry.resolve(name) } }
  for bits in 1...16 { #expect(throws: Never.self) { try registry.resolve("AC[v=\(1 << bits)]") } }
}

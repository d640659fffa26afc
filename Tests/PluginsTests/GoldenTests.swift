import Foundation
import Testing
import Tokenizers

@testable import Plugins
@testable import Transformer

/// What a small fixed M1 computes, to the last bit. Any change of these numbers is a breaking change of every code that
/// an M1 has written: it needs new format numbers.
///
/// `HARNESS_WRITE_GOLDEN=<folder> swift test --filter golden` writes the files anew.
private struct Golden: Codable, Equatable {
  /// Bit patterns of the 256 logits after the first bytes of the text, in hexadecimal, 8 digits each.
  var logits: [String]
  /// The text's tokens.
  var tokens: [String: [Token]]
}

private let goldenText = Array(
  "The golden text pins every bit: ünïcödé, 0123456789,\n\ttabs, \u{2581}, and repeats repeats.".utf8)

private func golden(_ m1: NeuralByteModel) throws -> Golden {
  let streams = InferenceStreams(m1.inference, count: 1)
  streams.advance([.init(stream: 0, tokens: goldenText.prefix(8).map { Int32($0) }, keep: 8)])
  let logits = (0..<8).map { row in
    (0..<256).map { String(format: "%08x", streams.logits.p[row * 256 + $0].bitPattern) }.joined()
  }
  let names = [
    "AC[v=256]", "AC[v=65k]", "EqualInfoAC[b=8,v=256]", "EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=16,v=65k]",
    "EqualInfoAC[b=32,v=65k]", "EqualInfoAC[b=128,v=256]", "EqualInfoAC[b=16,v=65k,end=greedy]",
    "EqualInfoAC[b=16,v=65k,end=delay]", "EqualInfoAC[b=20,v=1k,reset=2]", "M1Dictionary[v=1k]",
    "EqualInfoAC[b=12,v=4k,cut=pretoken]", "EqualInfoAC[b=32,v=65k,cut=pretoken]",
    "EqualInfoAC[b=12,v=4k,cut=entropy]", "M1Dictionary[v=1k,cut=pretoken]",
    "M1Dictionary[v=1k,cut=entropy,segmenter=path]",
  ]
  let context = TrainingContext(examples: { AnySequence([]) }, byteModel: { m1 }, seed: 0, threads: 2)
  var tokens: [String: [Token]] = [:]
  for name in names {
    let spec = try registry.resolve(name)
    let tokenizer = try registry.backend(named: spec.name).train(spec, context: context)
    tokens[name] = try tokenizer.encode(goldenText)
    if tokenizer.isLossless {
      #expect(try tokenizer.decode(tokens[name] ?? [], byteCount: goldenText.count) == goldenText, "\(name)")
    }
  }
  return Golden(logits: logits, tokens: tokens)
}

@Test func goldenFileMatchesOnEveryKernelSet() throws {
  if let folder = ProcessInfo.processInfo.environment["HARNESS_WRITE_GOLDEN"] {
    let shape = ModelShape(dim: 16, heads: 1, layers: 2, headSize: 16, mlp: 32, vocabulary: 256)
    let m1 = NeuralByteModel(Model(shape: shape, seed: 6), contextLength: 64, kernelSet: nil)
    try m1.save(to: folder)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try encoder.encode(golden(m1)).write(to: URL(fileURLWithPath: folder + "/golden.json"))
    return
  }
  let folder = try #require(Bundle.module.path(forResource: "Golden", ofType: nil))
  let expected = try JSONDecoder().decode(
    Golden.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/golden.json")))
  let loaded = try NeuralByteModel.load(from: folder)
  for set in ["plain", "avx2", "avx512", "neon"] where kernelSetRuns(set) {
    let m1 = NeuralByteModel(loaded.model, contextLength: 64, kernelSet: set)
    let found = try golden(m1)
    #expect(found.logits == expected.logits, "\(set)")
    #expect(found.tokens == expected.tokens, "\(set)")
  }
}

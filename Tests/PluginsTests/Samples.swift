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

let loadingContext = LoadingContext(byteModel: { try NeuralByteModel.load(from: $0) }, threads: 2)

let registry: Registry = {
  do { return try Registry(builtInBackends) } catch { preconditionFailure("\(error)") }
}()

func trained(_ name: String) throws -> any Tokenizer {
  let spec = try registry.resolve(name)
  return try registry.backend(named: spec.name).train(spec, context: sampleContext)
}

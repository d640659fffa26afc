import CKernels
import Testing
import Tokenizers

@testable import Transformer

/// Token i is the byte i.
private struct Alphabet: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int

  init(_ vocabularySize: Int) throws {
    spec = try Registry([Backend()]).resolve("Alphabet")
    self.vocabularySize = vocabularySize
  }
  func encode(_ bytes: [UInt8]) throws -> [Token] { bytes.map { Token($0) } }
  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] { tokens.map { UInt8($0) } }
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    tokens.prefix(maximumBytes).map { UInt8($0) }
  }

  struct Backend: TokenizerBackend {
    let descriptor = TokenizerDescriptor(name: "Alphabet", summary: "for this test", parameters: [], source: "none")
    func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer { try Alphabet(19) }
    func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
      try Alphabet(19)
    }
  }
}

private let model = Model(
  shape: ModelShape(dim: 32, heads: 2, layers: 2, headSize: 16, mlp: 64, vocabulary: 19), seed: 4)

private func sample(_ prompt: [UInt8], temperature: Double, seed: UInt64 = 1, bytes: Int = 16) throws -> [UInt8] {
  try generate(
    model: model, tokenizer: Alphabet(19), prompt: prompt, bytes: bytes, temperature: temperature, sequenceLength: 12,
    seed: seed
  ).text
}

/// With temperature 0 each token is the likeliest after what a fresh stream reads, the context renewed when it is full.
@Test func theLikeliestTokenFollowsTheContext() throws {
  let prompt: [UInt8] = [3, 1, 4]
  let text = try sample(prompt, temperature: 0)
  try #require(text.count == 16)
  let streams = InferenceStreams(InferenceModel(model), count: 1)
  var context = prompt.map { Int32($0) }
  for byte in text {
    if context.count + 1 > 12 { context = Array(context.suffix(6)) }
    streams.restart(0)
    streams.advance([.init(stream: 0, tokens: context, keep: 1)])
    let logits = Array(streams.logits(ofRow: 0))
    #expect(logits.firstIndex(of: logits.max() ?? 0) == Int(byte))
    context.append(Int32(byte))
  }
}

@Test func sampledFirstTokensFollowTheDistribution() throws {
  let streams = InferenceStreams(InferenceModel(model), count: 1)
  let logits = streams.bosLogits.values.map { Double($0) / 2 }
  let total = logits.reduce(0) { $0 + ck_exp($1) }
  var counts = [Int](repeating: 0, count: 19)
  for seed in 0..<2000 { counts[Int(try sample([], temperature: 2, seed: UInt64(seed), bytes: 1)[0])] += 1 }
  for token in 0..<19 {
    let expected = 2000 * ck_exp(logits[token]) / total
    #expect(abs(Double(counts[token]) - expected) < 5 * expected.squareRoot() + 5, "token \(token)")
  }
}

@Test func aModelOfAnotherVocabularyIsRefused() throws {
  #expect(throws: TransformerError.otherVocabulary(tokenizer: 20, model: 19)) {
    _ = try generate(
      model: model, tokenizer: Alphabet(20), prompt: [], bytes: 1, temperature: 1, sequenceLength: 12, seed: 1)
  }
}

/// As many tokens as are asked for, whatever they decode to.
@Test func tokensCanBeCountedInsteadOfBytes() throws {
  let made = try generate(
    model: model, tokenizer: Alphabet(19), prompt: [], bytes: 5, tokens: 40, temperature: 1, sequenceLength: 12, seed: 1
  )
  #expect(made.tokens == 40 && made.text.count == 5)
  #expect(made.text == Array(try sample([], temperature: 1).prefix(5)))
}

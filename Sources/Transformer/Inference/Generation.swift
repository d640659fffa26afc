import CKernels
import Support
import Tokenizers

/// What sampling from a trained M2 gave.
public struct Generation: Sendable, Codable {
  public let text: [UInt8]
  public let tokens: Int
  public let seconds: Double
  public var stepsPerSecond: Double { Double(tokens) / seconds }
  public var bytesPerSecond: Double { Double(text.count) / seconds }
}

/// Samples tokens from a trained model, with a KV cache, and decodes them. The same text on every machine.
///
/// The context is the training sequence length; when it is full it begins anew with BOS and its last half.
///
/// - Parameters:
///   - prompt: is not part of the result; an empty one begins at BOS.
///   - bytes: as many are made; fewer where the tokens decode to less.
///   - tokens: exactly so many are made, and decoded once at the end; nil for as many as the bytes take.
///   - temperature: divides the logits; 0 takes the likeliest token.
///   - sequenceLength: of the model's training, at least 2.
/// - Throws: ``TransformerError/otherVocabulary(tokenizer:model:)``, and what the tokenizer throws for the prompt.
public func generate(
  model: Model, tokenizer: any Tokenizer, prompt: [UInt8], bytes: Int, tokens: Int? = nil, temperature: Double,
  sequenceLength: Int, seed: UInt64
) throws -> Generation {
  precondition(sequenceLength >= 2 && temperature >= 0, "a context of at least two positions, no negative temperature")
  guard model.shape.vocabulary == tokenizer.vocabularySize else {
    throw TransformerError.otherVocabulary(tokenizer: tokenizer.vocabularySize, model: model.shape.vocabulary)
  }
  let inference = InferenceModel(model)
  let clock = Stopwatch()
  let streams = InferenceStreams(inference, count: 1)
  var sampler = Sampler(temperature: temperature, seed: seed)
  let promptTokens = prompt.isEmpty ? [] : try tokenizer.encode(prompt)
  var made: [Token] = []
  /// The prompt's tokens are decoded along: arithmetic codes and gzip streams only go on from their beginning.
  func decoded() -> [UInt8] {
    let all = tokenizer.decodeGenerated(promptTokens + made, maximumBytes: prompt.count + bytes)
    return Array(all.dropFirst(prompt.count))
  }

  var pending = promptTokens.suffix(sequenceLength - 1).map { Int32($0) }
  var text: [UInt8] = []
  // Decoding everything anew at each step would be quadratic; it is tried at growing counts.
  var nextLook = 16
  let most = tokens ?? 64 * bytes + 1024
  while made.count < most, tokens != nil || text.count < bytes {
    if streams.lengths[0] + pending.count > sequenceLength {
      streams.restart(0)
      pending = (promptTokens + made).suffix(sequenceLength / 2).map { Int32($0) }
    }
    if !pending.isEmpty { streams.advance([.init(stream: 0, tokens: pending, keep: 1)]) }
    let token = sampler.next(pending.isEmpty ? streams.bosLogits.values : streams.logits(ofRow: 0))
    pending = [Int32(token)]
    made.append(Token(token))
    if tokens == nil, made.count == nextLook {
      text = decoded()
      nextLook += max(16, nextLook / 4)
    }
  }
  if tokens != nil { text = decoded() }
  return Generation(text: text, tokens: made.count, seconds: clock.seconds)
}

/// Draws tokens from softmax(logits / temperature).
private struct Sampler {
  let temperature: Double
  private var generator: SeededGenerator

  init(temperature: Double, seed: UInt64) {
    self.temperature = temperature
    generator = SeededGenerator(seed: seed, purpose: "sampling")
  }

  /// - Parameter logits: not empty.
  mutating func next(_ logits: UnsafeBufferPointer<Float>) -> Int {
    var best = 0
    for i in logits.indices where logits[i] > logits[best] { best = i }
    guard temperature > 0 else { return best }
    let top = Double(logits[best])
    let weights = logits.map { ck_exp((Double($0) - top) / temperature) }
    var target = generator.uniform() * weights.reduce(0, +)
    for i in weights.indices {
      target -= weights[i]
      if target < 0 { return i }
    }
    return best
  }
}

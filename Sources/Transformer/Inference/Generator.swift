import Foundation
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

/// Samples tokens from a trained model, with a KV cache, and decodes them.
///
/// The context is the training sequence length; when it is full it begins anew with BOS and its last half.
public func generate(
  model: Model, tokenizer: any Tokenizer, prompt: [UInt8], bytes: Int, temperature: Double, sequenceLength: Int,
  seed: UInt64
) throws -> Generation {
  let inference = InferenceModel(model)
  let streams = InferenceStreams(inference, count: 1)
  let vocabulary = model.shape.vocabulary
  var generator = SeededGenerator(seed: seed, purpose: "sampling")
  let promptTokens = prompt.isEmpty ? [] : try tokenizer.encode(prompt)
  var tokens = promptTokens.map { Int32(bitPattern: $0) }
  var made: [Token] = []
  var weights = [Double](repeating: 0, count: vocabulary)

  func sample(_ logits: UnsafePointer<Float>) -> Int32 {
    var best = 0
    for i in 1..<vocabulary where logits[i] > logits[best] { best = i }
    guard temperature > 0 else { return Int32(best) }
    var total = 0.0
    for i in 0..<vocabulary {
      weights[i] = exp((Double(logits[i]) - Double(logits[best])) / temperature)
      total += weights[i]
    }
    var target = generator.uniform() * total
    for i in 0..<vocabulary {
      target -= weights[i]
      if target < 0 { return Int32(i) }
    }
    return Int32(best)
  }

  let start = Date()
  var pending = Array(tokens.suffix(sequenceLength - 1))
  // Decoding everything anew at each step would be quadratic; it is tried at growing counts.
  var nextLook = 16
  var text: [UInt8] = []
  while made.count < 64 * bytes + 1024 {
    if pending.isEmpty, tokens.isEmpty {
      tokens.append(sample(streams.bosLogits.p))
    } else {
      if streams.lengths[0] + pending.count > sequenceLength {
        streams.restart(0)
        pending = Array(tokens.suffix(sequenceLength / 2))
      }
      streams.advance([.init(stream: 0, tokens: pending, keep: 1)])
      tokens.append(sample(streams.logits.p))
    }
    pending = [tokens[tokens.count - 1]]
    made.append(Token(bitPattern: tokens[tokens.count - 1]))
    if made.count == nextLook {
      text = decoded()
      if text.count >= bytes { break }
      nextLook += max(16, nextLook / 4)
    }
  }
  /// The prompt's tokens are decoded along: arithmetic codes and gzip streams only go on from their beginning.
  func decoded() -> [UInt8] {
    let all = tokenizer.decodeGenerated(promptTokens + made, maximumBytes: prompt.count + bytes)
    return Array(all.dropFirst(prompt.count))
  }
  return Generation(text: text, tokens: made.count, seconds: Date().timeIntervalSince(start))
}

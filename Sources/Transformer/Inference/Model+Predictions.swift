import CKernels
import Support

/// What a model says of one token in its place.
public struct TokenPrediction: Sendable, Hashable {
  /// −ln p of the token.
  public let nats: Double
  /// The token that it thinks likeliest; of several the lowest.
  public let likeliest: Int32
}

extension Model {
  /// What the model says of each token of some sequences, each begun by BOS. Exact: the same on every machine.
  /// - Parameter sequences: of any lengths.
  /// - Throws: ``TransformerError/tokenOutOfRange(_:vocabulary:)``.
  public func predictions(of sequences: [[Int32]], threads: Int) throws -> [[TokenPrediction]] {
    let inference = InferenceModel(self)
    return try parallelMap(sequences.count, threads: threads) { index in
      let tokens = sequences[index]
      try checkTokens(tokens, vocabulary: shape.vocabulary)
      guard let first = tokens.first else { return [] }
      let streams = InferenceStreams(inference, count: 1)
      var found = [Self.prediction(of: first, streams.bosLogits.values)]
      if tokens.count > 1 {
        streams.advance([.init(stream: 0, tokens: Array(tokens.dropLast()), keep: tokens.count - 1)])
        found += tokens.dropFirst().enumerated().map { Self.prediction(of: $1, streams.logits(ofRow: $0)) }
      }
      return found
    }
  }

  private static func prediction(of token: Int32, _ logits: UnsafeBufferPointer<Float>) -> TokenPrediction {
    var best = 0
    for i in logits.indices where logits[i] > logits[best] { best = i }
    let top = Double(logits[best])
    let sum = logits.reduce(0.0) { $0 + ck_exp(Double($1) - top) }
    return TokenPrediction(nats: ck_log(sum) + top - Double(logits[Int(token)]), likeliest: Int32(best))
  }
}

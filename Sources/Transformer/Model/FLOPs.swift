/// Which FLOPs are counted.
public enum FLOPsConvention: String, Sendable, Codable, CaseIterable {
  /// Projections, MLP, causal attention and the vocabulary head.
  case all
  /// The paper's: two for each weight outside the embeddings.
  case nonembedding

  /// Forward FLOPs per token at sequence length S.
  ///
  /// all: Σ layers [8·D·H·d + 4·D·F + 4·H·d·(S+1)/2] + 2·D·V.
  public func forwardPerToken(_ shape: ModelShape, sequenceLength: Int) -> Double {
    switch self {
    case .nonembedding: return 2 * Double(shape.nonEmbeddingParameters)
    case .all:
      let projections = Double(8 * shape.dim * shape.heads * shape.headSize)
      let mlp = Double(4 * shape.dim * shape.mlp)
      let attention = Double(4 * shape.heads * shape.headSize) * Double(sequenceLength + 1) / 2
      return Double(shape.layers) * (projections + mlp + attention) + Double(2 * shape.dim * shape.vocabulary)
    }
  }

  /// Training costs three forward passes.
  public func trainingPerToken(_ shape: ModelShape, sequenceLength: Int) -> Double {
    3 * forwardPerToken(shape, sequenceLength: sequenceLength)
  }
}

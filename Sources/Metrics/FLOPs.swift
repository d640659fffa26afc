/// The shape of a decoder-only transformer, as far as its cost goes.
public struct ModelShape: Sendable, Hashable {
  public var dim: Int
  public var heads: Int
  public var layers: Int
  public var headSize: Int
  public var mlp: Int
  public var vocabulary: Int

  public init(dim: Int, heads: Int, layers: Int, headSize: Int, mlp: Int, vocabulary: Int) {
    self.dim = dim
    self.heads = heads
    self.layers = layers
    self.headSize = headSize
    self.mlp = mlp
    self.vocabulary = vocabulary
  }

  /// Weights of the matrices in the layers, embeddings not counted.
  public var nonEmbeddingParameters: Int { layers * (4 * dim * heads * headSize + 2 * dim * mlp) }
}

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

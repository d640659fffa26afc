/// The shape of a decoder-only transformer, as far as its cost goes.
public struct ModelShape: Sendable, Hashable, Codable {
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

  /// Weights of the embedding, BOS's row included; it is also the head.
  public var embeddingParameters: Int { (vocabulary + 1) * dim }

  /// Weights of the matrices in the layers, embeddings not counted.
  public var nonEmbeddingParameters: Int { layers * (4 * dim * heads * headSize + 2 * dim * mlp) }
  /// All weights. A Double, so that no shape overflows it.
  var parameters: Double {
    let (D, H, A, F) = (Double(dim), Double(heads), Double(heads) * Double(headSize), Double(mlp))
    return Double(layers) * (4 * D * A + 2 * D * F + 2 * D + 32 * H) + Double(vocabulary + 2) * D
  }
}

extension ModelShape {
  /// The paper's sizes (table 5) from `3m` up, and smaller ones for a laptop: dim, heads, layers, MLP; head size 64.
  /// Those below `3m` are named for their weights outside the embedding; but `1m` has 393k of them.
  static let sizes: [(name: String, dim: Int, heads: Int, layers: Int, mlp: Int)] = [
    ("16k", 32, 1, 1, 128),
    ("33k", 32, 1, 2, 128),
    ("49k", 64, 1, 1, 256),
    ("100k", 64, 1, 2, 256),
    ("200k", 96, 2, 2, 256),
    ("1m", 128, 2, 2, 512),
    ("900k", 192, 3, 2, 768),
    ("3m", 256, 4, 3, 1024),
    ("25m", 512, 8, 6, 2048),
    ("113m", 768, 12, 12, 3072),
    ("403m", 1024, 16, 24, 4096),
    ("2b", 2048, 32, 24, 8192),
  ]

  /// Names that ``init(named:vocabulary:)`` takes.
  public static var sizeNames: [String] { sizes.map(\.name) }

  /// Dim, heads, layers and MLP of every size, by name: what a name stands for.
  public static var sizeDefinitions: [String: [Int]] {
    Dictionary(uniqueKeysWithValues: sizes.map { ($0.name, [$0.dim, $0.heads, $0.layers, $0.mlp]) })
  }

  /// nil for an unknown name.
  public init?(named name: String, vocabulary: Int) {
    guard let size = Self.sizes.first(where: { $0.name == name }) else { return nil }
    self.init(
      dim: size.dim, heads: size.heads, layers: size.layers, headSize: 64, mlp: size.mlp, vocabulary: vocabulary)
  }

  /// Width of all heads together.
  var attentionWidth: Int { heads * headSize }
  /// The row of the embedding that begins every sequence; no tokenizer can emit it.
  var bos: Int32 { Int32(vocabulary) }
}

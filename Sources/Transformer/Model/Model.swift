/// A transformer's weights.
public struct Model: Sendable {
  public let shape: ModelShape
  package let parameters: FloatBuffer

  package init(shape: ModelShape, parameters: FloatBuffer) {
    self.shape = shape
    self.parameters = parameters
  }

  /// Freshly initialised weights.
  /// - Parameter embeddingScale: standard deviation of the embedding's weights.
  public init(shape: ModelShape, seed: UInt64, embeddingScale: Double = 1) {
    self.shape = shape
    let layout = ParameterLayout(shape)
    parameters = FloatBuffer(layout.count)
    layout.initialize(parameters, layerCount: shape.layers, seed: seed, embeddingScale: embeddingScale)
  }

  /// The same with more ids: those there were keep their weights, and so does BOS; the new ones are freshly initialised.
  public func widened(to vocabulary: Int, seed: UInt64, embeddingScale: Double = 1) -> Model {
    precondition(vocabulary >= shape.vocabulary, "ids are added, not taken away")
    var wider = shape
    wider.vocabulary = vocabulary
    let model = Model(shape: wider, seed: seed, embeddingScale: embeddingScale)
    let (D, old, new) = (shape.dim, ParameterLayout(shape), ParameterLayout(wider))
    for (from, to) in zip(old.tensors, new.tensors) {
      let source = parameters.p + from.offset, target = model.parameters.p + to.offset
      guard from.isEmbedding else {
        target.update(from: source, count: from.count)
        continue
      }
      target.update(from: source, count: shape.vocabulary * D)
      (target + vocabulary * D).update(from: source + shape.vocabulary * D, count: D)
    }
    return model
  }

  private static let keys = ["dim", "heads", "layers", "headSize", "mlp", "vocabulary"]

  /// Writes the weights as safetensors; the shape goes into the metadata.
  public func save(to path: String, metadata: [String: String] = [:]) throws {
    try SafeTensors.write(to: path, metadata: metadata.merging(table) { $1 }, tensors: tensors)
  }

  /// The shape as a file's metadata.
  package var table: [String: String] {
    let numbers = [shape.dim, shape.heads, shape.layers, shape.headSize, shape.mlp, shape.vocabulary]
    return Dictionary(uniqueKeysWithValues: zip(Self.keys, numbers.map(String.init)))
  }

  package var tensors: [SafeTensors.Tensor] {
    ParameterLayout(shape).tensors.map { ($0.name, $0.shape, parameters.slice($0.offset, $0.count)) }
  }

  /// - Throws: `FileError` for a file that cannot be read, ``TransformerError/damagedFile(_:reason:)`` for what is no
  ///   whole model.
  public static func load(from path: String) throws -> (model: Model, metadata: [String: String]) {
    let file = try SafeTensors(path: path)
    let numbers = keys.compactMap { file.metadata[$0].flatMap(Int.init) }
    guard numbers.count == keys.count, numbers.allSatisfy({ $0 > 0 && $0 < 1 << 24 }), numbers[3] % 16 == 0 else {
      throw TransformerError.damagedFile(path, reason: "a safetensors file, but not a model of this program")
    }
    let shape = ModelShape(
      dim: numbers[0], heads: numbers[1], layers: numbers[2], headSize: numbers[3], mlp: numbers[4],
      vocabulary: numbers[5])
    guard 4 * shape.parameters <= Double(file.byteCount) else {  // before anything of that size is allocated
      throw TransformerError.damagedFile(path, reason: "truncated, or its shape is not that of its tensors")
    }
    let layout = ParameterLayout(shape)
    let parameters = FloatBuffer(layout.count)
    for tensor in layout.tensors {
      try file.read(tensor.name, shape: tensor.shape, into: parameters.at(tensor.offset, tensor.count))
    }
    return (Model(shape: shape, parameters: parameters), file.metadata)
  }
}

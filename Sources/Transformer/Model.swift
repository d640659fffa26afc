import CKernels
import Foundation
import Support
import Tokenizers

/// A transformer's weights.
public struct Model: Sendable {
  public let shape: ModelShape
  package let parameters: FloatBuffer

  package init(shape: ModelShape, parameters: FloatBuffer) {
    self.shape = shape
    self.parameters = parameters
  }

  /// Freshly initialised weights.
  public init(shape: ModelShape, seed: UInt64) {
    self.shape = shape
    let layout = ParameterLayout(shape)
    parameters = FloatBuffer(layout.count)
    layout.initialize(parameters, layerCount: shape.layers, seed: seed)
  }

  private static let keys = ["dim", "heads", "layers", "headSize", "mlp", "vocabulary"]

  /// Writes the weights as safetensors; the shape goes into the metadata.
  public func save(to path: String, metadata: [String: String] = [:]) throws {
    var table = metadata
    let numbers = [shape.dim, shape.heads, shape.layers, shape.headSize, shape.mlp, shape.vocabulary]
    for (key, number) in zip(Self.keys, numbers) { table[key] = "\(number)" }
    let tensors = ParameterLayout(shape).tensors.map {
      ($0.name, $0.shape, UnsafeBufferPointer(start: UnsafePointer(parameters.p + $0.offset), count: $0.count))
    }
    try SafeTensors.write(to: path, metadata: table, tensors: tensors)
  }

  /// - Throws: ``TransformerError/damagedFile(_:reason:)``.
  public static func load(from path: String) throws -> (model: Model, metadata: [String: String]) {
    let file = try SafeTensors(path: path)
    let numbers = keys.compactMap { file.metadata[$0].flatMap(Int.init) }
    guard numbers.count == keys.count, numbers.allSatisfy({ $0 > 0 && $0 < 1 << 24 }), numbers[3] % 16 == 0 else {
      throw TransformerError.damagedFile(path, reason: "a safetensors file, but not a model of this program")
    }
    let shape = ModelShape(
      dim: numbers[0], heads: numbers[1], layers: numbers[2], headSize: numbers[3], mlp: numbers[4],
      vocabulary: numbers[5])
    let layout = ParameterLayout(shape)
    guard layout.tensors.reduce(0, { $0 + $1.count * 4 }) <= file.byteCount else {
      throw TransformerError.damagedFile(path, reason: "truncated, or its shape is not that of its tensors")
    }
    let parameters = FloatBuffer(layout.count)
    for tensor in layout.tensors {
      try file.read(tensor.name, shape: tensor.shape, into: parameters.p + tensor.offset)
    }
    return (Model(shape: shape, parameters: parameters), file.metadata)
  }

  /// Nats over all tokens: the stream cut into sequences, each begun by BOS, the last one short.
  ///
  /// Sequences go to threads in fixed groups whose sums are added in order: the same for any thread count.
  public func totalNats(
    count: Int, sequenceLength S: Int, precision: Precision, threads: Int,
    tokens: @escaping @Sendable (Int) -> Int32, progress: (@Sendable (Int) -> Void)? = nil
  ) throws -> Double {
    guard count > 0 else { return 0 }
    let products = try MatrixProduct(precision)
    let group = max(1, min(8, 4096 / S))
    let sequences = (count + S - 1) / S
    let groups = (sequences + group - 1) / group
    let shape = shape
    let store = WeightStore(parameters, precision)
    let weights = UncheckedBox(store.weights(threads: threads))  // read by all, as long as the store lives
    // Each thread takes a contiguous run of groups, so that it makes its buffers once.
    let parts = max(1, min(threads, groups))
    let perPart: [[Double]] = try parallelMap(parts, threads: threads) { part in
      let shard = TrainingShard(shape: shape, sequences: group, length: S, products: products, backward: false)
      let inputs = TokenBuffer(group * S), targets = TokenBuffer(group * S)
      return (groups * part / parts..<groups * (part + 1) / parts).map { g in
        for n in 0..<group {
          let start = (g * group + n) * S
          for t in 0..<S {
            targets.p[n * S + t] = start + t < count ? tokens(start + t) : -1
            inputs.p[n * S + t] = t == 0 || start + t >= count ? shape.bos : targets.p[n * S + t - 1]
          }
        }
        return shard.run(
          parameters: weights.value, gradients: nil, inputs: inputs.p, targets: targets.p, gradientScale: 0, zLoss: 0
        ).nats
      }
    }
    return withExtendedLifetime(store) { perPart.joined().reduce(0, +) }
  }
}
extension SafeTensors {
  var byteCount: Int { data.count }
}

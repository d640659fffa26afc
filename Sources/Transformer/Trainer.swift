import CKernels
import Foundation
import Support
import Tokenizers

/// Everything that decides how a model is trained, the data aside.
public struct TrainingOptions: Sendable, Hashable, Codable {
  public var batch = 16
  /// Tokens of a sequence; the model also sees BOS before them.
  public var sequenceLength = 512
  public var optimizer = OptimizerKind.adamw
  public var schedule = Schedule.linear
  public var learningRate = 3e-3
  public var warmup = 100
  public var weightDecay = 0.01
  public var zLoss = 1e-4
  /// Gradients are scaled down to this norm; 0 for never.
  public var clip = 1.0
  /// Fixed parts of a batch, each run by one thread; results depend on this number but not on the thread count.
  public var shards = 2
  public var precision = Precision.f32
  public init() {}
}

/// Where training sequences come from.
public protocol SequenceSource: Sendable {
  /// Tokens of sequence `index` of the endless training order: `out` has the sequence length.
  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>)
}

/// Trains one transformer, a step at a time.
///
/// A batch is cut into fixed shards of whole sequences, one thread each; their gradients are summed in shard order, so
/// the result does not depend on the thread count.
public final class Trainer {
  public let shape: ModelShape
  public let options: TrainingOptions
  public let totalSteps: Int
  public let seed: UInt64
  /// Steps done.
  public private(set) var step = 0
  package let layout: ParameterLayout
  package let parameters: FloatBuffer
  private let store: WeightStore
  private let optimizer: Optimizer
  private let gradients: GradientShards
  private let shards: [UncheckedBox<TrainingShard>]
  private let firstSequence: [Int]  // of each shard, within the batch
  private let inputs: TokenBuffer
  private let targets: TokenBuffer
  private let threads: Int
  private var optimizerTimes = PhaseTimes()

  /// Thread-seconds that each ``Phase`` has taken since ``resetTimes()``, by its raw value. Phases within a shard are one
  /// thread's; the optimiser's wall time counts once for every thread.
  package var times: [Double] {
    let workers = Double(min(threads, shards.count))
    return Phase.allCases.map { phase in
      shards.reduce(optimizerTimes.seconds[phase.rawValue] * workers) { $0 + $1.value.times.seconds[phase.rawValue] }
    }
  }
  package func resetTimes() {
    optimizerTimes = PhaseTimes()
    for shard in shards { shard.value.resetTimes() }
  }

  /// What one step did.
  public struct Step: Sendable {
    /// Mean nats per token before the update.
    public let lossNats: Double
    public let gradientNorm: Double
    public let learningRate: Double
  }

  public init(shape: ModelShape, options: TrainingOptions, totalSteps: Int, seed: UInt64, threads: Int) throws {
    self.shape = shape
    self.options = options
    self.totalSteps = totalSteps
    self.seed = seed
    self.threads = threads
    let layout = ParameterLayout(shape)
    self.layout = layout
    parameters = FloatBuffer(layout.count)
    store = WeightStore(parameters, options.precision)
    layout.initialize(parameters, layerCount: shape.layers, seed: seed)
    optimizer = Optimizer(options.optimizer, layout: layout, weightDecay: options.weightDecay)
    let products = try MatrixProduct(options.precision)
    let count = max(1, min(options.shards, options.batch))
    var first: [Int] = []
    var shards: [UncheckedBox<TrainingShard>] = []
    for s in 0..<count {
      first.append(options.batch * s / count)
      let sequences = options.batch * (s + 1) / count - options.batch * s / count
      shards.append(
        UncheckedBox(
          TrainingShard(
            shape: shape, sequences: sequences, length: options.sequenceLength, products: products, backward: true)))
    }
    firstSequence = first
    self.shards = shards
    gradients = GradientShards(count: shards.count, parameters: layout.count)
    inputs = TokenBuffer(options.batch * options.sequenceLength)
    targets = TokenBuffer(options.batch * options.sequenceLength)
  }

  /// - Throws: ``TransformerError/diverged(step:loss:)`` when the loss is no number.
  public func step(from source: some SequenceSource) throws -> Step {
    let (B, S) = (options.batch, options.sequenceLength)
    for b in 0..<B {
      let out = UnsafeMutableBufferPointer(start: targets.p + b * S, count: S)
      source.sequence(step * B + b, into: out)
      inputs.p[b * S] = shape.bos
      for t in 1..<max(1, S) { inputs.p[b * S + t] = out[t - 1] }
    }
    let scale = 1 / Float(B * S)
    let (gradients, inputs, targets, first) = (gradients, inputs, targets, firstSequence)
    let shards = shards, zLoss = Float(options.zLoss)
    let weights = UncheckedBox(store.weights(threads: threads))  // read by all
    let sums = try parallelMap(shards.count, threads: threads) { s in  // each shard writes only its own buffers
      let offset = first[s] * S
      return shards[s].value.run(
        parameters: weights.value, gradients: gradients[s].p, inputs: inputs.p + offset, targets: targets.p + offset,
        gradientScale: scale, zLoss: zLoss)
    }
    var total = LossSums()
    for sum in sums { total += sum }
    let loss = total.nats / Double(B * S)
    optimizerTimes.start()
    let norm = optimizer.gather(gradients, threads: threads)
    guard loss.isFinite, norm.isFinite else { throw TransformerError.diverged(step: step, loss: loss) }
    let rate =
      options.learningRate * options.schedule.factor(step: step, steps: totalSteps, warmup: options.warmup)
    optimizer.step(
      step, parameters: parameters, gradients: gradients[0],
      gradientScale: options.clip > 0 && norm > options.clip ? options.clip / norm : 1, learningRate: rate,
      threads: threads)
    optimizerTimes.end(.optimizer)
    step += 1
    return Step(lossNats: loss, gradientNorm: norm, learningRate: rate)
  }

  // MARK: Checkpoints

  /// The weights alone, readable by any safetensors reader.
  public func saveModel(to path: String, metadata: [String: String] = [:]) throws {
    try Model(shape: shape, parameters: parameters).save(to: path, metadata: metadata)
  }

  /// The model as it is now. Shares memory with the trainer: later steps change it.
  public var model: Model { Model(shape: shape, parameters: parameters) }

  /// Weights, optimiser state and step, to go on from. `metadata` travels along.
  public func saveCheckpoint(to path: String, metadata: [String: String] = [:]) throws {
    var table = metadata
    table["step"] = "\(step)"
    table["seed"] = "\(seed)"
    table["optimizer"] = options.optimizer.rawValue
    var tensors = layout.tensors.map { ($0.name, $0.shape, slice(parameters, $0.offset, $0.count)) }
    tensors.append(("optimizer.first", [optimizer.first.count], optimizer.first.values))
    tensors.append(("optimizer.second", [optimizer.second.count], optimizer.second.values))
    try SafeTensors.write(to: path, metadata: table, tensors: tensors)
  }

  /// Goes on from a checkpoint of the same run; returns its metadata.
  public func resume(from path: String) throws -> [String: String] {
    let file = try SafeTensors(path: path)
    guard let text = file.metadata["step"], let step = Int(text), file.metadata["seed"] == "\(seed)",
      file.metadata["optimizer"] == options.optimizer.rawValue
    else { throw TransformerError.damagedFile(path, reason: "not a checkpoint of this run") }
    for tensor in layout.tensors {
      try file.read(tensor.name, shape: tensor.shape, into: parameters.p + tensor.offset)
    }
    try file.read("optimizer.first", shape: [optimizer.first.count], into: optimizer.first.p)
    try file.read("optimizer.second", shape: [optimizer.second.count], into: optimizer.second.p)
    self.step = step
    return file.metadata
  }

  private func slice(_ buffer: FloatBuffer, _ offset: Int, _ count: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: buffer.p + offset, count: count)
  }

  // MARK: For tests

  /// Gradient of the mean loss (z-loss included) over one batch given as tokens `[batch, S]`, without an update.
  package func lossAndGradient(tokens: [Int32]) throws -> (loss: Double, gradient: FloatBuffer) {
    let (B, S) = (options.batch, options.sequenceLength)
    for b in 0..<B {
      for t in 0..<S {
        targets.p[b * S + t] = tokens[b * S + t]
        inputs.p[b * S + t] = t == 0 ? shape.bos : tokens[b * S + t - 1]
      }
    }
    var total = LossSums()
    for s in shards.indices {
      total += shards[s].value.run(
        parameters: store.weights(threads: 1), gradients: gradients[s].p, inputs: inputs.p + firstSequence[s] * S,
        targets: targets.p + firstSequence[s] * S, gradientScale: 1 / Float(B * S), zLoss: Float(options.zLoss))
    }
    _ = optimizer.gather(gradients, threads: 1)
    return ((total.nats + options.zLoss * total.z) / Double(B * S), gradients[0])
  }
}

/// Hands an object to the one thread that works on it at a time; the caller keeps that promise.
package struct UncheckedBox<T>: @unchecked Sendable {
  package let value: T
  package init(_ value: T) { self.value = value }
}

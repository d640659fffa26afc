import Foundation
import Support

/// Trains one transformer, a step at a time.
///
/// A batch is cut into fixed shards of whole sequences, one thread each; their gradients are summed in shard order, so
/// the result does not depend on the thread count.
package final class Trainer {
  let shape: ModelShape
  let options: TrainingOptions
  let totalSteps: Int
  /// Steps done.
  package private(set) var step = 0
  package let layout: ParameterLayout
  package let parameters: FloatBuffer
  let store: WeightStore
  let optimizer: any Optimizer
  let gradients: GradientShards
  let shards: [UncheckedBox<TransformerPass>]
  let sequences: [Range<Int>]  // of each shard, within the batch
  let inputs: TokenBuffer  // (B, S)
  let targets: TokenBuffer  // (B, S)
  private let threads: Int
  private var optimizerTimes = PhaseTimes()

  /// What one step did.
  package struct Step: Sendable {
    /// Mean nats per token before the update.
    package let lossNats: Double
    package let gradientNorm: Double
    package let learningRate: Double
  }

  /// Memory in bytes that training takes at least: activations of every layer, weights, gradients and two moments.
  private static func bytes(_ shape: ModelShape, _ options: TrainingOptions) -> Double {
    let perLayer = Double(4 * shape.dim + 4 * shape.attentionWidth + shape.mlp) * (options.precision == .bf16 ? 0.5 : 1)
    let shards = max(1, min(options.shards, options.batch))
    let sequences =
      shards
      * TransformerPass.sequencesAtATime(
        of: options.batch / shards, length: max(1, options.sequenceLength), shape, options.precision)
    let tokens = Double(sequences) * Double(options.sequenceLength)
    let parameters = Double(shape.nonEmbeddingParameters) + Double(shape.embeddingParameters)
    return 4 * (tokens * perLayer * Double(shape.layers) + parameters * Double(3 + options.shards))
  }

  /// - Throws: ``TransformerError/backend(_:)`` where this machine has no such precision, or too little memory.
  /// - Parameter initial: weights to begin with; nil for fresh ones.
  package init(
    shape: ModelShape, options: TrainingOptions, totalSteps: Int, seed: UInt64, threads: Int, initial: Model? = nil
  ) throws {
    precondition(initial.map { $0.shape == shape } ?? true, "weights of another shape")
    let needed = Self.bytes(shape, options), memory = Double(ProcessInfo.processInfo.physicalMemory)
    guard needed < memory else {
      throw TransformerError.backend(
        "a training step of \(options.batch) × \(options.sequenceLength) tokens takes about \(Int(needed / 1e9)) GB, and this machine has \(Int(memory / 1e9)); lower batch or sequenceLength"
      )
    }
    self.shape = shape
    self.options = options
    self.totalSteps = totalSteps
    self.threads = threads
    let (B, S) = (options.batch, options.sequenceLength)
    precondition(B > 0 && S > 0, "a batch of at least one sequence of at least one token")
    layout = ParameterLayout(shape)
    parameters = Model(shape: shape, seed: seed, embeddingScale: options.embeddingScale).parameters
    if let initial { parameters.at(0, layout.count).update(from: initial.parameters.p, count: layout.count) }
    store = WeightStore(parameters, options.precision)
    optimizer = options.optimizer.optimizer(layout, options)
    let products = try MatrixProduct(options.precision)
    let count = max(1, min(options.shards, B))
    sequences = (0..<count).map { B * $0 / count..<B * ($0 + 1) / count }
    shards = sequences.map {
      let some = TransformerPass.sequencesAtATime(of: $0.count, length: S, shape, options.precision)
      return UncheckedBox(
        TransformerPass(shape: shape, sequences: some, length: S, products: products, backward: true))
    }
    gradients = GradientShards(count: count, layout: layout)
    inputs = TokenBuffer(B * S)
    targets = TokenBuffer(B * S)
  }

  /// - Throws: ``TransformerError/diverged(step:loss:)`` when the loss is no number,
  ///   ``TransformerError/tokenOutOfRange(_:vocabulary:)``.
  package func step(from source: some SequenceSource) throws -> Step {
    let (B, S) = (options.batch, options.sequenceLength)
    for b in 0..<B {
      source.sequence(step * B + b, into: UnsafeMutableBufferPointer(start: targets.at(b * S, S), count: S))
    }
    try prepareInputs()
    let scored = leaveOutTargets(source)
    let zLoss = Float(options.zLoss)
    let weights = store.weights(threads: threads)  // read by all
    let sums = try parallelMap(shards.count, threads: threads) {
      [shards, gradients, inputs, targets, sequences] s in
      // Each shard writes only its own buffers.
      shards[s].value.run(
        sequences: sequences[s].count, parameters: weights, gradients: gradients[s],
        inputs: inputs.at(sequences[s].lowerBound * S, sequences[s].count * S),
        targets: targets.at(sequences[s].lowerBound * S, sequences[s].count * S), gradientScale: 1 / Float(scored),
        zLoss: zLoss)
    }
    let loss = sums.reduce(0) { $0 + $1.nats } / Double(scored)
    optimizerTimes.start()
    let norm = gradients.gather(threads: threads)
    guard loss.isFinite, norm.isFinite else { throw TransformerError.diverged(step: step, loss: loss) }
    let rate = options.rate(step: step, of: totalSteps)
    optimizer.update(
      parameters, gradients: gradients[0],
      gradientScale: options.clip > 0 && norm > options.clip ? options.clip / norm : 1, learningRate: rate, step: step,
      threads: threads)
    optimizerTimes.end(.optimizer)
    step += 1
    return Step(lossNats: loss, gradientNorm: norm, learningRate: rate)
  }

  /// Takes away the targets that are not to be learned; how many are left, at least 1.
  private func leaveOutTargets(_ source: some SequenceSource) -> Int {
    let (B, S) = (options.batch, options.sequenceLength)
    var scored = 0
    for b in 0..<B {
      let range = source.scoredPositions(step * B + b) ?? 0..<S
      scored += range.count
      for t in 0..<S where !range.contains(t) { targets[b * S + t] = -1 }
    }
    return max(1, scored)
  }

  /// The inputs of the batch in `targets`: each sequence begun by BOS and moved on by one.
  func prepareInputs() throws {
    let S = options.sequenceLength
    try checkTokens(targets.values, vocabulary: shape.vocabulary)
    for row in 0..<inputs.count { inputs[row] = row % S == 0 ? shape.bos : targets[row - 1] }
  }

  /// The model as it is now. Shares memory with the trainer: later steps change it.
  var model: Model { Model(shape: shape, parameters: parameters) }

  /// The weights and all that later steps depend on, the step and the options aside.
  var state: [SafeTensors.Tensor] {
    layout.tensors.map { ($0.name, $0.shape, parameters.slice($0.offset, $0.count)) } + optimizer.state
  }

  /// Goes on from a ``state`` of the same run.
  /// - Throws: ``TransformerError/damagedFile(_:reason:)``; the trainer is of no use then.
  func restore(_ file: SafeTensors, step: Int) throws {
    for tensor in layout.tensors {
      try file.read(tensor.name, shape: tensor.shape, into: parameters.at(tensor.offset, tensor.count))
    }
    try optimizer.restore(file)
    self.step = step
  }

  // MARK: Where the time goes

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
}

/// - Throws: ``TransformerError/tokenOutOfRange(_:vocabulary:)``.
func checkTokens(_ tokens: some Sequence<Int32>, vocabulary: Int) throws {
  for token in tokens where token < 0 || token >= vocabulary {
    throw TransformerError.tokenOutOfRange(token, vocabulary: vocabulary)
  }
}

/// Hands an object to the one thread that works on it at a time; the caller keeps that promise.
package struct UncheckedBox<T>: @unchecked Sendable {
  package let value: T
  package init(_ value: T) { self.value = value }
}

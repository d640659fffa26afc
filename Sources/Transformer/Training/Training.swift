import Foundation
import Support

/// Raised when the same shape, options, steps, seed and data come to other weights, or a run's files to another layout:
/// keys and checkpoints hold it, so that nothing older is taken for the same.
public let trainingVersion = 1

/// What happened while a model was trained.
public struct TrainingLog: Codable, Sendable, Hashable {
  public struct Point: Codable, Sendable, Hashable {
    /// Steps done.
    public var step: Int
    public var value: Double

    public init(step: Int, value: Double) {
      self.step = step
      self.value = value
    }
  }
  /// Mean nats per token since the point before. At most 200, at steps that the number of steps alone decides.
  public var lossNats: [Point] = []
  /// What the steps took, over all parts of a run that was interrupted. Steps that a kill undid do not count.
  public var seconds = 0.0
  /// Steps from which the run went on after an interruption.
  public var resumedAt: [Int] = []

  public init() {}
}

/// Where a training run is, after each step. Rates are means since this process began.
public struct TrainingProgress: Sendable {
  /// Steps done, of all.
  public var step, steps: Int
  /// Mean nats per token of this step's batch, before its update.
  public var lossNats: Double
  public var tokensPerSecond: Double
  /// Training FLOPs, all counted (``FLOPsConvention/all``).
  public var flopsPerSecond: Double
  public var secondsLeft: Double
}

/// Trains one transformer from its seed to its last step.
///
/// A run that was killed goes on when it is asked for again, and ends in the same bits and the same log points as one
/// that was not. What that needs lies in `workFolder`:
/// - `checkpoint.safetensors`: weights, optimiser state and log, once every `checkpointEvery` seconds;
/// - `snapshot-<step>.safetensors`: the weights after each of `snapshotSteps`, as ``Model/load(from:)`` reads them.
///
/// Each file says which run and step it is of, and carries a digest. A checkpoint that is damaged, of another run, or
/// beyond a snapshot that is missing or damaged, is set aside, and training starts over. Processes that train the same
/// in one folder do not harm each other.
///
/// - Parameters:
///   - source: sequence `step · batch + b` is row b of a step's batch.
///   - initial: weights to begin with, and what identifies them; nil for fresh ones.
///   - threads: more than `options.shards` are of no use.
///   - snapshotSteps: of 0 … `steps`.
///   - report: gets a sentence for what the user should know.
///   - progress: called after each step; what it throws ends the training.
/// - Throws: ``TransformerError/diverged(step:loss:)``, ``TransformerError/tokenOutOfRange(_:vocabulary:)``,
///   ``TransformerError/backend(_:)``, `FileError`, and what `progress` throws.
public func train(
  shape: ModelShape, options: TrainingOptions, steps: Int, seed: UInt64, source: some SequenceSource,
  initial: (model: Model, sha256: String)? = nil, threads: Int, workFolder: String, snapshotSteps: [Int] = [],
  checkpointEvery checkpointSeconds: Double = 60,
  report: (String) -> Void = { _ in }, progress: (TrainingProgress) throws -> Void = { _ in }
) throws -> (model: Model, log: TrainingLog) {
  precondition(snapshotSteps.allSatisfy((0...steps).contains), "snapshots are of steps that the run has")
  let run = TrainingRun(shape: shape, options: options, steps: steps, seed: seed, initial: initial?.sha256)
  let folder = try TrainingFolder(workFolder, run: run)
  let trainer = try Trainer(
    shape: shape, options: options, totalSteps: steps, seed: seed, threads: threads, initial: initial?.model)
  if threads > trainer.shards.count {
    report("\(trainer.shards.count) of \(threads) threads train; for more, raise shards (it changes the result's bits)")
  }
  var losses = LossLog(steps: steps)
  if let checkpoint = try folder.checkpoint(snapshotSteps: snapshotSteps, report: report) {
    try trainer.restore(checkpoint.tensors, step: checkpoint.step)
    losses = checkpoint.losses
    losses.log.resumedAt.append(trainer.step)
    report("going on from step \(trainer.step) of \(steps)")
  }

  let tokensPerStep = options.batch * options.sequenceLength
  let flopsPerToken = FLOPsConvention.all.trainingPerToken(shape, sequenceLength: options.sequenceLength)
  let firstStep = trainer.step
  var seconds = 0.0
  var sinceCheckpoint = Stopwatch()
  if snapshotSteps.contains(firstStep) { try folder.saveSnapshot(trainer.model, step: firstStep) }
  while trainer.step < steps {
    var loss = 0.0
    let stepSeconds = try secondsOf { loss = try trainer.step(from: source).lossNats }
    seconds += stepSeconds
    losses.add(loss, step: trainer.step, seconds: stepSeconds)
    if snapshotSteps.contains(trainer.step) { try folder.saveSnapshot(trainer.model, step: trainer.step) }
    if sinceCheckpoint.seconds > checkpointSeconds, trainer.step < steps {
      try folder.saveCheckpoint(trainer, losses)
      sinceCheckpoint.restart()
    }
    let secondsPerStep = seconds / Double(trainer.step - firstStep)
    try progress(
      TrainingProgress(
        step: trainer.step, steps: steps, lossNats: loss, tokensPerSecond: Double(tokensPerStep) / secondsPerStep,
        flopsPerSecond: Double(tokensPerStep) * flopsPerToken / secondsPerStep,
        secondsLeft: Double(steps - trainer.step) * secondsPerStep))
  }
  return (trainer.model, losses.log)
}

/// A log while it is written: the points, and the losses since the last of them.
struct LossLog: Codable {
  private(set) var steps: Int
  var log = TrainingLog()
  private var sum = 0.0
  private var count = 0

  init(steps: Int) { self.steps = steps }

  /// - Parameter step: steps done.
  mutating func add(_ lossNats: Double, step: Int, seconds: Double) {
    sum += lossNats
    count += 1
    log.seconds += seconds
    guard step % max(1, (steps + 199) / 200) == 0 || step == steps else { return }
    log.lossNats.append(.init(step: step, value: sum / Double(count)))
    (sum, count) = (0, 0)
  }
}

import Support

/// A training run that is asked of a ``TrainingBackend``: everything that decides its weights, and how to go about it.
public struct TrainingJob {
  public var shape: ModelShape
  /// Those of a run of so many steps (``TrainingOptions/forRun(of:)``).
  public var options: TrainingOptions
  public var steps: Int
  /// Of the initial weights.
  public var seed: UInt64
  /// Weights to begin with, and what identifies them; nil for fresh ones.
  public var initial: (model: Model, sha256: String)?
  /// Sequence `step · batch + b` is row b of a step's batch.
  public var source: any SequenceSource
  public var threads: Int
  /// Where snapshots and checkpoints lie: `snapshot-<step>.safetensors` as ``Model/load(from:)`` reads them, and what the
  /// run goes on from.
  public var workFolder: String
  /// Steps whose weights are kept: of 0 … `steps`.
  public var snapshotSteps: [Int] = []
  /// Between two checkpoints at least; 0 for one after every step.
  public var checkpointSeconds = 60.0
  /// Looked at while training.
  public var stop = StopRequest()
  /// What the trainer scores itself at the end, so that its weights can be checked: tokens of each example.
  public var scored: [[Int32]] = []
  /// Gets a sentence for what the user should know.
  public var report: (String) -> Void = { _ in }

  public init(
    shape: ModelShape, options: TrainingOptions, steps: Int, seed: UInt64, source: any SequenceSource, threads: Int,
    workFolder: String
  ) {
    (self.shape, self.options, self.steps, self.seed) = (shape, options.forRun(of: steps), steps, seed)
    (self.source, self.threads, self.workFolder) = (source, threads, workFolder)
  }

  var identity: TrainingIdentity {
    TrainingIdentity(shape: shape, options: options, steps: steps, seed: seed, initial: initial?.sha256)
  }
}

/// What trains transformers: this program's kernels, or a program beside it. Both begin with the same weights, read the
/// same sequences in the same order, at the same rates; `ConformanceTests` runs over both.
public protocol TrainingBackend: Sendable {
  /// The run as far as its work folder has it, or from its first step.
  func start(_ job: TrainingJob) throws -> any TrainingRun

  /// The mean loss (z-loss included) of one batch, and its gradient, without an update.
  /// - Parameter tokens: `[batch, sequenceLength]`.
  func lossAndGradient(_ model: Model, tokens: [Int32], _ options: TrainingOptions) throws -> (
    loss: Double, gradient: Model
  )
}

/// A training run under way. Coarse, so that it may be in another process and on another device.
public protocol TrainingRun: AnyObject {
  /// Steps done.
  var step: Int { get }
  var log: TrainingLog { get }
  /// Versions of what trains, by name, beyond this program's own libraries.
  var libraries: [String: String] { get }
  /// Trains until so many steps are done, with snapshots and checkpoints on the way; `each` gets steps done and the mean
  /// nats per token of the last one's batch, before its update. What it throws ends the training.
  /// - Throws: `Stopped` where the job is to stop, with a checkpoint on disk; ``TransformerError``; `FileError`.
  func advance(to step: Int, each: (Int, Double) throws -> Void) throws
  /// The weights now; after the last step what the run is for.
  func parameters() throws -> Model
  /// Nats of each of the job's scored examples under the weights after the last step, as the trainer computes them.
  func nats() throws -> [Double]
  /// Puts on disk what the run goes on from.
  func checkpoint() throws
}

extension TrainingOptions {
  /// Of what trains beside this program; nil where nothing does.
  public var torchVersion: Int? { torch == nil ? nil : TorchBackend.version }

  public var backend: any TrainingBackend { torch == nil ? NativeBackend() : TorchBackend() }
}

/// Trains one transformer from its seed to its last step, by the backend that its options name.
///
/// A run that was killed or stopped goes on when it is asked for again, and ends in the same bits and the same log points
/// as one that was not.
///
/// - Parameter progress: called after each step; what it throws ends the training.
/// - Throws: ``TransformerError``, `FileError`, `Stopped`, and what `progress` throws.
/// - Returns: the run after its last step.
public func train(_ job: TrainingJob, progress: (TrainingProgress) throws -> Void = { _ in }) throws -> any TrainingRun
{
  precondition(job.snapshotSteps.allSatisfy((0...job.steps).contains), "snapshots are of steps that the run has")
  let run = try job.options.backend.start(job)
  let firstStep = run.step
  let tokensPerStep = Double(job.options.batch * job.options.sequenceLength)
  let flopsPerToken = FLOPsConvention.all.trainingPerToken(job.shape, sequenceLength: job.options.sequenceLength)
  let watch = Stopwatch()
  try run.advance(to: job.steps) { step, lossNats in
    let secondsPerStep = max(1e-9, watch.seconds) / Double(max(1, step - firstStep))
    try progress(
      TrainingProgress(
        step: step, steps: job.steps, lossNats: lossNats, tokensPerSecond: tokensPerStep / secondsPerStep,
        flopsPerSecond: tokensPerStep * flopsPerToken / secondsPerStep,
        secondsLeft: Double(job.steps - step) * secondsPerStep))
  }
  return run
}

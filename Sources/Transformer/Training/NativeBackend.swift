import Foundation
import Support

/// This program's own kernels.
public struct NativeBackend: TrainingBackend {
  public init() {}

  public func start(_ job: TrainingJob) throws -> any TrainingRun { try NativeRun(job) }

  public func lossAndGradient(_ model: Model, tokens: [Int32], _ options: TrainingOptions) throws -> (
    loss: Double, gradient: Model
  ) {
    let trainer = try Trainer(shape: model.shape, options: options, totalSteps: 1, seed: 0, threads: 1)
    trainer.parameters.p.update(from: model.parameters.p, count: model.parameters.count)
    let (loss, gradient) = try trainer.lossAndGradient(tokens: tokens)
    return (loss, Model(shape: model.shape, parameters: gradient))
  }
}

/// Training in this process. What survives a kill lies in the work folder:
/// - `checkpoint.safetensors`: weights, optimiser state and log, once every `checkpointSeconds`, but so seldom that
///   writing takes at most a fiftieth of the time, however large the model; and where the job is to stop;
/// - `snapshot-<step>.safetensors`: the weights after each of the job's snapshot steps.
///
/// Each file says which run and step it is of, and carries a digest. A checkpoint that is damaged, of another run, or
/// beyond a snapshot that is missing or damaged, is set aside, and training starts over. Processes that train the same
/// in one folder do not harm each other.
final class NativeRun: TrainingRun {
  private let job: TrainingJob
  private let folder: TrainingFolder
  private let trainer: Trainer
  private var losses: LossLog
  private var sinceCheckpoint = Stopwatch()
  private var writingSeconds = 0.0

  var step: Int { trainer.step }
  var log: TrainingLog { losses.log }
  let libraries: [String: String] = [:]

  init(_ job: TrainingJob) throws {
    self.job = job
    folder = try TrainingFolder(job.workFolder, run: job.identity)
    trainer = try Trainer(
      shape: job.shape, options: job.options, totalSteps: job.steps, seed: job.seed, threads: job.threads,
      initial: job.initial?.model)
    if job.threads > trainer.shards.count {
      job.report(
        "\(trainer.shards.count) of \(job.threads) threads train; for more, raise shards (it changes the result's bits)"
      )
    }
    losses = LossLog(steps: job.steps)
    if let checkpoint = try folder.checkpoint(snapshotSteps: job.snapshotSteps, report: job.report) {
      try trainer.restore(checkpoint.tensors, step: checkpoint.step)
      losses = checkpoint.losses
      losses.log.resumedAt.append(trainer.step)
      job.report("going on from step \(trainer.step) of \(job.steps)")
    }
    if job.snapshotSteps.contains(trainer.step) { try folder.saveSnapshot(trainer.model, step: trainer.step) }
  }

  func advance(to last: Int, each: (Int, Double) throws -> Void) throws {
    while trainer.step < last {
      var loss = 0.0
      let seconds = try secondsOf { loss = try trainer.step(from: job.source).lossNats }
      losses.add(loss, step: trainer.step, seconds: seconds)
      if job.snapshotSteps.contains(trainer.step) { try folder.saveSnapshot(trainer.model, step: trainer.step) }
      let distance = job.checkpointSeconds == 0 ? 0 : max(job.checkpointSeconds, 50 * writingSeconds)
      let isDue = sinceCheckpoint.seconds > distance
      if isDue || job.stop.isMade, trainer.step < job.steps {
        writingSeconds = try secondsOf { try checkpoint() }
        try job.stop.check()
        sinceCheckpoint.restart()
      }
      try each(trainer.step, loss)
    }
  }

  func parameters() -> Model { trainer.model }

  func nats() throws -> [Double] {
    try trainer.model.nats(
      of: job.scored, sequenceLength: job.options.sequenceLength, precision: job.options.precision.forScores,
      threads: job.threads)
  }

  func checkpoint() throws { try folder.saveCheckpoint(trainer, losses) }
}

extension Model {
  /// As ``nats(of:exampleTokenCounts:sequenceLength:precision:threads:)``, of examples' tokens in memory.
  public func nats(of examples: [[Int32]], sequenceLength: Int, precision: Precision, threads: Int) throws -> [Double] {
    let tokens = Array(examples.joined())
    return try nats(
      of: { tokens[$0] }, exampleTokenCounts: examples.map(\.count), sequenceLength: sequenceLength,
      precision: precision, threads: threads)
  }
}

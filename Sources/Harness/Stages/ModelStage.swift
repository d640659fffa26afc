import Foundation
import Records
import Store
import Support
import Transformer

/// M2's stage: a transformer trained on tokens.
enum ModelStage {
  /// Raised when the same ingredients give another model.
  static let version = 1
  static let modelName = "model.safetensors", logName = "training.json"
  /// Weights are also kept after these shares of the steps, for held-out curves: asking for other points retrains
  /// nothing.
  static let snapshotShares = [0.0625, 0.125, 0.25, 0.5]

  static func snapshotName(_ step: Int) -> String { "snapshot-\(step).safetensors" }
  static func snapshotSteps(_ steps: Int) -> [Int] {
    unique(snapshotShares.map { Int(($0 * Double(steps)).rounded()) }).filter { $0 > 0 && $0 < steps }
  }

  struct Ingredients: Encodable {
    var shape: ModelShape
    var options: TrainingOptions
    var steps: Int
    var seed: UInt64
    /// The shards, and how many of their tokens.
    var tokens: [String]
    var tokenCount: Int
    /// Of a trial, which keeps no snapshots; nil for a cell's model.
    var isTrial: Bool?
    var trainingVersion: Int
    /// nil for this program's own kernels.
    var torchVersion: Int?
  }
  /// What of the training is the same each time: the seconds are the entry's provenance.
  struct Log: Codable {
    var lossNats: [RunRecord.Point]
  }
}

/// A trained M2 in the store.
struct TrainedModel: Sendable {
  let entry: StoreEntry
  let lossNats: [RunRecord.Point]
  /// Steps whose weights are kept, the last one included.
  let steps: [Int]

  /// The weights after one of ``steps``.
  func weights(after step: Int) throws -> (model: Model, sha256: String) {
    let name = step == steps.last ? ModelStage.modelName : ModelStage.snapshotName(step)
    guard let file = entry.manifest.files[name] else { throw FileError(entry.file(name), "is missing") }
    return (try Model.load(from: entry.file(name)).model, file.sha256)
  }
}

extension Stages {
  func modelKey(
    _ request: CellRequest, shape: ModelShape, steps: Int, tokens: TrainingTokens, isTrial: Bool = false
  ) throws -> StoreKey {
    try StoreKey(
      .model, version: ModelStage.version,
      ingredients: ModelStage.Ingredients(
        shape: shape, options: request.m2.forRun(of: steps), steps: steps, seed: request.seed, tokens: tokens.sha256,
        tokenCount: tokens.tokens.count, isTrial: isTrial ? true : nil, trainingVersion: request.m2.trainingVersion,
        torchVersion: request.m2.torchVersion))
  }

  /// Trains M2, or finds it.
  /// - Parameters:
  ///   - heldOut: what a trainer beside this program is checked on.
  ///   - isTrial: of a trial only the last weights are scored, so that no others are kept.
  func model(
    _ request: CellRequest, shape: ModelShape, steps: Int, tokens: TrainingTokens, checkedOn heldOut: HeldOutTokens,
    bytesPerToken: Double?, isTrial: Bool = false, _ trace: Trace
  ) throws -> TrainedModel {
    let options = request.m2
    let key = try modelKey(request, shape: shape, steps: steps, tokens: tokens, isTrial: isTrial)
    let snapshots = isTrial ? [] : ModelStage.snapshotSteps(steps)
    let entry = try entry(key, trace, precision: options.precision) { building in
      let source = ShuffledSequences(store: tokens.tokens, length: options.sequenceLength, seed: request.seed)
      var job = TrainingJob(
        shape: shape, options: options, steps: steps, seed: request.seed, source: source, threads: threads,
        workFolder: building.work)
      job.snapshotSteps = snapshots
      let (model, log) = try train(job, as: request.title, building, trace, bytesPerToken: bytesPerToken) {
        heldOut.examples(tokensOf: heldOut.examples(bytes: Self.checkedBytes))
      }
      try model.save(
        to: building.folder + "/" + ModelStage.modelName, metadata: ["sequenceLength": "\(options.sequenceLength)"])
      for step in snapshots {
        let name = ModelStage.snapshotName(step)
        try copyFile(building.work + "/" + name, to: building.folder + "/" + name)
      }
      let kept = ModelStage.Log(lossNats: log.lossNats.map { RunRecord.Point(step: $0.step, value: $0.value) })
      try building.write(try jsonEncoder().encode(kept), to: ModelStage.logName)
      let perToken = FLOPsConvention.all.trainingPerToken(shape, sequenceLength: options.sequenceLength)
      building.measurements["gigaflopsPerSecond"] =
        perToken * Double(steps) * Double(options.tokensPerStep) / max(1e-9, log.seconds) / 1e9
    }
    let log = try entry.decode(ModelStage.Log.self, ModelStage.logName)
    return TrainedModel(entry: entry, lossNats: log.lossNats, steps: snapshots + [steps])
  }

  /// Bytes of scored text on which weights that another program trained are scored here too.
  static let checkedBytes = 50_000

  /// Trains, and notes in the entry how that went. Where another program trains, the weights must give the text that it
  /// scored the nats that it says: a model of another definition, or weights that were not read as they were meant, would
  /// else be a result.
  /// - Parameter scored: tokens of each example that weights are checked on.
  /// - Throws: ``HarnessError/cell(_:)`` where they do not.
  func train(
    _ job: TrainingJob, as title: String, _ building: Building, _ trace: Trace, bytesPerToken: Double?,
    checkedOn scored: () -> [[Int32]]
  ) throws -> (model: Model, log: TrainingLog) {
    var job = job
    job.stop = stop
    job.report = { [progress] in progress.line("\(title): \($0)") }
    if job.options.torch != nil { job.scored = scored() }
    let run = try Transformer.train(
      job, progress: trainingReport(title, building, trace, bytesPerToken: bytesPerToken))
    let model = try run.parameters()
    if job.options.torch != nil {
      let theirs = try run.nats()
      let ours = try model.nats(
        of: job.scored, sequenceLength: job.options.sequenceLength, precision: .f32, threads: threads)
      try checkAgreement(theirs, ours)
    }
    building.measurements["trainingSeconds"] = run.log.seconds
    building.measurements["resumptions"] = Double(run.log.resumedAt.count)
    building.libraries.merge(run.libraries) { $1 }
    return (model, run.log)
  }

  /// Both in float32: sums of as many terms differ in their last digits.
  private func checkAgreement(_ theirs: [Double], _ ours: [Double]) throws {
    let total = ours.reduce(0, +)
    let apart = zip(theirs, ours).reduce(0) { $0 + abs($1.0 - $1.1) }
    guard theirs.count == ours.count, apart <= 1e-4 * total || total == 0 else {
      throw HarnessError.cell(
        "PyTorch scores its own weights on the first \(ours.count) examples with \(theirs.reduce(0, +)) nats, and this "
          + "program with \(total): they do not compute the same model, so that the cell has no result")
    }
  }

  /// What is called after each training step: says on the terminal where training is, and at a distance in a file beside
  /// its checkpoints, for `harness status`.
  func trainingReport(
    _ title: String, _ building: Building, _ trace: Trace, bytesPerToken: Double?
  ) -> (TrainingProgress) throws -> Void {
    var sinceWritten = Stopwatch()
    return { [progress] state in
      progress.update(title, progressLine(state, bytesPerToken: bytesPerToken))
      guard sinceWritten.seconds > WorkProgress.distanceSeconds else { return }
      sinceWritten.restart()
      try WorkProgress(purpose: trace.purpose, state).write(to: building.work)
    }
  }

  /// A line about training under way.
  private func progressLine(_ state: TrainingProgress, bytesPerToken: Double?) -> String {
    let bits = bytesPerToken.map { String(format: "%.3f", state.lossNats / log(2) / $0) } ?? "---"
    return String(
      format: "step %d/%d  loss %.4f  %@ bits/byte  %.0f tok/s  %.0f GFLOP/s  %@ left", state.step, state.steps,
      state.lossNats, bits, state.tokensPerSecond, state.flopsPerSecond / 1e9, duration(state.secondsLeft))
  }
}

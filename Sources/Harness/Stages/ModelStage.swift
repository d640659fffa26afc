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
        shape: shape, options: request.m2, steps: steps, seed: request.seed, tokens: tokens.sha256,
        tokenCount: tokens.tokens.count, isTrial: isTrial ? true : nil, trainingVersion: request.m2.trainingVersion))
  }

  /// Trains M2, or finds it.
  /// - Parameter isTrial: of a trial only the last weights are scored, so that no others are kept.
  func model(
    _ request: CellRequest, shape: ModelShape, steps: Int, tokens: TrainingTokens, bytesPerToken: Double?,
    isTrial: Bool = false, _ trace: Trace
  ) throws -> TrainedModel {
    let options = request.m2
    let key = try modelKey(request, shape: shape, steps: steps, tokens: tokens, isTrial: isTrial)
    let snapshots = isTrial ? [] : ModelStage.snapshotSteps(steps)
    let entry = try entry(key, trace, precision: options.precision) { building in
      let source = ShuffledSequences(store: tokens.tokens, length: options.sequenceLength, seed: request.seed)
      let (model, log) = try Transformer.train(
        shape: shape, options: options, steps: steps, seed: request.seed, source: source, threads: threads,
        workFolder: building.work, snapshotSteps: snapshots, report: { progress.line("\(request.title): \($0)") },
        progress: { progress.update(request.title, progressLine($0, bytesPerToken: bytesPerToken)) })
      try model.save(
        to: building.folder + "/" + ModelStage.modelName, metadata: ["sequenceLength": "\(options.sequenceLength)"])
      for step in snapshots {
        let name = ModelStage.snapshotName(step)
        try FileManager.default.copyItem(atPath: building.work + "/" + name, toPath: building.folder + "/" + name)
      }
      let kept = ModelStage.Log(lossNats: log.lossNats.map { RunRecord.Point(step: $0.step, value: $0.value) })
      try writeAtomically(try jsonEncoder().encode(kept), to: building.folder + "/" + ModelStage.logName)
      let perToken = FLOPsConvention.all.trainingPerToken(shape, sequenceLength: options.sequenceLength)
      building.measurements["trainingSeconds"] = log.seconds
      building.measurements["resumptions"] = Double(log.resumedAt.count)
      building.measurements["gigaflopsPerSecond"] =
        perToken * Double(steps) * Double(options.tokensPerStep) / max(1e-9, log.seconds) / 1e9
    }
    let log = try entry.decode(ModelStage.Log.self, ModelStage.logName)
    return TrainedModel(entry: entry, lossNats: log.lossNats, steps: snapshots + [steps])
  }

  /// A line about training under way.
  func progressLine(_ state: TrainingProgress, bytesPerToken: Double?) -> String {
    let bits = bytesPerToken.map { String(format: "%.3f", state.lossNats / log(2) / $0) } ?? "---"
    return String(
      format: "step %d/%d  loss %.4f  %@ bits/byte  %.0f tok/s  %.0f GFLOP/s  %@ left", state.step, state.steps,
      state.lossNats, bits, state.tokensPerSecond, state.flopsPerSecond / 1e9, duration(state.secondsLeft))
  }
}

import Foundation
import Support

/// What determines every bit of a training run, the data and (but for ``Precision/exact``) the machine aside.
struct TrainingIdentity: Codable, Hashable {
  var format: Int
  var shape: ModelShape
  var options: TrainingOptions
  var steps: Int
  var seed: UInt64
  /// SHA-256 of the weights that it began with; nil for fresh ones.
  var initial: String?

  init(shape: ModelShape, options: TrainingOptions, steps: Int, seed: UInt64, initial: String? = nil) {
    format = options.trainingVersion
    self.initial = initial
    self.shape = shape
    self.options = options
    self.steps = steps
    self.seed = seed
  }
}

/// The files by which a training run survives being killed. All appear whole and by rename, so that several processes
/// may train the same run in one folder.
struct TrainingFolder {
  private let path: String
  private let run: String  // as files carry it

  init(_ path: String, run: TrainingIdentity) throws {
    self.path = path
    self.run = String(decoding: try jsonEncoder(pretty: false).encode(run), as: UTF8.self)
    try makeFolder(path)
  }

  private var checkpointPath: String { path + "/checkpoint.safetensors" }
  private func snapshotPath(_ step: Int) -> String { path + "/snapshot-\(step).safetensors" }

  // MARK: Snapshots

  func saveSnapshot(_ model: Model, step: Int) throws {
    try model.save(to: snapshotPath(step), metadata: ["run": run, "step": "\(step)"])
  }

  /// Why the snapshot of a step cannot be used; nil where it can.
  private func problem(withSnapshot step: Int) throws -> String? {
    guard FileManager.default.fileExists(atPath: snapshotPath(step)) else { return "\(snapshotPath(step)): missing" }
    do {
      let file = try SafeTensors(path: snapshotPath(step))
      if !file.isSealed || file.metadata["run"] != run || file.metadata["step"] != "\(step)" {
        return "\(snapshotPath(step)): of another run"
      }
      return nil
    } catch let error as TransformerError { return "\(error)" }
  }

  // MARK: Checkpoints

  struct Checkpoint {
    var step: Int
    var losses: LossLog
    var tensors: SafeTensors
  }

  func saveCheckpoint(_ trainer: Trainer, _ losses: LossLog) throws {
    try SafeTensors.write(
      to: checkpointPath,
      metadata: [
        "run": run, "step": "\(trainer.step)",
        "losses": String(decoding: try jsonEncoder(pretty: false).encode(losses), as: UTF8.self),
      ], tensors: trainer.state)
  }

  /// The state to go on from; nil to start at the first step.
  /// - Parameter snapshotSteps: those before the checkpoint's step must be there, or it is of no use.
  func checkpoint(snapshotSteps: [Int], report: (String) -> Void) throws -> Checkpoint? {
    guard FileManager.default.fileExists(atPath: checkpointPath) else { return nil }
    func startOver(_ why: String) -> Checkpoint? {
      let aside = "\(checkpointPath).aside-\(String(UInt32.random(in: 0...(.max)), radix: 16))"
      report("\(why); training starts over (the checkpoint is now \(aside))")
      rename(checkpointPath, aside)  // another process may have done so already
      return nil
    }
    do {
      let file = try SafeTensors(path: checkpointPath)
      guard file.isSealed, file.metadata["run"] == run else {
        return startOver("\(checkpointPath): a checkpoint of another run")
      }
      guard let step = file.metadata["step"].flatMap(Int.init),
        let losses = try? JSONDecoder().decode(LossLog.self, from: Data((file.metadata["losses"] ?? "").utf8))
      else { return startOver("\(checkpointPath): not a checkpoint of this program") }
      for snapshot in snapshotSteps where snapshot < step {
        if let problem = try problem(withSnapshot: snapshot) { return startOver(problem) }
      }
      return Checkpoint(step: step, losses: losses, tensors: file)
    } catch let error as TransformerError { return startOver("\(error)") }
  }
}

import Foundation
import Support
import Transformer

/// How far a training is: `progress.json` beside its checkpoints.
struct WorkProgress: Codable, Sendable {
  static let name = "progress.json"
  static let distanceSeconds = 5.0

  /// As the claim of the work says it (``CellRequest/purpose``); nil for what no cell asked for.
  var purpose: String?
  var step: Int
  var steps: Int
  var lossNats: Double
  var secondsLeft: Double

  init(purpose: String?, _ state: TrainingProgress) {
    self.purpose = purpose
    (step, steps, lossNats, secondsLeft) = (state.step, state.steps, state.lossNats, state.secondsLeft)
  }

  func write(to folder: String) throws {
    try writeAtomically(try jsonEncoder().encode(self), to: "\(folder)/\(Self.name)")
  }

  /// nil where there is none, or none that can be read.
  init?(folder: String) {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(Self.name)")),
      let progress = try? JSONDecoder().decode(WorkProgress.self, from: data)
    else { return nil }
    self = progress
  }
}

import Foundation
import Metrics
import Records
import Store
import Support
import Transformer

enum ScoreStage {
  /// Raised when the same model and tokens give another score.
  static let version = 1
  static let scoreName = "score.json"

  struct Ingredients: Encodable {
    /// SHA-256 of the weights' file.
    var model: String
    /// Of the held-out tokens' entry, and how many of its examples.
    var tokens: String
    var examples: Int
    var sequenceLength: Int
    var precision: Precision
  }
  struct Score: Codable {
    /// Of every example.
    var nats: [Double]
  }
}

extension Stages {
  /// Nats of each of the first `examples` held-out examples (nil for all) under the weights after a step.
  func nats(
    _ trained: TrainedModel, after step: Int, _ heldOut: HeldOutTokens, examples: Int? = nil, request: CellRequest,
    _ trace: Trace
  ) throws -> [Double] {
    let (model, modelSHA256) = try trained.weights(after: step)
    let precision = request.m2.precision.forScores
    let counts = Array(heldOut.facts.tokens.prefix(examples ?? .max))
    let key = try StoreKey(
      .score, version: ScoreStage.version,
      ingredients: ScoreStage.Ingredients(
        model: modelSHA256, tokens: heldOut.sha256, examples: counts.count, sequenceLength: request.m2.sequenceLength,
        precision: precision))
    let entry = try entry(key, trace, precision: precision) { building in
      let store = heldOut.tokens
      let nats = try model.nats(
        of: { store[$0] }, exampleTokenCounts: counts, sequenceLength: request.m2.sequenceLength, precision: precision,
        threads: threads)
      let data = try jsonEncoder(pretty: false).encode(ScoreStage.Score(nats: nats))
      try building.write(data, to: ScoreStage.scoreName)
    }
    let nats = try entry.decode(ScoreStage.Score.self, ScoreStage.scoreName).nats
    guard nats.count == counts.count else { throw FileError(entry.path, "is a score of other tokens; remove it") }
    return nats
  }

  /// The score of the finished model on a text.
  func score(
    _ trained: TrainedModel, _ heldOut: HeldOutTokens, text name: String, steps: Int, request: CellRequest,
    _ trace: Trace
  ) throws -> RunRecord.Score {
    let nats = try nats(trained, after: steps, heldOut, request: request, trace)
    let total = nats.reduce(0, +)
    let bytes = heldOut.byteCount
    let counts = heldOut.facts.roundTripProblem == nil || request.evaluation.lossy == .scored
    return RunRecord.Score(
      text: name, sha256: heldOut.facts.text, bytes: bytes, tokens: heldOut.tokenCount, nats: total,
      bitsPerByte: counts ? bitsPerByte(nats: total, bytes: bytes) : nil,
      precision: request.m2.precision.forScores.rawValue, exampleBytes: heldOut.facts.bytes, exampleNats: nats,
      problem: heldOut.facts.roundTripProblem)
  }
}

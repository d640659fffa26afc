import Foundation
import Metrics
import Records
import Store
import Support
import Tokenizers
import Transformer

/// The search for a cell's learning rate, and for the best of its candidates.
enum TuningStage {
  /// Raised when the same trials lead to another choice.
  static let version = 2
  static let divergenceName = "diverged.json"

  struct DivergenceIngredients: Encodable {
    /// Path of the key of the model that there is none of.
    var diverged: String
    /// 2 where steps are kept too.
    var format = 2
  }
  /// What is known of a model whose training diverged.
  struct Divergence: Codable, Error {
    var problem: String
    /// Steps that were done.
    var steps: Int
  }

  /// The learning rate at a place between the grid's, to three digits: no machine's own rounding of powers shows.
  static func rate(log2 place: Double) -> Double { Double(String(format: "%.2e", exp2(place))) ?? exp2(place) }
}

extension Stages {
  /// Trains every candidate at every learning rate on a share of the steps that the cell's budget buys, with a seed
  /// that all cells share, and scores it on text of the training split that no M2 of the table is trained on.
  ///
  /// The best candidate is that of the best trial. Its learning rate lies where the parabola through that trial and its
  /// two neighbours is lowest, over log rate (``GridMinimum``). A candidate that cannot be trained has trials without a
  /// result, and the others go on. Trials are entries of the store as any model and score: a stopped search goes on,
  /// another cell with the same trials finds them.
  /// - Parameters:
  ///   - training: the training split without the text.
  ///   - text: what is scored.
  /// - Returns: the cell with nothing left open; nil where no candidate gives the text back, and none says it would.
  /// - Throws: why no trial has a result, where none has; ``HarnessError/brokenRoundTrip(_:)`` for a candidate that
  ///   breaks its word.
  func tune(
    _ request: CellRequest, by tuning: Tuning, _ corpus: Corpus, training: TextSplit, on text: TextSplit, _ trace: Trace
  ) throws -> (request: CellRequest, tuning: RunRecord.Tuning)? {
    let places = tuning.rates.map(exactLog2)
    var trials: [RunRecord.Tuning.Trial] = []
    var best: (request: CellRequest, minimum: GridMinimum)?
    var failure: (any Error)?
    for candidate in request.alternatives {
      let found: [RunRecord.Tuning.Trial]
      do { found = try self.trials(of: candidate, by: tuning, corpus, training: training, on: text, trace) } catch {
        if case HarnessError.brokenRoundTrip = error { throw error }
        let problem = try problem(of: error)
        progress.line("no trial of \(candidate.tokenizer) \(candidate.size): \(problem)")
        found = tuning.rates.map { .init(tokenizer: candidate.tokenizer, learningRate: $0, problem: problem) }
        failure = error
      }
      trials += found
      guard let minimum = found.isEmpty ? nil : GridMinimum(x: places, y: found.map(\.bitsPerByte)) else { continue }
      if best.map({ minimum.y < $0.minimum.y }) ?? true { best = (candidate, minimum) }
    }
    guard let best else {
      if trials.isEmpty { return nil }
      let problems = unique(trials.compactMap(\.problem))
      if problems.count == 1, let failure { throw failure }
      throw HarnessError.cell("none of \(trials.count) trials has a result: \(problems.joined(separator: "; "))")
    }
    let index = best.minimum.index
    let rate =
      best.minimum.x == places[index] ? tuning.rates[index] : TuningStage.rate(log2: best.minimum.x)
    let end: RunRecord.Tuning.End? =
      tuning.rates.count == 1 ? nil : index == 0 ? .lowest : index == tuning.rates.count - 1 ? .highest : nil
    progress.line("\(request.title): \(trials.count) trials; best \(best.request.tokenizer) at rate \(rate)")
    if let end {
      progress.line(
        "\(request.title): \(rate) is the \(end.rawValue) rate of the grid, which was too small; add "
          + (end == .lowest ? "lower ones" : "higher ones"))
    }
    return (
      best.request.at(rate: rate),
      RunRecord.Tuning(
        budgetShare: tuning.budgetShare, textSHA256: sha256(Array(text.first(bytes: .max).joined())),
        textBytes: text.byteCount, trials: trials, learningRate: rate, end: end)
    )
  }

  /// One candidate at every rate; nothing where it is lossy and the text does not come back.
  private func trials(
    of candidate: CellRequest, by tuning: Tuning, _ corpus: Corpus, training: TextSplit, on text: TextSplit,
    _ trace: Trace
  ) throws -> [RunRecord.Tuning.Trial] {
    let m1 = try candidate.m1.map { try byteModel($0, corpus: corpus, trace) }
    let saved = try tokenizer(spec(of: candidate), corpus: corpus, m1: m1, trace)
    let scored = try heldOutTokens(saved, text, bytes: .max, trace)
    if let problem = scored.facts.roundTripProblem {
      guard saved.tokenizer.isLossless else { return [] }
      throw HarnessError.brokenRoundTrip("\(candidate.tokenizer) does not round-trip the tuning text: \(problem)")
    }
    let candidate = try withMeasuredContext(candidate, saved, training, trace)
    let shape = try shape(of: candidate, saved)
    let steps = Int(tuning.budgetShare * Double(try self.steps(of: candidate, shape, saved, training, trace)))
    guard steps >= 1 else {
      throw HarnessError.cell(
        "\(tuning.budgetShare) of the budget is under one step of \(candidate.tokenizer); raise the share or the budget"
      )
    }
    let tokens = try trainingTokens(saved, training, wanted: steps * candidate.m2.tokensPerStep, trace)
    try checkLength(tokens, candidate)
    return try tuning.rates.map { rate in
      var trial = candidate.at(rate: rate)
      trial.seed = Tuning.seed
      var result = RunRecord.Tuning.Trial(
        tokenizer: trial.tokenizer, vocabularySize: shape.vocabulary, learningRate: rate, steps: steps)
      do {
        let model = try trialModel(trial, shape: shape, steps: steps, tokens: tokens, checkedOn: scored, trace)
        let nats = try nats(model, after: steps, scored, request: trial, trace).reduce(0, +)
        result.bitsPerByte = bitsPerByte(nats: nats, bytes: scored.byteCount)
      } catch let divergence as TuningStage.Divergence {
        (result.problem, result.steps) = (divergence.problem, divergence.steps)
      } catch { result.problem = try problem(of: error) }
      result.trainingFLOPs = trial.m2.trainingFLOPs(shape, steps: result.steps)
      let said = result.bitsPerByte.map { String(format: "%.3f bits/byte", $0) } ?? result.problem ?? "no bits/byte"
      progress.line("trial of \(trial.tokenizer) \(trial.size), rate \(rate): \(result.steps) steps, \(said)")
      return result
    }
  }

  /// The model of a trial.
  /// - Throws: ``TuningStage/Divergence``, which the store remembers.
  private func trialModel(
    _ trial: CellRequest, shape: ModelShape, steps: Int, tokens: TrainingTokens, checkedOn scored: HeldOutTokens,
    _ trace: Trace
  ) throws -> TrainedModel {
    let key = try modelKey(trial, shape: shape, steps: steps, tokens: tokens, isTrial: true)
    let divergence = try StoreKey(
      .score, version: TuningStage.version, ingredients: TuningStage.DivergenceIngredients(diverged: key.path))
    /// What the store remembers, as part of what the cell stands on.
    func remembered(_ known: TuningStage.Divergence) throws -> TuningStage.Divergence {
      let entry = try entry(divergence, trace) { building in
        try building.write(try jsonEncoder().encode(known), to: TuningStage.divergenceName)
      }
      return try entry.decode(TuningStage.Divergence.self, TuningStage.divergenceName)
    }
    if let known = try store.find(divergence) {
      throw try remembered(known.decode(TuningStage.Divergence.self, TuningStage.divergenceName))
    }
    do {
      return try model(
        trial, shape: shape, steps: steps, tokens: tokens, checkedOn: scored, bytesPerToken: nil, isTrial: true, trace)
    } catch let error as TransformerError {
      guard case .diverged(let step, _) = error else { throw error }
      throw try remembered(TuningStage.Divergence(problem: "\(error)", steps: step))
    }
  }
}

import Foundation
import Metrics
import Support
import Synchronization
import Tokenizers
import Transformer

/// Runs an experiment's matrix.
///
/// Everything lies in the run folder: `experiment.yaml`, `records/` (one JSON a cell), `models/` (weights), and `work/`,
/// the stages' cache. A stopped run continues where it was; a finished one trains nothing.
public struct Runner: Sendable {
  public let experiment: Experiment
  public let registry: Registry
  public let folder: String
  public let jobs: Int
  public let threads: Int
  public let progress: Progress

  public init(
    _ experiment: Experiment, registry: Registry, folder: String, jobs: Int = 1, threads: Int, progress: Progress
  ) {
    self.experiment = experiment
    self.registry = registry
    self.folder = folder
    self.jobs = max(1, jobs)
    self.threads = max(1, threads)
    self.progress = progress
  }

  /// The outcome of all cells, in plan order.
  public struct Outcome: Sendable {
    public let records: [RunRecord]
    /// Cells whose training was already there.
    public let reused: Int
    public var failures: [RunRecord] { records.filter { $0.status != "ok" } }
  }

  /// - Throws: what keeps the whole run from starting. A failing cell is recorded, and the others go on.
  public func run(_ plan: Plan) throws -> Outcome {
    for part in ["records", "models", "work"] { try makeFolder(folder + "/" + part) }
    try writeAtomically(try jsonEncoder().encode(experiment.tokenizers), to: folder + "/order.json")
    let corpus = try Corpus(experiment.corpus, cache: folder + "/work/corpus") { progress.line($0) }
    progress.line(
      "corpus: \(corpus.documents) documents, \(corpus.train.byteCount) training and \(corpus.validation.byteCount) held-out bytes"
    )
    let stages = Stages(
      experiment: experiment, registry: registry, corpus: corpus, work: folder + "/work", threads: threads,
      progress: progress)
    let environment = RunRecord.Environment.current(precision: experiment.m2.precision)

    // Tokenizers one after another, each with all threads; then cells side by side.
    var prepared: [String: Result<Stages.Tokens, any Error>] = [:]
    for name in experiment.tokenizers {
      prepared[name] = Result {
        let saved = try stages.tokenizer(try registry.resolve(name))
        return try stages.tokens(saved) { vocabulary, ratio in
          let steps = experiment.sizes.compactMap { size in
            ModelShape(named: size, vocabulary: vocabulary).flatMap {
              experiment.steps(shape: $0, bytesPerToken: ratio)
            }
          }
          return (steps.max() ?? 0) * experiment.tokensPerStep
        }
      }
      if case .failure(let error) = prepared[name] { progress.line("\(name): failed: \(error)") }
    }
    let tokens = prepared
    let reused = Atomic<Int>(0)
    let records = try parallelMap(plan.cells.count, threads: jobs) { index in
      let cell = plan.cells[index]
      var record = RunRecord(
        experiment: experiment.name, experimentHash: try cacheKey(experiment),
        corpus: experiment.corpus.paths.map { ($0 as NSString).lastPathComponent }, corpusSHA256: corpus.sha256,
        corpusBytes: corpus.train.byteCount + corpus.validation.byteCount, tokenizer: cell.tokenizer, size: cell.size,
        seed: cell.seed, status: "ok",
        match: .init(
          by: experiment.match.by.rawValue, budget: experiment.match.budget,
          convention: experiment.match.flops.rawValue),
        timing: .init(threads: max(1, threads / jobs), finished: ISO8601DateFormatter().string(from: Date())),
        environment: environment)
      if try registry.backend(named: TokenizerSpec(cell.tokenizer).name).descriptor.needsByteModel {
        record.m1 = .init(
          size: experiment.m1.size, steps: experiment.m1.steps,
          contextLength: experiment.m1.training.sequenceLength, trainingFLOPs: plan.m1FLOPs)
      }
      do {
        guard let made = tokens[cell.tokenizer] else { preconditionFailure("every tokenizer was prepared") }
        if try run(cell, tokens: try made.get(), record: &record) { reused.add(1, ordering: .relaxed) }
      } catch {
        record.status = "failed"
        record.error = "\(error)"
        progress.line("\(cell.tokenizer) \(cell.size) seed \(cell.seed): failed: \(error)")
      }
      try writeAtomically(try jsonEncoder().encode(record), to: folder + "/records/\(cell.fileName).json")
      return record
    }
    return Outcome(records: records, reused: reused.load(ordering: .relaxed))
  }

  /// Trains and scores one cell; true when a finished one was found.
  private func run(_ cell: Plan.Cell, tokens: Stages.Tokens, record: inout RunRecord) throws -> Bool {
    let facts = tokens.facts.tokenization
    record.tokenization = facts
    record.timing.encodeMegabytesPerSecond = tokens.facts.encodeMegabytesPerSecond
    record.timing.decodeMegabytesPerSecond = tokens.facts.decodeMegabytesPerSecond
    let options = experiment.m2, S = options.sequenceLength
    guard let shape = ModelShape(named: cell.size, vocabulary: facts.vocabularySize) else {
      throw HarnessError.usage("unknown model size '\(cell.size)'")
    }
    guard let steps = experiment.steps(shape: shape, bytesPerToken: facts.compressionRatio), steps >= 1 else {
      throw HarnessError.usage(
        "the budget of \(experiment.match.budget) \(experiment.match.by.rawValue) is under one step")
    }
    guard tokens.train.count >= S else {
      throw HarnessError.usage(
        "only \(tokens.train.count) training tokens, fewer than one sequence of \(S); give more text or a shorter sequenceLength"
      )
    }
    let perToken = FLOPsConvention.all.forwardPerToken(shape, sequenceLength: S)
    let perTokenOutside = FLOPsConvention.nonembedding.forwardPerToken(shape, sequenceLength: S)
    let trained = Double(steps * experiment.tokensPerStep)
    let perByte = facts.compressionRatio.map { 1 / $0 } ?? 0
    record.model = .init(
      dim: shape.dim, heads: shape.heads, layers: shape.layers, headSize: shape.headSize, mlp: shape.mlp,
      nonEmbeddingParameters: shape.nonEmbeddingParameters, embeddingParameters: (shape.vocabulary + 1) * shape.dim)
    record.flops = .init(
      trainingAll: 3 * perToken * trained, trainingNonEmbedding: 3 * perTokenOutside * trained, perTokenAll: perToken,
      perTokenNonEmbedding: perTokenOutside, perByteAll: perToken * perByte,
      perByteNonEmbedding: perTokenOutside * perByte, tokenizerPerByte: facts.flopsPerByte)

    // The cell's cache key: all that decides its result.
    let key = try cacheKey(
      "cell 3", tokens.key, tokens.train.count, options, cell.size, cell.seed, steps, experiment.evaluation)
    let cache = folder + "/work/cells/" + key
    try makeFolder(cache)
    struct Finished: Codable {
      var training: RunRecord.Training
      var result: RunRecord.Result
      var timing: RunRecord.Timing
    }
    let finishedPath = cache + "/finished.json"
    if let data = try? Data(contentsOf: URL(fileURLWithPath: finishedPath)),
      let finished = try? JSONDecoder().decode(Finished.self, from: data)
    {
      record.training = finished.training
      record.result = finished.result
      record.timing = finished.timing
      return true
    }
    guard facts.roundTrips || !facts.isLossless else {
      throw HarnessError.usage("does not round-trip the held-out text: \(facts.roundTripProblem ?? "")")
    }

    var training = RunRecord.Training(
      steps: steps, batch: options.batch, sequenceLength: S, optimizer: options.optimizer.rawValue,
      schedule: options.schedule.rawValue, learningRate: options.learningRate, precision: options.precision.rawValue,
      shards: options.shards, tokens: Int(trained), bytes: trained * (facts.compressionRatio ?? 0),
      epochs: trained / Double(tokens.train.count), lossNats: [], bitsPerByte: [])
    let cellThreads = max(1, threads / jobs)
    var (model, trainingSeconds, evaluationSeconds) = try train(
      cell, shape: shape, steps: steps, tokens: tokens, cache: cache, threads: cellThreads, training: &training)

    let start = Date()
    let nats = try score(model, tokens, examples: tokens.heldOutCounts.count, threads: cellThreads)
    evaluationSeconds += Date().timeIntervalSince(start)
    let bits = facts.roundTrips ? bitsPerByte(nats: nats, bytes: facts.heldOutBytes) : nil
    let result = RunRecord.Result(
      bytes: facts.heldOutBytes, tokens: facts.heldOutTokens, nats: nats, bitsPerByte: bits)
    if let bits { training.bitsPerByte.append(.init(step: steps, value: bits)) }
    record.training = training
    record.result = result
    record.timing.trainingSeconds = trainingSeconds
    record.timing.evaluationSeconds = evaluationSeconds
    record.timing.gigaflopsPerSecond =
      trainingSeconds > 0 ? 3 * perToken * trained / trainingSeconds / 1e9 : nil
    record.timing.threads = cellThreads
    try model.save(
      to: folder + "/models/\(cell.fileName).safetensors",
      metadata: ["tokenizer": cell.tokenizer, "tokenizerSHA256": facts.sha256, "sequenceLength": "\(S)"])
    try writeAtomically(
      try jsonEncoder().encode(Finished(training: training, result: result, timing: record.timing)), to: finishedPath)
    for name in try FileManager.default.contentsOfDirectory(atPath: cache) where name.hasSuffix(".safetensors") {
      try? FileManager.default.removeItem(atPath: cache + "/" + name)
    }
    progress.line(
      "\(cell.tokenizer) \(cell.size) seed \(cell.seed): \(steps) steps in \(duration(trainingSeconds)), "
        + (bits.map { String(format: "%.3f bits/byte", $0) } ?? "no bits/byte (not lossless)"))
    return false
  }

  /// Trains with snapshots where quick evaluations are wanted, then makes these.
  private func train(
    _ cell: Plan.Cell, shape: ModelShape, steps: Int, tokens: Stages.Tokens, cache: String, threads: Int,
    training: inout RunRecord.Training
  ) throws -> (Model, Double, Double) {
    let facts = tokens.facts.tokenization
    let what = "\(cell.tokenizer) \(cell.size) seed \(cell.seed)"
    let every = max(1, steps / experiment.evaluation.points)
    let curveSteps =
      facts.roundTrips ? stride(from: every, through: steps - every, by: every).map { $0 } : []
    let bytesPerToken = facts.compressionRatio ?? 1
    let (model, log) = try Transformer.train(
      shape: shape, options: experiment.m2, steps: steps, seed: cell.seed,
      source: ShuffledSequences(store: tokens.train, length: experiment.m2.sequenceLength, seed: cell.seed),
      threads: threads, workFolder: cache, snapshotSteps: curveSteps, report: { progress.line("\(what): \($0)") },
      progress: { progress.update(what, $0.line(bitsPerByte: $0.lossNats / 0.693147180559945 / bytesPerToken)) })
    training.lossNats = log.lossNats.map { .init(step: $0.step, value: $0.value) }
    var quickExamples = 0
    var quickBytes = 0
    for bytes in tokens.heldOutBytes where quickBytes < experiment.evaluation.quickBytes {
      quickExamples += 1
      quickBytes += bytes
    }
    let start = Date()
    for step in curveSteps {
      let snapshot = try Model.load(from: cache + "/snapshot-\(step).safetensors").model
      let nats = try score(snapshot, tokens, examples: quickExamples, threads: threads)
      if let bits = bitsPerByte(nats: nats, bytes: quickBytes) {
        training.bitsPerByte.append(.init(step: step, value: bits))
      }
    }
    return (model, log.seconds, Date().timeIntervalSince(start))
  }

  /// Nats over all tokens of the first held-out examples.
  private func score(_ model: Model, _ tokens: Stages.Tokens, examples: Int, threads: Int) throws -> Double {
    let store = tokens.heldOut
    return try model.nats(
      of: { store[$0] }, exampleTokenCounts: Array(tokens.heldOutCounts.prefix(examples)),
      sequenceLength: experiment.m2.sequenceLength, precision: experiment.m2.precision.forScores, threads: threads
    ).reduce(0, +)
  }
}

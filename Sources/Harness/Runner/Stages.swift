import Foundation
import Metrics
import Support
import Synchronization
import Tokenizers
import Transformer

/// The stages before a cell, each cached in a folder named by the hash of everything that determines it: M1, trained
/// tokenizers, token files.
struct Stages: Sendable {
  let experiment: Experiment
  let registry: Registry
  let corpus: Corpus
  /// The run's `work` folder.
  let work: String
  let threads: Int
  let progress: Progress
  /// An M1 to use instead of training one; only outside experiments, whose keys do not know it.
  var givenByteModel: NeuralByteModel?

  // MARK: M1

  func m1Key() throws -> String { try cacheKey("m1 3", corpus.sha256, experiment.m1, experiment.m1Seed) }

  /// M1, trained on the training split, or loaded where it is trained already.
  func byteModel() throws -> NeuralByteModel {
    if let givenByteModel { return givenByteModel }
    let folder = work + "/m1/" + (try m1Key())
    if !FileManager.default.fileExists(atPath: folder + "/m1.safetensors") {
      try makeFolder(folder)
      try trainByteModel(in: folder)
    }
    return try NeuralByteModel.load(from: folder)
  }

  private func trainByteModel(in folder: String) throws {
    let options = experiment.m1
    guard let shape = ModelShape(named: options.size, vocabulary: 256) else {
      throw HarnessError.usage("unknown M1 size '\(options.size)'")
    }
    let S = options.training.sequenceLength
    let source = RandomSpans(text: corpus.train.file, length: S, seed: experiment.m1Seed)
    let trainer = try Trainer(
      shape: shape, options: options.training, totalSteps: options.steps, seed: experiment.m1Seed, threads: threads)
    let checkpoint = folder + "/checkpoint.safetensors"
    if FileManager.default.fileExists(atPath: checkpoint) { _ = try trainer.resume(from: checkpoint) }
    let perStep =
      Double(options.training.batch * S) * FLOPsConvention.all.trainingPerToken(shape, sequenceLength: S)
    var meter = Meter(total: options.steps, done: trainer.step)
    var saved = Date()
    while trainer.step < options.steps {
      let step = try trainer.step(from: source)
      meter.tick()
      progress.update(
        "M1",
        meter.line(
          step: trainer.step, loss: step.lossNats, bitsPerByte: step.lossNats / 0.693147180559945,
          tokensPerStep: options.training.batch * S, flopsPerStep: perStep))
      if Date().timeIntervalSince(saved) > 60 {
        try trainer.saveCheckpoint(to: checkpoint)
        saved = Date()
      }
    }
    let model = NeuralByteModel(
      trainer.model, contextLength: S,
      metadata: ["size": options.size, "steps": "\(options.steps)", "corpus": corpus.sha256])
    let heldOut = corpus.validation.first(bytes: 200_000)
    let precision = 14
    let bits = try parallelMap(heldOut.count, threads: threads) { index in
      try model.intervals(of: heldOut[index], precision: precision).reduce(0.0) {
        $0 + Double(precision) - log2(Double($1.frequency))
      }
    }
    let bytes = heldOut.reduce(0) { $0 + $1.count }
    let score =
      bytes > 0 ? String(format: ", %.3f bits/byte held out (quantised)", bits.reduce(0, +) / Double(bytes)) : ""
    progress.line("M1 \(options.size): \(options.steps) steps in \(duration(meter.seconds))\(score)")
    try model.save(to: folder)
    try? FileManager.default.removeItem(atPath: checkpoint)
  }

  // MARK: Tokenizers

  func tokenizerKey(_ spec: ResolvedSpec) throws -> String {
    let needsM1 = try registry.backend(named: spec.name).descriptor.needsByteModel
    let stamp = spec.files.sorted { $0.key < $1.key }.map(\.value.sha256).joined()
    return try cacheKey(
      "tokenizer 2", spec.canonicalName, corpus.sha256, experiment.corpus.exampleBytes, experiment.corpus.seed,
      needsM1 ? try m1Key() : "", stamp)
  }

  func tokenizer(_ spec: ResolvedSpec) throws -> SavedTokenizer {
    let folder = work + "/tokenizers/" + (try tokenizerKey(spec))
    if !FileManager.default.fileExists(atPath: folder) {
      let split = corpus.train
      let context = TrainingContext(
        examples: { split.examples }, byteModel: { try byteModel() }, seed: experiment.corpus.seed, threads: threads,
        report: { progress.line($0) })
      let trained = try registry.backend(named: spec.name).train(spec, context: context)
      try SavedTokenizer.save(trained, to: folder)
    }
    return try SavedTokenizer(folder: folder, registry: registry)
  }

  // MARK: Tokens

  /// Both splits' tokens and what was measured on the way.
  struct Tokens: Sendable {
    let train: TokenStore
    let heldOut: TokenStore
    /// Tokens of each held-out example.
    let heldOutCounts: [Int]
    let heldOutBytes: [Int]
    let facts: Facts
    let key: String
  }
  struct Facts: Codable, Sendable {
    var tokenization: RunRecord.Tokenization
    var heldOutCounts: [Int]
    var heldOutBytes: [Int]
    var encodeMegabytesPerSecond: Double?
    var decodeMegabytesPerSecond: Double?
  }

  /// Tokenizes the held-out examples, and training examples until there are `wanted` tokens or no more text.
  func tokens(_ saved: SavedTokenizer, wanted: (_ vocabularySize: Int, _ bytesPerToken: Double?) throws -> Int) throws
    -> Tokens
  {
    let tokenizer = saved.tokenizer, name = tokenizer.spec.canonicalName
    let heldOut = corpus.validation.first(bytes: experiment.evaluation.bytes)
    let heldOutBytes = heldOut.reduce(0) { $0 + $1.count }
    // The held-out text first: its ratio decides how much training text is needed when bytes are matched.
    let heldOutKey = try cacheKey(
      "tokens 2", saved.sha256, corpus.sha256, experiment.corpus.exampleBytes, experiment.corpus.seed,
      experiment.evaluation.bytes)
    let folder = work + "/tokens/" + heldOutKey
    let isWide = TokenStore.isWide(vocabularySize: tokenizer.vocabularySize)
    try makeFolder(work + "/tokens")
    if !FileManager.default.fileExists(atPath: folder) {
      progress.line("\(name): tokenizing \(heldOutBytes) held-out bytes")
      try buildFolder(folder) { beside in
        let encodeStart = Date()
        let encoded = try tokenizer.encode(examples: heldOut, threads: threads)
        let encodeSeconds = Date().timeIntervalSince(encodeStart)
        for tokens in encoded { try tokenizer.checkRange(tokens) }
        let decodeStart = Date()
        let problem = roundTripProblem(tokenizer, heldOut, encoded, threads: threads)
        let decodeSeconds = Date().timeIntervalSince(decodeStart)
        let count = encoded.reduce(0) { $0 + $1.count }
        let megabytes = Double(heldOutBytes) / 1e6
        let facts = Facts(
          tokenization: RunRecord.Tokenization(
            vocabularySize: tokenizer.vocabularySize, trainingBytes: 0, trainingTokens: 0, heldOutBytes: heldOutBytes,
            heldOutTokens: count, compressionRatio: compressionRatio(bytes: heldOutBytes, tokens: count),
            bitCompressionRatio: bitCompressionRatio(
              bytes: heldOutBytes, tokens: count, vocabularySize: tokenizer.vocabularySize),
            uniformBitsPerByte: uniformBitsPerByte(
              bytes: heldOutBytes, tokens: count, vocabularySize: tokenizer.vocabularySize),
            unigramBitsPerByte: nil, vocabularyUse: 0, divergenceFromUniformBits: 0,
            stepsPerKilobyte: heldOutBytes > 0 ? 1000 * Double(count) / Double(heldOutBytes) : nil,
            isLossless: tokenizer.isLossless, roundTrips: problem == nil, roundTripProblem: problem,
            flopsPerByte: tokenizer.flopsPerByte, sha256: saved.sha256,
            facts: try tokenizer.facts(about: heldOut, tokens: encoded, threads: threads)),
          heldOutCounts: encoded.map(\.count), heldOutBytes: heldOut.map(\.count),
          encodeMegabytesPerSecond: encodeSeconds > 0 ? megabytes / encodeSeconds : nil,
          decodeMegabytesPerSecond: decodeSeconds > 0 && problem == nil ? megabytes / decodeSeconds : nil)
        try writeAtomically(TokenStore.data(Array(encoded.joined()), isWide: isWide), to: beside + "/heldout.bin")
        try writeAtomically(try jsonEncoder().encode(facts), to: beside + "/facts.json")
      }
    }
    var facts = try JSONDecoder().decode(
      Facts.self, from: try Data(contentsOf: URL(fileURLWithPath: folder + "/facts.json")))
    let heldOutStore = try TokenStore(path: folder + "/heldout.bin", vocabularySize: tokenizer.vocabularySize)

    let needed = try wanted(tokenizer.vocabularySize, facts.tokenization.compressionRatio)
    let trainFolder = work + "/tokens/" + heldOutKey + "-train\(needed)"
    if !FileManager.default.fileExists(atPath: trainFolder) {
      try buildFolder(trainFolder) { beside in
        guard FileManager.default.createFile(atPath: beside + "/train.bin", contents: nil),
          let handle = FileHandle(forWritingAtPath: beside + "/train.bin")
        else {
          throw HarnessError.file(beside, reason: "cannot be written")
        }
        let split = corpus.train
        var (tokens, bytes, next) = (0, 0, 0)
        // A block holds whole batches of streams for every thread; its size does not depend on how many there are.
        while tokens < needed, next < split.count {
          let block = (next..<min(split.count, next + 128)).map { split[$0] }
          let encoded = try tokenizer.encode(examples: block, threads: threads)
          for (example, text) in zip(encoded, block) where tokens < needed {
            try tokenizer.checkRange(example)
            try handle.write(contentsOf: TokenStore.data(example, isWide: isWide))
            tokens += example.count
            bytes += text.count
          }
          next += block.count
          let (done, all) = (tokens, needed)
          progress.update("\(name)", "tokenizing training text, \(min(100, 100 * done / max(1, all)))%")
        }
        try handle.close()
        try writeAtomically(try jsonEncoder().encode(["bytes": bytes]), to: beside + "/facts.json")
      }
    }
    let train = try TokenStore(path: trainFolder + "/train.bin", vocabularySize: tokenizer.vocabularySize)
    let counted = try JSONDecoder().decode(
      [String: Int].self, from: try Data(contentsOf: URL(fileURLWithPath: trainFolder + "/facts.json")))
    let histogram = train.histogram(vocabularySize: tokenizer.vocabularySize)
    facts.tokenization.trainingTokens = train.count
    facts.tokenization.trainingBytes = counted["bytes"] ?? 0
    facts.tokenization.unigramBitsPerByte = unigramBitsPerByte(
      training: histogram, heldOut: heldOutStore.histogram(vocabularySize: tokenizer.vocabularySize),
      bytes: facts.tokenization.heldOutBytes)
    facts.tokenization.vocabularyUse =
      Double(histogram.count { $0 > 0 }) / Double(max(1, tokenizer.vocabularySize))
    facts.tokenization.divergenceFromUniformBits = train.count > 0 ? divergenceFromUniformBits(histogram) : 0
    return Tokens(
      train: train, heldOut: heldOutStore, heldOutCounts: facts.heldOutCounts, heldOutBytes: facts.heldOutBytes,
      facts: facts, key: heldOutKey)
  }
}

/// Time and speed of a loop of steps.
struct Meter {
  private let total: Int
  private let first: Int
  private var count = 0
  private let start = Date()
  init(total: Int, done: Int) {
    self.total = total
    first = done
  }
  mutating func tick() { count += 1 }
  var seconds: Double { Date().timeIntervalSince(start) }

  func line(step: Int, loss: Double, bitsPerByte: Double?, tokensPerStep: Int, flopsPerStep: Double) -> String {
    let rate = Double(count) / max(1e-9, seconds)
    return String(
      format: "step %d/%d  loss %.4f  %@ bits/byte  %.0f tok/s  %.0f GFLOP/s  %@ left", step, total, loss,
      bitsPerByte.map { String(format: "%.3f", $0) } ?? "---", rate * Double(tokensPerStep),
      rate * flopsPerStep / 1e9, duration(Double(total - step) / max(1e-9, rate)))
  }
}

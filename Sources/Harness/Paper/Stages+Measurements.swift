import Analysis
import Foundation
import Metrics
import Records
import Store
import Support
import Tokenizers
import Transformer

extension Stages {
  /// All that a part asks for.
  func measurements(_ needs: PaperNeeds, _ run: PaperRun, _ records: [CellIdentity: RunRecord]) throws
    -> PaperMeasurements
  {
    let trace = Trace()
    var found = PaperMeasurements()
    found.samples =
      try needs.samples.map { try sample($0, exampleBytes: run.scale.exampleBytes, run, trace) }
      + needs.shortSamples.map { try sample($0, exampleBytes: 1024, run, trace) }
    found.stability = try needs.prefixed.map { try stability($0, run, trace) }
    found.meanings = try needs.meanings.flatMap { try meanings($0, run, trace) }
    found.uniformity = try uniformity(needs.bits, run, trace)
    func trained(_ tables: [String]) throws -> [RunRecord] {
      try needs.cells.filter { tables.contains($0.name) }.flatMap(run.cells)
        .compactMap { records[try CellIdentity($0)] }.filter { $0.training != nil }
    }
    found.positions = try trained(needs.positions).flatMap { try positions($0, trace) }
    found.snapshots = try trained(needs.snapshots).flatMap { try snapshots($0, trace) }
    found.generation = try trained(needs.generated).map(generation)
    found.tasks = try needs.tasks.compactMap { need in
      // Fine-tuning waits for the cell that it begins with.
      guard let table = need.table else { return try answer(need, from: nil, run, trace) }
      let cells = try needs.cells.filter { $0.name == table }.flatMap(run.cells)
      let cell = cells.first { $0.tokenizer == need.tokenizer && $0.size == need.size }
      guard let record = try cell.flatMap({ records[try CellIdentity($0)] }), record.training != nil else { return nil }
      return try answer(need, from: store.entry(.model, of: record).file(ModelStage.modelName), run, trace)
    }
    return found
  }

  /// A tokenizer over the run's text and M1, as its cells have it.
  func prepared(
    _ name: String, exampleBytes: Int? = nil, _ run: PaperRun, _ trace: Trace
  ) throws -> (request: CellRequest, corpus: Corpus, saved: SavedTokenizer) {
    var request = try run.cells(CellTable("sample", [name], run.scale))[0]
    request.corpus.exampleBytes = exampleBytes ?? request.corpus.exampleBytes
    let corpus = try corpus(request.corpus, trace)
    let m1 = try request.m1.map { try byteModel($0, corpus: corpus, trace) }
    return (request, corpus, try tokenizer(spec(of: request), corpus: corpus, m1: m1, trace))
  }

  // MARK: From tokenizers and text

  private func sample(_ name: String, exampleBytes: Int, _ run: PaperRun, _ trace: Trace) throws -> TokenSample {
    let (request, corpus, saved) = try prepared(name, exampleBytes: exampleBytes, run, trace)
    let heldOut = try heldOutTokens(saved, corpus.heldOut, bytes: request.evaluation.bytes, trace)
    let training = try firstTrainingShard(saved, corpus.train, trace)?.histogram() ?? []
    let size = saved.tokenizer.vocabularySize, total = Double(training.reduce(0, +) + size)
    let bits = (0..<size).map { id in -exactLog2(Double((id < training.count ? training[id] : 0) + 1) / total) }
    var place = 0
    let unigram = heldOut.facts.tokens.map { count in
      defer { place += count }
      return (place..<place + count).reduce(0.0) { $0 + bits[Int(heldOut.tokens[$1])] }
    }
    return TokenSample(
      tokenizer: name, exampleSize: exampleBytes, vocabularySize: size,
      roundTripProblem: heldOut.facts.roundTripProblem,
      bytes: heldOut.facts.bytes, tokens: heldOut.facts.tokens, unigramBits: unigram, facts: heldOut.facts.backend)
  }

  /// A sentence of the held-out text, and words of it to stand before.
  private func stability(_ name: String, _ run: PaperRun, _ trace: Trace) throws -> PrefixStability {
    let (request, corpus, saved) = try prepared(name, run, trace)
    let text = PrefixedSentence(of: corpus.heldOut.first(bytes: request.evaluation.bytes))
    let tokenizer = saved.tokenizer, sentence = Array(text.sentence.utf8)
    let behind = try tokenizer.encode(
      text.words.map { Array("\($0) ".utf8) + sentence }, from: text.words.map { $0.utf8.count + 1 }, threads: threads)
    let ids = try tokenizer.encode(sentence)
    let distances = try relativeDistances(behind, threads: threads)
    var histogram = [Int](repeating: 0, count: PrefixStability.bins)
    for distance in distances.joined() {
      histogram[min(histogram.count - 1, Int(distance * Double(histogram.count)))] += 1
    }
    return PrefixStability(
      tokenizer: name, sentence: text.sentence, ids: ids, byteCounts: try tokenizer.byteCounts(of: ids, in: sentence),
      distances: stride(from: 0, to: behind.count - 1, by: 2).map { distances[$0][0] }, histogram: histogram)
  }

  private func meanings(_ name: String, _ run: PaperRun, _ trace: Trace) throws -> [TokenMeaning] {
    let (request, corpus, saved) = try prepared(name, run, trace)
    let examples = corpus.heldOut.first(bytes: min(200_000, request.evaluation.bytes))
    return try TokenTexts(saved.tokenizer, examples, threads: threads).meanings(of: name)
  }

  /// Every stream of as many bits as the shortest has, at most 800,000, so that one band of random ones serves all.
  private func uniformity(_ names: [String], _ run: PaperRun, _ trace: Trace) throws -> [BitUniformity] {
    let streams = try names.map { name in
      let (request, corpus, saved) = try prepared(name, run, trace)
      let heldOut = try heldOutTokens(saved, corpus.heldOut, bytes: request.evaluation.bytes, trace)
      return (name: name, bits: (0..<heldOut.tokenCount).map { UInt8(heldOut.tokens[$0]) })
    }
    guard let length = streams.map(\.bits.count).min() else { return [] }
    return try bitUniformity(streams.map { ($0.name, Array($0.bits.prefix(min(length, 800_000)))) }, threads: threads)
  }

  // MARK: From trained models

  /// The cell's model, what it is scored on, and the request with nothing left open.
  private func trained(_ record: RunRecord) throws -> (
    request: CellRequest, model: TrainedModel, heldOut: HeldOutTokens
  ) {
    let request = try record.request.decoded(as: CellRequest.self).alternatives[0]
    let entry = try store.entry(.model, of: record), tokens = try store.entry(.heldOutTokens, of: record)
    guard let training = record.training, let tokenization = record.tokenization else {
      throw HarnessError.notInRun("\(request.title) was not trained")
    }
    let facts = try tokens.decode(HeldOutTokens.Facts.self, HeldOutTokens.factsName)
    return (
      request,
      TrainedModel(
        entry: entry, lossNats: [], steps: ModelStage.snapshotSteps(training.steps) + [training.steps]),
      HeldOutTokens(
        tokens: try TokenStore(
          paths: [tokens.file(HeldOutTokens.tokensName)], vocabularySize: tokenization.vocabularySize, limit: .max),
        facts: facts, sha256: tokens.sha256)
    )
  }

  private func positions(_ record: RunRecord, _ trace: Trace) throws -> [PositionAccuracy] {
    let (request, model, heldOut) = try trained(record)
    let spec = try spec(of: request)
    let bits = try registry.backend(named: spec.name).windowBits(of: spec) ?? 0
    let width = BitPacking.width(vocabularySize: record.tokenization?.vocabularySize ?? 2)
    let counts = Array(heldOut.facts.tokens.prefix(heldOut.examples(bytes: request.evaluation.quickBytes)))
    // As they are scored: the stream of all examples, cut into sequences.
    let stream = (0..<counts.reduce(0, +)).map { heldOut.tokens[$0] }
    let sequences = stride(from: 0, to: stream.count, by: request.m2.sequenceLength).map {
      Array(stream[$0..<min(stream.count, $0 + request.m2.sequenceLength)])
    }
    return try model.steps.flatMap { step in
      progress.line("\(request.title): accuracy after \(step) steps")
      let predictions = try model.weights(after: step).model.predictions(of: sequences, threads: threads)
      return accuracies(
        tokens: stream, best: predictions.joined().map(\.likeliest), exampleTokens: counts,
        tokensPerWindow: max(1, bits / width)
      ).enumerated().map { index, one in
        PositionAccuracy(
          tokenizer: record.tokenizer, size: record.size, step: step, position: index + 1, counts: one.counts,
          right: one.right, trivial: one.trivial)
      }
    }
  }

  private func snapshots(_ record: RunRecord, _ trace: Trace) throws -> [SnapshotScore] {
    let (request, model, heldOut) = try trained(record)
    let examples = heldOut.examples(bytes: request.evaluation.quickBytes)
    return try model.steps.map { step in
      SnapshotScore(
        tokenizer: record.tokenizer, size: record.size, step: step, trainingTokens: step * request.m2.tokensPerStep,
        bytes: Array(heldOut.facts.bytes.prefix(examples)),
        nats: try nats(model, after: step, heldOut, examples: examples, request: request, trace))
    }
  }

  /// Five runs of as many tokens as 1,000 bytes of the held-out text have.
  private func generation(_ record: RunRecord) throws -> GenerationSpeed {
    let cell = try FinishedCell(
      record, store: store, registry: registry,
      plugin: { throw HarnessError.notInRun("\($0.line): no part takes a plug-in") }, threads: 1)
    progress.line("\(record.tokenizer) \(record.size): writing")
    let tokens = max(32, Int(1000 / (record.tokenization?.compressionRatio ?? 1)))
    let runs = try (1...5).map { seed in
      try generate(
        model: cell.model, tokenizer: cell.tokenizer, prompt: [], bytes: 8000, tokens: tokens, temperature: 0.8,
        sequenceLength: record.training?.sequenceLength ?? 512, seed: UInt64(seed))
    }
    return GenerationSpeed(
      tokenizer: record.tokenizer, size: record.size, tokens: runs.map(\.tokens), bytes: runs.map(\.text.count),
      seconds: runs.map(\.seconds))
  }
}

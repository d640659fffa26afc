import Metrics
import Records
import Store
import Support
import Tokenizers
import Transformer

extension Stages {
  /// The record of a cell; of one that cannot be trained or scored, with the reason.
  /// - Parameter failure: what is known to keep the cell from being made; then nothing of it is tried.
  /// - Throws: ``HarnessError/busy(entry:host:process:)``; ``FileError``, and errors of the texts, which are every cell's.
  public func record(_ request: CellRequest, failedBy failure: (any Error)? = nil) throws -> (
    record: RunRecord, reusedAll: Bool
  ) {
    let trace = Trace(purpose: request.purpose)
    var writer = provenance(request.m2.precision)
    let corpus = try corpus(request.corpus, trace)
    let texts = try request.evaluation.texts.sorted { $0.key < $1.key }.map { name, paths in
      (name: name, split: try text(named: name, paths, like: request.corpus, trace))
    }
    let heldOut = sha256(Array(corpus.heldOut.first(bytes: request.evaluation.bytes).joined()))
    var content = RunRecord.Content(
      experiment: request.experiment, tokenizer: request.tokenizer, size: request.size, seed: request.seed,
      protocol: try ComparisonProtocol(
        request, trainingSHA256: corpus.train.sha256, heldOutSHA256: heldOut,
        texts: Dictionary(uniqueKeysWithValues: texts.map { ($0.name, $0.split.sha256) })),
      request: try JSONValue(encoding: request))
    content.variant = request.variant
    content.corpus = RunRecord.Corpus(request.corpus, corpus, heldOutSHA256: heldOut)
    do {
      if let failure { throw failure }
      try run(request, corpus, texts, into: &content, trace)
    } catch HarnessError.notAffordable(let reason) {
      content.notAffordable = reason
    } catch { content.error = try problem(of: error) }
    try store.recheck(trace.entries)
    content.stages = trace.stages
    writer.ended = timestamp()
    let circumstances = RunRecord.Circumstances(written: timestamp(), stages: trace.makings, writer: writer)
    return (try RunRecord(content, circumstances), trace.reusedAll)
  }

  /// Why a cell, or one of its trials, has no result.
  /// - Throws: the error itself where it says nothing of that: another process is at work on what is needed, the disk is
  ///   full, a file is gone or damaged, this process is to stop.
  func problem(of error: any Error) throws -> String {
    switch error {
    case HarnessError.busy, is FileError, is Damage, is Stopped: throw error
    default: return "\(error)"
    }
  }

  /// Makes one cell: M1 → tokenizer → tokens → model → scores. Everything that lies in the store is found there.
  private func run(
    _ listed: CellRequest, _ corpus: Corpus, _ texts: [(name: String, split: TextSplit)],
    into content: inout RunRecord.Content, _ trace: Trace
  ) throws {
    // What the request leaves open is searched; from there on every cell is made alike.
    var request = listed.alternatives[0], training = corpus.train
    if let tuning = listed.tuning {
      let text: TextSplit
      (training, text) = try tuningText(tuning, of: corpus.train)
      if listed.isSearched {
        let found = try trace.ofTrials {
          try tune(listed, by: tuning, corpus, training: training, on: text, trace)
        }
        if let found { (request, content.tuning) = (found.request, found.tuning) }
      }
    }
    if request.tokenizer != listed.tokenizer { content.chosenTokenizer = request.tokenizer }

    let m1 = try request.m1.map { try byteModel($0, corpus: corpus, trace) }
    if let m1, let options = request.m1 {
      content.m1 = RunRecord.M1(
        options, m1,
        heldOutBitsPerByte: try byteModelScore(
          m1, on: corpus.heldOut, bytes: request.evaluation.bytes, trace))
    }
    let saved = try tokenizer(spec(of: request), corpus: corpus, m1: m1, trace)
    let tokenizer = saved.tokenizer
    let heldOut = try heldOutTokens(saved, corpus.heldOut, bytes: request.evaluation.bytes, trace)

    let shape = try shape(of: request, saved)
    content.model = RunRecord.Model(shape)
    request = try withMeasuredContext(request, saved, training, trace)
    let steps = try steps(of: request, shape, saved, training, trace)
    let tokens = try trainingTokens(saved, training, wanted: steps * request.m2.tokensPerStep, trace)
    content.tokenization = try RunRecord.Tokenization(
      tokenizer, training: tokens, histogram: histogram(of: tokens, vocabularySize: tokenizer.vocabularySize),
      heldOut: heldOut,
      lines: shownLines(of: corpus.heldOut.first(bytes: request.evaluation.quickBytes)))
    try checkLength(tokens, request)
    if let problem = heldOut.facts.roundTripProblem {
      // Training for a number that no report may show is not worth it; a tokenizer that admits its loss is no failure.
      if tokenizer.isLossless {
        throw HarnessError.brokenRoundTrip("does not round-trip the held-out text: \(problem)")
      }
      if request.evaluation.lossy == nil { return }
    }
    guard !listed.isSearched || content.tuning != nil else {
      throw HarnessError.cell(
        "does not give back the tuning text, so that nothing can be tuned; list another tokenizer")
    }

    let bytesPerToken = compressionRatio(bytes: tokens.bytes, tokens: tokens.tokens.count)
    let trained = try model(
      request, shape: shape, steps: steps, tokens: tokens, checkedOn: heldOut, bytesPerToken: bytesPerToken, trace)
    let score = try score(trained, heldOut, text: RunRecord.Score.heldOut, steps: steps, request: request, trace)
    content.scores = [score]
    for (name, split) in texts {
      let tokens = try heldOutTokens(saved, split, bytes: .max, trace)
      content.scores.append(try self.score(trained, tokens, text: name, steps: steps, request: request, trace))
    }
    let quick = heldOut.examples(bytes: request.evaluation.quickBytes)
    let quickBytes = heldOut.facts.bytes.prefix(quick).reduce(0, +)
    var curve = try trained.steps.dropLast().suffix(request.evaluation.points - 1).compactMap { step in
      let nats = try nats(trained, after: step, heldOut, examples: quick, request: request, trace).reduce(0, +)
      return bitsPerByte(nats: nats, bytes: quickBytes).map { RunRecord.Point(step: step, value: $0) }
    }
    let quickNats = score.exampleNats.prefix(quick).reduce(0, +)
    if let last = bitsPerByte(nats: quickNats, bytes: quickBytes) { curve.append(.init(step: steps, value: last)) }
    content.training = RunRecord.Training(
      request.m2, shape: shape, steps: steps, tokens: tokens, bytesPerToken: bytesPerToken,
      lossNats: trained.lossNats, heldOutBitsPerByte: curve, curveBytes: quickBytes)
    content.flops = RunRecord.FLOPs(
      shape, request.m2, steps: steps,
      heldOutBytesPerToken: compressionRatio(bytes: heldOut.byteCount, tokens: heldOut.tokenCount),
      tokenizerPerByte: tokenizer.flopsPerByte, m1Counted: request.m1FLOPs)
  }

  /// The text that trials are scored on, and the training split without it, which is what every M2 of the table trains
  /// on. Tokenizers and M1 are made from the whole split: they are those of every other experiment.
  func tuningText(_ tuning: Tuning, of split: TextSplit) throws -> (training: TextSplit, text: TextSplit) {
    guard let (rest, aside) = split.settingAside(bytes: tuning.textBytes) else {
      throw HarnessError.cell(
        "the training split of \(split.byteCount) bytes is too small to set \(tuning.textBytes) aside for tuning, at "
          + "most half of it; give more text, or lower learningRate.bytes")
    }
    return (rest, aside)
  }

  /// The tokenizer that a request with nothing left open names.
  func spec(of request: CellRequest) throws -> ResolvedSpec {
    let spec = try registry.resolve(request.writtenTokenizer)
    guard spec.canonicalName == request.tokenizer else {
      throw HarnessError.cell(
        "\(request.writtenTokenizer) is \(spec.canonicalName) now, not \(request.tokenizer): a file has changed")
    }
    if let plugin = request.plugin, try registry.backend(named: spec.name).descriptor.libraries != plugin.identity {
      throw HarnessError.cell("the plug-in of \(spec.canonicalName) is not the one that the cell was planned with")
    }
    return spec
  }

  func shape(of request: CellRequest, _ saved: SavedTokenizer) throws -> ModelShape {
    guard let shape = ModelShape(named: request.size, vocabulary: saved.tokenizer.vocabularySize) else {
      throw HarnessError.cell("unknown model size '\(request.size)'")
    }
    return shape
  }

  /// The request with the sequences that hold its `contextBytes`, where it asks for them.
  func withMeasuredContext(_ request: CellRequest, _ saved: SavedTokenizer, _ training: TextSplit, _ trace: Trace)
    throws
    -> CellRequest
  {
    guard let bytes = request.contextBytes, let ratio = try trainingBytesPerToken(saved, training, trace) else {
      return request
    }
    var measured = request
    measured.m2 = try request.m2.lookingBack(bytes: bytes, bytesPerToken: ratio)
    measured.contextBytes = nil
    return measured
  }

  /// Steps that the cell's budget buys, M1 paid; at least one.
  /// - Parameter request: with measured contexts.
  /// - Throws: ``HarnessError/notAffordable(_:)`` where M1 leaves nothing.
  func steps(
    of request: CellRequest, _ shape: ModelShape, _ saved: SavedTokenizer, _ training: TextSplit, _ trace: Trace
  ) throws -> Int {
    let match = request.matchAfterM1
    let ratio = match.by == .bytes ? try trainingBytesPerToken(saved, training, trace) : nil
    guard let steps = try match.steps(shape: shape, training: request.m2, bytesPerToken: ratio), steps >= 1 else {
      throw request.underOneStep
    }
    return steps
  }

  func checkLength(_ tokens: TrainingTokens, _ request: CellRequest) throws {
    guard tokens.tokens.count >= request.m2.sequenceLength else {
      throw HarnessError.cell(
        "only \(tokens.tokens.count) training tokens, fewer than one sequence of \(request.m2.sequenceLength); give more text or a shorter sequenceLength"
      )
    }
  }
}

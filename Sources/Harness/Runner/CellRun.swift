import Metrics
import Records
import Store
import Support
import Tokenizers
import Transformer

extension Stages {
  /// The record of a cell; of one that cannot be trained or scored, with the reason.
  /// - Throws: ``HarnessError/busy(entry:host:process:)``; ``FileError``, and errors of the texts, which are every cell's.
  public func record(_ request: CellRequest) throws -> (record: RunRecord, reusedAll: Bool) {
    let trace = Trace()
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
    do { try run(request, corpus, texts, into: &content, trace) } catch let error as HarnessError {
      if case .busy = error { throw error }
      content.error = "\(error)"
    } catch let error as FileError {
      throw error  // a full disk or a file that is gone says nothing of the cell
    } catch let error as Damage {
      throw error
    } catch { content.error = "\(error)" }
    try store.recheck(trace.entries)
    content.stages = trace.stages
    writer.ended = timestamp()
    let circumstances = RunRecord.Circumstances(written: timestamp(), stages: trace.makings, writer: writer)
    return (try RunRecord(content, circumstances), trace.reusedAll)
  }

  /// Makes one cell: M1 → tokenizer → tokens → model → scores. Everything that lies in the store is found there.
  private func run(
    _ requested: CellRequest, _ corpus: Corpus, _ texts: [(name: String, split: TextSplit)],
    into content: inout RunRecord.Content, _ trace: Trace
  ) throws {
    var request = requested
    let spec = try registry.resolve(request.writtenTokenizer)
    guard spec.canonicalName == request.tokenizer else {
      throw HarnessError.cell(
        "\(request.writtenTokenizer) is \(spec.canonicalName) now, not \(request.tokenizer): a file has changed")
    }
    let m1 = try request.m1.map { try byteModel($0, corpus: corpus, trace) }
    if let m1, let options = request.m1 {
      content.m1 = RunRecord.M1(
        options, m1,
        heldOutBitsPerByte: try byteModelScore(
          m1, on: corpus.heldOut, bytes: request.evaluation.bytes, trace))
    }
    let saved = try tokenizer(spec, corpus: corpus, m1: m1, trace)
    let tokenizer = saved.tokenizer
    let heldOut = try heldOutTokens(saved, corpus.heldOut, bytes: request.evaluation.bytes, trace)

    guard let shape = ModelShape(named: request.size, vocabulary: tokenizer.vocabularySize) else {
      throw HarnessError.cell("unknown model size '\(request.size)'")
    }
    content.model = RunRecord.Model(shape)
    let measures = request.match.by == .bytes || request.contextBytes != nil
    let ratio = measures ? try trainingBytesPerToken(saved, corpus.train, trace) : nil
    if let bytes = request.contextBytes, let ratio {
      request.m2 = try request.m2.lookingBack(bytes: bytes, bytesPerToken: ratio)
    }
    let match = try request.matchAfterM1()
    guard let steps = try match.steps(shape: shape, training: request.m2, bytesPerToken: ratio), steps >= 1
    else { throw HarnessError.cell("the budget of \(match.budget) \(match.by.rawValue) is under one step") }
    let wanted = steps * request.m2.tokensPerStep
    let tokens = try trainingTokens(saved, corpus.train, wanted: wanted, trace)
    content.tokenization = RunRecord.Tokenization(tokenizer, training: tokens, heldOut: heldOut)
    guard tokens.tokens.count >= request.m2.sequenceLength else {
      throw HarnessError.cell(
        "only \(tokens.tokens.count) training tokens, fewer than one sequence of \(request.m2.sequenceLength); give more text or a shorter sequenceLength"
      )
    }
    if let problem = heldOut.facts.roundTripProblem {
      // Training for a number that no report may show is not worth it; a tokenizer that admits its loss is no failure.
      if tokenizer.isLossless { throw HarnessError.cell("does not round-trip the held-out text: \(problem)") }
      return
    }

    let bytesPerToken = compressionRatio(bytes: tokens.bytes, tokens: tokens.tokens.count)
    let trained = try model(
      request, shape: shape, steps: steps, tokens: tokens, bytesPerToken: bytesPerToken, trace)
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
}

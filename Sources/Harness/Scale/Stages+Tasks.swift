import Records
import Store
import Support
import Transformer

extension Stages {
  /// Does a task of `prepare` or `tokens`. Where it fails for a reason that is its cells' own, each of them gets a failed
  /// record, as if it had tried itself.
  /// - Returns: whether it is done, or no cell is lost.
  /// - Throws: ``FileError``, `Stopped`, errors of the texts.
  public func run(_ stage: StageKind, _ index: Int, of graph: TaskGraph, records: RecordFolder) throws -> Bool {
    try openTexts(of: stage == .tokens ? graph.tokenizations[index / graph.parts].requests : graph.cells)
    do {
      switch stage {
      case .prepare: try prepare(graph, index)
      case .tokens: try tokenize(graph.tokenizations[index / graph.parts], part: index % graph.parts, of: graph.parts)
      case .cell: preconditionFailure("cells are the runner's")
      }
      return true
    } catch {
      let reason = try problem(of: error)
      let lost = graph.cellsLost(with: stage, index)
      progress.line("\(stage.rawValue) \(index): \(reason); \(lost.count) cells fail with it")
      for request in lost { try records.append(try record(request, failedBy: error).record) }
      return lost.isEmpty
    }
  }

  /// The corpus and further texts, whose errors are every cell's.
  private func openTexts(of requests: [CellRequest]) throws {
    let trace = Trace(purpose: "the texts")
    for request in requests {
      _ = try corpus(request.corpus, trace)
      for (name, paths) in request.evaluation.texts { _ = try text(named: name, paths, like: request.corpus, trace) }
    }
  }

  /// An M1, where the task has one.
  private func prepare(_ graph: TaskGraph, _ index: Int) throws {
    guard let m1 = graph.preparations[index] else { return }
    let trace = Trace(purpose: "prepare \(index)")
    var scored: Set<Int> = []
    for request in graph.cells {
      guard request.alternatives.contains(where: { $0.m1 == m1 }),
        scored.insert(request.evaluation.bytes).inserted
      else { continue }
      let corpus = try corpus(request.corpus, trace)
      let model = try byteModel(m1, corpus: corpus, trace)
      _ = try byteModelScore(model, on: corpus.heldOut, bytes: request.evaluation.bytes, trace)
    }
  }

  /// A tokenizer and its tokens of the texts, as far as its cells need them; of the training text one part.
  private func tokenize(_ task: TaskGraph.Tokenization, part: Int, of parts: Int) throws {
    let trace = Trace(purpose: "tokens of \(task.tokenizer)")
    for request in task.requests {
      let corpus = try corpus(request.corpus, trace)
      let m1 = try request.m1.map { try byteModel($0, corpus: corpus, trace) }
      let saved = try tokenizer(spec(of: request), corpus: corpus, m1: m1, trace)
      if part == 0 {
        _ = try heldOutTokens(saved, corpus.heldOut, bytes: request.evaluation.bytes, trace)
        for (name, paths) in request.evaluation.texts.sorted(by: { $0.key < $1.key }) {
          let text = try text(named: name, paths, like: request.corpus, trace)
          _ = try heldOutTokens(saved, text, bytes: .max, trace)
        }
      }
      var training = corpus.train
      if let tuning = request.tuning {
        let text: TextSplit
        (training, text) = try tuningText(tuning, of: training)
        if part == 0 { _ = try heldOutTokens(saved, text, bytes: .max, trace) }
      }
      let measured = try withMeasuredContext(request, saved, training, trace)
      do {
        let steps = try steps(of: measured, shape(of: measured, saved), saved, training, trace)
        try trainingShards(
          saved, training, wanted: steps * measured.m2.tokensPerStep, part: part, of: parts, trace)
      } catch HarnessError.notAffordable { continue }  // the cell says so itself
    }
  }
}

import Foundation
import Records
import Testing

private func experiment(
  _ corpus: String, tokenizers: String, learningRate: String = "{tune: [1e-3, 1e-2, 1e-1], share: 0.5, bytes: 5000}",
  seeds: String = "[1]"
) -> Data {
  Data(
    """
    name: tuned
    corpus: {paths: ["\(corpus)"], validationShare: 0.3, exampleBytes: 2048}
    m1: {size: 100k, context: window, batch: 2, steps: 3}
    m2: {sizes: [100k], sequenceLength: 32, batch: 2, learningRate: \(learningRate)}
    match: {by: steps, budget: 12}
    seeds: \(seeds)
    evaluation: {bytes: 4000}
    tokenizers: [\(tokenizers)]
    """.utf8)
}

private struct Run {
  let scratch: Scratch, corpus: String
  init() throws {
    scratch = try Scratch()
    corpus = try scratch.write("corpus.txt", text)
  }
  var store: String { scratch.path + "/store" }
  /// Runs into a folder of that name.
  func callAsFunction(_ name: String, _ yaml: Data, store: String? = nil) throws -> (
    records: [RunRecord], errors: String
  ) {
    let file = try scratch.write(name + ".yaml", yaml)
    let result = try harness(["run", file, "--out", scratch.path + "/" + name, "--store", store ?? self.store])
    #expect(result.status == 0, "\(result.errors)")
    return (try RecordFolder(runFolder: scratch.path + "/" + name).load().records, result.errors)
  }
}

@Suite struct TuningTests {
  /// Rate and vocabulary are searched, the record says so, the trials are shared by seeds, and the cell is its own.
  @Test func ratesAndVocabulariesAreSearched() throws {
    let run = try Run()
    let sweep = "\"GZip[v=256..1k]\""
    let (many, said) = try run("many", experiment(run.corpus, tokenizers: "Bytes, \(sweep)", seeds: "[1, 2]"))
    #expect(many.count == 4 && said.contains("after 9 trials of FLOPs"), "\(said)")
    #expect(said.components(separatedBy: "trial of ").count - 1 == 2 * (3 + 9))
    let tuned = try #require(many.first { $0.tokenizer == "GZip[v=256…1k]" && $0.seed == 1 })
    let tuning = try #require(tuned.tuning)
    #expect(tuning.trials.count == 9 && tuning.budgetShare == 0.5 && tuning.textBytes >= 5000)
    #expect(tuning.trials.map(\.vocabularySize) == [256, 256, 256, 512, 512, 512, 1024, 1024, 1024])
    #expect(tuning.trials.allSatisfy { $0.steps == 6 && $0.trainingFLOPs > 0 && ($0.bitsPerByte ?? 0) > 0 })
    #expect(tuned.training?.learningRate == tuning.learningRate && (1e-3...1e-1).contains(tuning.learningRate))
    let chosen = try #require(tuned.chosenTokenizer)
    #expect(
      tuning.trials.contains { $0.tokenizer == chosen && $0.vocabularySize == tuned.tokenization?.vocabularySize })
    #expect(tuned.protocol.fields["m2.learningRate"] == "tuned over 0.001, 0.01, 0.1")
    #expect(tuned.protocol.fields["m2.search"]?.hasPrefix("0.5 of the budget, on 5000 bytes") == true)
    // Trials of the other seed were there; models, and what was measured of them, are the cell's own.
    #expect(tuned.tuning == many.first { $0.tokenizer == tuned.tokenizer && $0.seed == 2 }?.tuning)
    #expect(tuned.stages.count { $0.kind == "model" } == 1 && tuned.stages.count { $0.kind == "trial-model" } == 9)
    #expect(tuned.stages.last { $0.kind == "tokenizer" } != nil)
    // Of the 12 steps of the four cells' models the weights of four steps are kept for curves, of trials none.
    let kept = FileManager.default.enumerator(atPath: run.store)?.compactMap { $0 as? String } ?? []
    #expect(kept.count { $0.contains("/snapshot-") } == 16)
    // The text for tuning is none of the held-out text, and no token of it trains.
    #expect(tuning.textSHA256 != tuned.heldOut?.sha256)
    let bytes = try #require(many.first { $0.tokenizer == "Bytes" })
    #expect(
      (bytes.tuning?.textBytes ?? 0) + (bytes.tokenization?.trainingBytes ?? .max) <= bytes.corpus?.trainingBytes ?? 0)

    // Alone, in a store of its own, it is the same record.
    let (alone, _) = try run(
      "alone", experiment(run.corpus, tokenizers: sweep), store: run.scratch.path + "/alone-store")
    #expect(alone.map(\.contentSHA256) == [tuned.contentSHA256])
    let (again, found) = try run("alone", experiment(run.corpus, tokenizers: sweep))
    #expect(again.map(\.contentSHA256) == [tuned.contentSHA256] && found.contains("1 were there already"), "\(found)")

    let folder = "\(run.scratch.path)/alone/records"
    let cell = try #require(FileManager.default.contentsOfDirectory(atPath: folder).first)
    let name = try #require(FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(cell)").first)
    let reproduced = try harness(["reproduce", "\(folder)/\(cell)/\(name)", "--store", run.scratch.path + "/third"])
    #expect(
      reproduced.status == 0 && String(decoding: reproduced.output, as: UTF8.self).contains("the same in every field"),
      "\(reproduced.errors)")
    for written in ["GZip[v=256…1k]", "GZip[v=256..1k]"] {
      let generated = try harness([
        "generate", run.scratch.path + "/many", "--tokenizer", written, "--bytes", "20", "--store", run.store,
      ])
      #expect(generated.status == 0, "\(generated.errors)")
    }
    let markdown = try String(contentsOfFile: run.scratch.path + "/many/report/report.md", encoding: .utf8)
    for part in ["## Tuning", "rate and vocabulary", "tuning-rates-100k.svg", "tuning-vocabulary-100k.svg"] {
      #expect(markdown.contains(part), "\(part)")
    }
  }

  /// A sweep at one rate stands beside the others, and all train on the same text.
  @Test func aGivenRateSweepsTheVocabularyAlone() throws {
    let run = try Run()
    let (records, errors) = try run(
      "swept",
      experiment(
        run.corpus, tokenizers: "Bytes, \"M1Dictionary[v=256…512]\", \"GZip[v=auto]\"",
        learningRate: "{tune: [1e-2], bytes: 5000}"))
    #expect(records.count == 3 && Set(records.map(\.protocol.hash)).count == 1, "\(errors)")
    let swept = try #require(records.first { $0.tokenizer == "M1Dictionary[v=256…512]" })
    #expect(swept.tuning?.trials.map(\.learningRate) == [1e-2, 1e-2] && swept.training?.learningRate == 1e-2)
    #expect(swept.m1 != nil && swept.tuning?.end == nil)
    let automatic = try #require(records.first { $0.tokenizer == "GZip[v=auto]" })
    #expect(automatic.tuning == nil && automatic.chosenTokenizer == "GZip[v=512]")
    let bytes = try #require(records.first { $0.tokenizer == "Bytes" })
    #expect(bytes.tuning == nil && bytes.chosenTokenizer == nil)
    func tokens(_ record: RunRecord?) -> [String] {
      record?.stages.filter { $0.kind == "training-tokens" }.map(\.key) ?? []
    }
    let (whole, _) = try run("whole", experiment(run.corpus, tokenizers: "Bytes", learningRate: "1e-2"))
    let (rates, _) = try run("rates", experiment(run.corpus, tokenizers: "Bytes"))
    #expect(tokens(bytes) != tokens(whole.first) && tokens(bytes) == tokens(rates.first))
    #expect(Set([bytes, whole.first, rates.first].map { $0?.protocol.hash }).count == 3)

    // Without the sweep, and in another order, a record is the same.
    let (others, _) = try run(
      "others",
      experiment(run.corpus, tokenizers: "\"GZip[v=auto]\", Bytes", learningRate: "{tune: [1e-2], bytes: 5000}"))
    #expect(others.first { $0.tokenizer == "Bytes" }?.contentSHA256 == bytes.contentSHA256)
    #expect(others.first { $0.tokenizer == "GZip[v=auto]" }?.contentSHA256 == automatic.contentSHA256)
  }

  /// What cannot be trained is left out of the search, with the reason; a search with nothing left fails.
  @Test func impossibleCandidatesAreLeftOut() throws {
    let run = try Run()
    func yaml(_ tokenizers: String) -> Data {
      let steps = experiment(
        run.corpus, tokenizers: tokenizers, learningRate: "{tune: [1e-2], share: 0.5, bytes: 5000}")
      return Data(
        String(decoding: steps, as: UTF8.self).replacing("{by: steps, budget: 12}", with: "{by: flops, budget: 3e9}")
          .utf8)
    }
    let (records, said) = try run("some", yaml("\"GZip[v=16k…65k]\""))
    let tuning = try #require(records.first?.tuning)
    #expect(tuning.trials.count == 3 && tuning.trials[0].bitsPerByte != nil && tuning.trials[0].problem == nil)
    let last = tuning.trials[2]
    #expect(last.bitsPerByte == nil && last.vocabularySize == nil && last.steps == 0 && last.trainingFLOPs == 0)
    let problem = "0.5 of the budget is under one step of GZip[v=65k]; raise the share or the budget"
    #expect(last.problem == problem && said.contains("no trial of GZip[v=65k] 100k: \(problem)"), "\(said)")
    #expect(records.first?.chosenTokenizer != "GZip[v=65k]" && records.first?.isFinished == true)

    let file = try run.scratch.write(
      "none.yaml",
      Data(String(decoding: yaml("\"GZip[v=65k]\""), as: UTF8.self).replacing("[1e-2]", with: "[1, 2, 3]").utf8))
    let none = try harness(["run", file, "--out", run.scratch.path + "/none", "--store", run.store])
    #expect(none.status == 1 && none.errors.contains("failed: \(problem)"), "\(none.errors)")
  }

  /// Half of the training split at most is set aside.
  @Test func tooLittleTextIsAnErrorOfTheCell() throws {
    let run = try Run()
    let file = try run.scratch.write(
      "x.yaml",
      experiment(run.corpus, tokenizers: "Bytes", learningRate: "{tune: [1e-3, 2e-3, 4e-3], bytes: 10_000_000}"))
    let result = try harness(["run", file, "--out", run.scratch.path + "/run", "--store", run.store])
    #expect(result.status == 1 && result.errors.contains("too small to set 10000000 aside"), "\(result.errors)")
  }

  /// What diverges makes a hole in the grid, which the store remembers; where everything does, the cell fails.
  @Test func divergedTrialsAreHoles() throws {
    let run = try Run()
    func yaml(_ rates: String) -> Data {
      // A decay of 900 times the weights grows beyond all numbers in a few steps.
      let tuned = experiment(run.corpus, tokenizers: "Bytes", learningRate: "{tune: \(rates), share: 1, bytes: 5000}")
      return Data(
        String(decoding: tuned, as: UTF8.self).replacing("{sizes", with: "{warmup: 0, weightDecay: 10, sizes").utf8)
    }
    let (first, _) = try run("hot", yaml("[1e-3, 1e-2, 90]"))
    let tuning = try #require(first.first?.tuning)
    #expect(tuning.trials.map { $0.bitsPerByte == nil } == [false, false, true] && tuning.learningRate <= 1e-2)
    let diverged = tuning.trials[2], whole = tuning.trials[0]
    #expect(diverged.problem?.hasPrefix("training diverged at step \(diverged.steps) ") == true)
    #expect(
      diverged.steps > 0 && diverged.steps < whole.steps
        && diverged.trainingFLOPs == whole.trainingFLOPs * Double(diverged.steps) / Double(whole.steps))
    let (again, errors) = try run("hot", yaml("[1e-3, 1e-2, 90]"))
    #expect(again.first?.contentSHA256 == first.first?.contentSHA256)
    #expect(errors.contains("1 were there already"), "\(errors)")
    let file = try run.scratch.write("x.yaml", yaml("[70, 80, 90]"))
    let result = try harness(["run", file, "--out", run.scratch.path + "/x", "--store", run.store])
    #expect(
      result.status == 1 && result.errors.contains("none of 3 trials has a result: training diverged"),
      "\(result.errors)")
  }
}

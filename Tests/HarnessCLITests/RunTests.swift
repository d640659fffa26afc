import Foundation
import Records
import Testing

/// A matrix of three tokenizers, two seeds: run, run again, elsewhere, side by side; report, compare, generate.
@Test func anExperimentRunsFromEndToEnd() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let code = try scratch.write("code.txt", Data(String(repeating: "let x = y + 1\n", count: 300).utf8))
  let yaml = """
    name: tiny
    corpus: {paths: ["\(corpus)"], validationShare: 0.3, exampleBytes: 2048}
    m1: {size: 1m, context: 64, batch: 2, steps: 4}
    m2: {sizes: [1m], sequenceLength: 32, batch: 2}
    match: {by: steps, budget: 12}
    seeds: [1, 2]
    evaluation: {bytes: 4000, quickBytes: 2000, points: 2, texts: {code: "\(code)"}}
    tokenizers: [Bytes, "EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=16,v=256,end=greedy]"]
    """
  let experiment = try scratch.write("tiny.yaml", Data(yaml.utf8))
  let a = scratch.path + "/a", b = scratch.path + "/b", store = scratch.path + "/store"
  let first = try harness(["run", experiment, "--out", a, "--store", store])
  #expect(first.status == 0, "\(first.errors)")
  #expect(first.errors.contains("plan: 6 cells"))
  let again = try harness(["run", experiment, "--out", a, "--store", store])
  #expect(again.errors.contains("6 were there already"), "\(again.errors)")
  // Another store, two cells side by side: the same records, and no second one where nothing is new.
  let sideBySide = try harness([
    "run", experiment, "--out", b, "--jobs", "2", "--threads", "2", "--store", scratch.path + "/other",
  ])
  #expect(sideBySide.status == 0, "\(sideBySide.errors)")
  let hashes = try contentHashes(a)
  #expect(try hashes.count == 6 && hashes == contentHashes(b))
  for cell in hashes.keys {
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(a)/records/\(cell)").count == 1)
  }

  // A record holds the score of the further text, and of every example.
  let cell = try #require(hashes.keys.first { $0.hasPrefix("Bytes") })
  let name = try #require(FileManager.default.contentsOfDirectory(atPath: "\(a)/records/\(cell)").first)
  let path = "\(a)/records/\(cell)/\(name)"
  let record = try RunRecord(file: path)
  #expect(record.scores.map(\.text) == ["held-out", "code"])
  for score in record.scores {
    #expect(score.exampleNats.count == score.exampleBytes.count && score.exampleBytes.reduce(0, +) == score.bytes)
    #expect(score.exampleNats.reduce(0, +) == score.nats)
  }
  #expect(record.scores[1].bytes == 4200)
  let reproduced = try harness(["reproduce", path, "--store", scratch.path + "/third"])
  #expect(
    reproduced.status == 0 && String(decoding: reproduced.output, as: UTF8.self).contains("the same in every field"),
    "\(reproduced.errors)")

  // The run wrote its report on the way; another place is asked for.
  #expect(FileManager.default.fileExists(atPath: a + "/report/report.md"))
  let report = try harness(["report", a, "--out", scratch.path + "/report"])
  #expect(report.status == 0, "\(report.errors)")
  let markdown = try String(contentsOfFile: scratch.path + "/report/report.md", encoding: .utf8)
  for part in ["Bytes", "EqualInfoAC[b=12,v=4k]", "## Results", "flops.svg", "steps.svg", "curves.svg"] {
    #expect(markdown.contains(part), "\(part)")
  }
  let comparison = try harness(["compare", a, b])
  #expect(String(decoding: comparison.output, as: UTF8.self).contains("| equal"), "\(comparison.errors)")
  let generated = try harness([
    "generate", a, "--tokenizer", "Bytes", "--bytes", "40", "--prompt", "the ", "--store", store,
  ])
  #expect(generated.status == 0 && generated.output.count >= 40, "\(generated.errors)")
  let windows = try harness([
    "generate", a, "--tokenizer", "EqualInfoAC[b=12,v=4k]", "--bytes", "40", "--store", store,
  ])
  #expect(windows.status == 0, "\(windows.errors)")
}

private func tiny(_ corpus: String, tokenizers: String, budget: Int = 12, evaluation: String = "{bytes: 1000}") -> Data
{
  Data(
    """
    name: tiny
    corpus: {paths: ["\(corpus)"], validationShare: 0.3}
    m1: {size: 1m, context: window, batch: 2, steps: 4}
    m2: {sizes: [1m], sequenceLength: 32, batch: 2}
    match: {by: steps, budget: \(budget)}
    evaluation: \(evaluation)
    tokenizers: [\(tokenizers)]
    """.utf8)
}

/// A cell does not depend on which others are listed, nor on their order, and is found by every experiment.
@Test func cellsDoNotDependOnTheirSiblings() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text), store = scratch.path + "/store"
  func run(_ name: String, _ tokenizers: String, store: String) throws -> (hashes: [String: String], errors: String) {
    let file = try scratch.write(name + ".yaml", tiny(corpus, tokenizers: tokenizers))
    let result = try harness(["run", file, "--out", scratch.path + "/" + name, "--store", store])
    #expect(result.status == 0, "\(result.errors)")
    return (try contentHashes(scratch.path + "/" + name), result.errors)
  }
  let one = "\"EqualInfoAC[b=12,v=4k]\""
  let alone = try run("alone", one, store: scratch.path + "/alone-store")
  let many = try run("many", "\"EqualInfoAC[b=64,v=256]\", Bytes, \(one)", store: store)
  #expect(many.hashes.count == 3)
  for (cell, hash) in alone.hashes { #expect(many.hashes[cell] == hash, "\(cell)") }
  let found = try run("found", "Bytes, \(one)", store: store)
  #expect(found.errors.contains("2 of 2 cells finished (2 were there already)"), "\(found.errors)")
}

/// Another budget in the same folder: its own records, its own table; nothing is averaged across.
@Test func budgetsDoNotMix() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text), run = scratch.path + "/run", store = scratch.path + "/store"
  for budget in [6, 12] {
    let file = try scratch.write("\(budget).yaml", tiny(corpus, tokenizers: "Bytes", budget: budget))
    #expect(try harness(["run", file, "--out", run, "--store", store]).status == 0)
  }
  let records = try RecordFolder(runFolder: run).load().records
  #expect(Set(records.map(\.protocol.hash)).count == 2)
  let report = try harness(["report", run, "--out", scratch.path + "/report"])
  #expect(report.status == 0, "\(report.errors)")
  let markdown = try String(contentsOfFile: scratch.path + "/report/report.md", encoding: .utf8)
  #expect(markdown.components(separatedBy: "\n| Bytes ").count >= 3 && markdown.contains("match.budget"))
}

/// More curve points, more held-out text, another text: scored anew, trained not again.
@Test func askingForOtherScoresTrainsNothing() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text), run = scratch.path + "/run", store = scratch.path + "/store"
  func records(_ evaluation: String) throws -> [RunRecord] {
    let file = try scratch.write("x.yaml", tiny(corpus, tokenizers: "Bytes", evaluation: evaluation))
    let result = try harness(["run", file, "--out", run, "--store", store])
    #expect(result.status == 0, "\(result.errors)")
    return try RecordFolder(runFolder: run).load().records
  }
  let first = try #require(records("{bytes: 1000, points: 1}").last)
  let second = try #require(records("{bytes: 20000, points: 3, texts: {again: \"\(corpus)\"}}").last)
  #expect(first.training?.heldOutBitsPerByte.count == 1 && second.training?.heldOutBitsPerByte.count == 3)
  #expect((second.heldOut?.bytes ?? 0) > (first.heldOut?.bytes ?? .max) && second.scores.count == 2)
  let model = second.circumstances.stages.first { $0.kind == "model" }
  #expect(
    model?.reused == true && first.stages.last { $0.kind == "model" } == second.stages.last { $0.kind == "model" })
}

/// More training than there is text goes round again: the shards end where the text does.
@Test func moreThanOneEpochIsTrained() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", Data(text.prefix(30_000))), run = scratch.path + "/run"
  let file = try scratch.write("x.yaml", tiny(corpus, tokenizers: "Bytes, \"GZip[v=256]\"", budget: 800))
  let result = try harness(["run", file, "--out", run, "--store", scratch.path + "/store"])
  #expect(result.status == 0, "\(result.errors)")
  let records = try RecordFolder(runFolder: run).load().records
  #expect(records.count == 2 && records.allSatisfy { ($0.training?.epochs ?? 0) > 1.5 })
}

/// A batch that no memory holds is an error of that cell, with the numbers, and not a crash.
@Test func absurdBatchesAreRefused() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let yaml = String(decoding: tiny(corpus, tokenizers: "Bytes", budget: 1), as: UTF8.self)
    .replacingOccurrences(of: "sequenceLength: 32, batch: 2", with: "sequenceLength: 64, batch: 1048576")
  let file = try scratch.write("x.yaml", Data(yaml.utf8))
  let result = try harness(["run", file, "--out", scratch.path + "/run", "--store", scratch.path + "/store"])
  #expect(result.status == 1 && result.errors.contains("lower batch or sequenceLength"), "\(result.errors)")
}

/// A corpus that is overwritten while something is computed from it: the run stops and names the file, and keeps nothing
/// that was made from it.
@Test func damageDuringARunIsNoticed() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text), run = scratch.path + "/run", store = scratch.path + "/store"
  let file = try scratch.write("x.yaml", tiny(corpus, tokenizers: "Bytes, \"GZip[v=256]\"", budget: 1500))
  let process = Process()
  process.executableURL = harnessURL
  process.arguments = ["run", file, "--out", run, "--store", store]
  let errors = Pipe()
  process.standardError = errors
  try process.run()
  // As soon as the corpus is there, one of its bytes is changed in place.
  var damaged: String?
  for _ in 0..<2000 where damaged == nil {
    Thread.sleep(forTimeInterval: 0.005)
    let keys = ((try? FileManager.default.contentsOfDirectory(atPath: store + "/corpus")) ?? [])
      .filter { !$0.contains(".") }
    damaged = keys.first.map { "\(store)/corpus/\($0)/train.bin" }
  }
  let path = try #require(damaged), handle = try #require(FileHandle(forUpdatingAtPath: path))
  try handle.write(contentsOf: Data(repeating: 0x21, count: 4000))
  try handle.close()
  let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  #expect(process.terminationStatus != 0 && said.contains("train.bin"), "\(said)")
  let again = try harness(["run", file, "--out", run, "--store", store])
  let fresh = try harness(["run", file, "--out", scratch.path + "/fresh", "--store", scratch.path + "/fresh-store"])
  #expect(again.status == 0 && fresh.status == 0, "\(again.errors)")
  #expect(try contentHashes(run) == contentHashes(scratch.path + "/fresh"))
}

@Test func aFailingCellIsRecordedAndTheOthersGoOn() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text), folder = scratch.path + "/run"
  let file = try scratch.write(
    "failing.yaml", tiny(corpus, tokenizers: "\"SentencePiece[v=900k]\", \"GZip[v=256]\"", budget: 3))
  let run = try harness(["run", file, "--out", folder, "--store", scratch.path + "/store"])
  #expect(run.status == 1)
  #expect(run.errors.contains("1 of 2 cells finished") && run.errors.contains("Vocabulary size too high"))
  let report = try harness(["report", folder, "--out", scratch.path + "/report"])
  #expect(report.status == 0, "\(report.errors)")
  let markdown = try String(contentsOfFile: scratch.path + "/report/report.md", encoding: .utf8)
  #expect(markdown.contains("SentencePiece[v=900k]") && markdown.contains("cannot train") && markdown.contains("---"))
}

/// `precision: exact`, from the corpus to the last score, on every kernel set and thread count, in folders of their own:
/// every hash is the same.
@Test func exactRunsGiveTheSameHashesEverywhere() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("text.txt", Data(text.prefix(40_000)))  // the plain kernels are slow
  let experiment = try scratch.write(
    "exact.yaml",
    Data(
      """
      name: exact
      corpus: {paths: ["\(corpus)"], validationShare: 0.3, exampleBytes: 1024}
      m1: {size: 1m, context: 48, batch: 2, steps: 3, precision: exact}
      m2: {sizes: [1m], sequenceLength: 40, batch: 3, precision: exact}
      match: {by: steps, budget: 4}
      evaluation: {bytes: 500}
      tokenizers: [Bytes, "AC[v=256]", "EqualInfoAC[b=10,v=1k]", "M1Dictionary[v=512]"]
      """.utf8))
  var hashes: [String: [String: String]] = [:]
  for (kernels, threads) in [("plain", "2"), ("avx2", "1"), ("avx512", "1"), ("avx512", "2"), ("neon", "2")] {
    let folder = scratch.path + "/\(kernels)\(threads)"
    let result = try harness(
      ["run", experiment, "--out", folder, "--threads", threads, "--store", folder + "-store"],
      environment: ["HARNESS_KERNELS": kernels])
    if result.status != 0, result.errors.contains("HARNESS_KERNELS") { continue }  // not on this machine
    #expect(result.status == 0, "\(kernels): \(result.errors)")
    hashes[kernels + threads] = try contentHashes(folder)
  }
  let plain = try #require(hashes["plain2"])
  #expect(hashes.count >= 2 && plain.count == 4)
  for (name, found) in hashes { #expect(found == plain, "\(name)") }
}

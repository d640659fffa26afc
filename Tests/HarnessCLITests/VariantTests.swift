import Foundation
import Records
import Support
import Testing

/// An experiment with variants runs, continues, reports each in a table of its own, and its records can be made again one
/// by one. What M1 leaves nothing for is no failure.
@Test func variantsRunFromEndToEnd() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let yaml = """
    name: axes
    corpus: {paths: ["\(corpus)"], validationShare: 0.3, exampleBytes: 2048}
    m1: {size: 1m, context: 64, batch: 2, steps: 4}
    m2: {sizes: [1m], sequenceLength: 32, batch: 2}
    match: {budget: 4e9}
    evaluation: {bytes: 4000, quickBytes: 2000, points: 2}
    tokenizers: [Bytes, "EqualInfoAC[b=12,v=4k]"]
    variants:
      context in bytes: {m2: {contextBytes: 96}}
      M1 counted: {match: {m1: counted}}
      M1 too dear: {match: {m1: counted, budget: 1.1e9}}
      M1 shared: {match: {m1: shared}, tokenizers: ["EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=10,v=1k]"]}
    """
  let experiment = try scratch.write("axes.yaml", Data(yaml.utf8))
  let run = scratch.path + "/run", store = scratch.path + "/store"
  let first = try harness(["run", experiment, "--out", run, "--store", store])
  #expect(first.errors.contains("plan: 10 cells"), "\(first.errors)")
  #expect(first.status == 0 && first.errors.contains("10 of 10 cells finished"), "\(first.errors)")
  let again = try harness(["run", experiment, "--out", run, "--store", store])
  #expect(again.errors.contains("10 of 10 cells finished (10 were there already)"), "\(again.errors)")

  let records = try RecordFolder(runFolder: run).load().records
  func record(_ variant: String?, _ tokenizer: String) throws -> RunRecord {
    try #require(records.first { $0.variant == variant && $0.tokenizer.hasPrefix(tokenizer) })
  }
  #expect(records.count == 10 && Set(records.map(\.protocol.hash)).count == 5)
  // Bytes pays for no M1: the very model of the experiment as it stands, trained once.
  func model(_ record: RunRecord) -> RunRecord.Stage? { record.stages.last { $0.kind == "model" } }
  #expect(try model(record(nil, "Bytes")) == model(record("M1 counted", "Bytes")))
  let counted = try record("M1 counted", "Equal"), free = try record(nil, "Equal")
  let m1 = try #require(counted.flops?.m1Counted)
  #expect(m1 == counted.m1?.trainingFLOPs && free.flops?.m1Counted == nil)
  #expect((counted.flops?.trainingAll ?? 0) + m1 <= 4e9 && (counted.training?.steps ?? 0) < (free.training?.steps ?? 0))
  let dear = try record("M1 too dear", "Equal")
  #expect(dear.notAffordable?.hasPrefix("M1 alone cost") == true && dear.isFinished && dear.scores.isEmpty)
  let shared = try record("M1 shared", "EqualInfoAC[b=12")
  #expect(shared.flops?.m1Counted == m1 / 2 && shared.protocol.fields["m1.users"] == "2 of context 64")
  for tokenizer in ["Bytes", "Equal"] {
    let training = try #require(try record("context in bytes", tokenizer).training)
    #expect(abs(training.contextBytes / 96 - 1) < 0.05, "\(training.contextBytes)")
  }

  let markdown = try String(contentsOfFile: run + "/report/report.md", encoding: .utf8)
  let places = [
    "## What to conclude across axes", "## What the answer depends on", "## As it stands", "## Context in bytes",
    "## M1 counted", "## M1 too dear", "## M1 shared",
  ].map { markdown.range(of: $0 + "\n")?.lowerBound }
  #expect(!places.contains(nil) && places.compactMap(\.self) == places.compactMap(\.self).sorted())
  for file in ["axis-ranks.csv", "pairs.csv", "axes-1m.svg"] {
    #expect(FileManager.default.fileExists(atPath: "\(run)/report/\(file)"), "\(file)")
  }

  // One record of a variant alone; one that shares its M1 with another's.
  for (folder, _) in try contentHashes(run) {
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(run)/records/\(folder)") {
      let path = "\(run)/records/\(folder)/\(name)"
      let hash = try RunRecord(file: path).contentSHA256
      guard [counted.contentSHA256, shared.contentSHA256].contains(hash) else { continue }
      let made = try harness(["reproduce", path, "--store", scratch.path + "/\(hash)"])
      #expect(String(decoding: made.output, as: UTF8.self).contains("the same in every field"), "\(made.errors)")
    }
  }

  // A model is asked for by its variant, and by its budget where the run has several.
  func generate(_ options: [String], from run: String) throws -> (status: Int32, errors: String) {
    let made = try harness(["generate", run, "--tokenizer", "Bytes", "--bytes", "8", "--store", store] + options)
    return (made.status, made.errors)
  }
  #expect(try generate([], from: run).status == 0)
  #expect(try generate(["--variant", "M1 too dear", "--budget", "1.1e9"], from: run).status == 0)
  let absent = try generate(["--variant", "M1 shared"], from: run)
  #expect(
    absent.status != 0 && absent.errors.contains("1m seed 0 budget 1100000000 variant 'M1 too dear'"),
    "\(absent.errors)")
  let budgets = try scratch.write(
    "budgets.yaml",
    Data(
      yaml.prefix(upTo: yaml.range(of: "variants:")?.lowerBound ?? yaml.endIndex)
        .replacingOccurrences(of: "budget: 4e9", with: "budgets: [1e9, 4e9]")
        .replacingOccurrences(of: ", \"EqualInfoAC[b=12,v=4k]\"", with: "").utf8))
  let ladder = scratch.path + "/ladder"
  #expect(try harness(["run", budgets, "--out", ladder, "--store", store]).status == 0)
  #expect(
    try generate([], from: ladder).errors.contains(
      "several budgets; give one by --budget: 1m seed 0 budget 1000000000, 1m"))
  #expect(try generate(["--budget", "4e9"], from: ladder).status == 0)
}

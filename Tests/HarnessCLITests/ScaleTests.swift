import Foundation
import Records
import Support
import Testing

private func experiment(_ corpus: String, m2: String = "", tokenizers: String = "[Bytes, \"EqualInfoAC[b=12,v=4k]\"]")
  -> Data
{
  Data(
    """
    name: tiny
    corpus: {paths: ["\(corpus)"], validationShare: 0.3, exampleBytes: 2048}
    m1: {size: 100k, context: 64, batch: 2, steps: 4}
    m2: {sizes: [100k], sequenceLength: 32, batch: 4\(m2)}
    match: {by: steps, budget: 12}
    seeds: [1, 2]
    evaluation: {bytes: 4000, quickBytes: 2000, points: 2}
    tokenizers: \(tokenizers)
    """.utf8)
}

/// Task by task, each told its index in a scheduler's way, gives the records of a run; then nothing is missing.
@Test func tasksGiveTheRecordsOfARun() throws {
  let scratch = try Scratch()
  let file = try scratch.write("tiny.yaml", experiment(scratch.write("corpus.txt", text)))
  let whole = scratch.path + "/whole", parts = scratch.path + "/parts"
  #expect(try harness(["run", file, "--out", whole, "--store", scratch.path + "/a"]).status == 0)
  func stage(_ stage: String, _ more: [String], environment: [String: String] = [:]) throws -> (Int32, String) {
    let result = try harness(
      ["stage", stage, file, "--out", parts, "--store", scratch.path + "/b"] + more, environment: environment)
    return (result.status, result.errors + String(decoding: result.output, as: UTF8.self))
  }
  #expect(try stage("cell", ["--count"]).1 == "4\n")
  #expect(try stage("prepare", ["--index", "0-1"]).0 == 0)
  #expect(try stage("tokens", ["--token-tasks", "2", "--index", "0-3"]).0 == 0)
  #expect(try stage("cell", [], environment: ["JOB_COMPLETION_INDEX": "0"]).0 == 0)
  #expect(try stage("cell", ["--offset", "1"], environment: ["SLURM_ARRAY_TASK_ID": "0"]).0 == 0)
  let open = try harness(["status", parts, "--store", scratch.path + "/b"])
  #expect(String(decoding: open.output, as: UTF8.self).hasPrefix("2 done, 0 failed, 0 running, 2 waiting\n"))
  let local = try harness([
    "submit", file, "--engine", "local", "--out", parts, "--store", scratch.path + "/b", "--processes", "2",
  ])
  #expect(local.status == 0, "\(local.errors)")
  #expect(try contentHashes(parts) == contentHashes(whole))
  #expect(FileManager.default.fileExists(atPath: parts + "/report/report.md"))
  let again = try harness(["submit", file, "--engine", "slurm", "--out", parts, "--store", scratch.path + "/b"])
  #expect(again.status == 0 && again.errors.contains("nothing to submit: all 4 cells are finished"))
  for (more, problem) in [
    ([], "there are 4 tasks"), (["--index", "4"], "from 0 to 3"), (["--index", "1-"], "from 0 to 3"),
    (["--index", "0", "--offset", "9"], "an offset of 9"),
  ] { #expect(try stage("cell", more).1.contains(problem), "\(more)") }
}

/// A tokenizer that fails leaves its cells their records, and the rest goes on.
@Test func aTaskThatFailsIsRecorded() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let file = try scratch.write(
    "tiny.yaml", experiment(corpus, tokenizers: "[Bytes, \"SentencePiece[v=32k]\"]"))
  let run = scratch.path + "/run", store = scratch.path + "/store"
  #expect(try harness(["stage", "tokens", file, "--index", "1", "--out", run, "--store", store]).status == 1)
  let local = try harness(["submit", file, "--engine", "local", "--out", run, "--store", store])
  #expect(local.status == 1)
  let status = try harness(["status", run, "--store", store, "--json"])
  struct Status: Decodable {
    struct Cell: Decodable { var state: String, title: String, reason: String? }
    var cells: [Cell]
  }
  let cells = try JSONDecoder().decode(Status.self, from: status.output).cells
  #expect(cells.map(\.state) == ["done", "failed", "done", "failed"])
  #expect(cells[1].title.hasPrefix("SentencePiece[v=32k]") && cells[1].reason?.isEmpty == false)
  // What is no cell's own is the task's.
  try FileManager.default.removeItem(atPath: corpus)
  #expect(
    try harness(["stage", "prepare", file, "--out", run, "--store", scratch.path + "/other"]).status != 0)
  let failed = try harness(["status", run, "--store", store])
  #expect(String(decoding: failed.output, as: UTF8.self).contains("failed   task prepare 0: "))
}

@Test func aPlanSaysWhatItCosts() throws {
  let scratch = try Scratch()
  let file = try scratch.write("tiny.yaml", experiment("nowhere.txt"))
  let result = try harness(["plan", file, "--peak", "1e12", "--utilisation", "0.5", "--price", "3", "--json"])
  struct Plan: Decodable {
    struct Inner: Decodable { var cells: [Cell] }
    struct Cell: Decodable { var index: Int, key: String, flops: Double?, modelBytes: Double?, tokenBytes: Double? }
    struct Estimate: Decodable { var flopsPerSecond: Double, hours: Double, price: Double? }
    var plan: Inner, estimate: Estimate, totalFLOPs: Double, totalBytes: Double
  }
  let plan = try JSONDecoder().decode(Plan.self, from: result.output)
  #expect(plan.plan.cells.map(\.index) == [0, 1, 2, 3] && Set(plan.plan.cells.map(\.key)).count == 4)
  // 12 steps keep snapshots of 1, 2, 3 and 6 steps: size 100k over bytes has 98,304 + 257 · 64 weights.
  #expect(plan.plan.cells[0].modelBytes == 4 * Double(98_304 + 257 * 64) * 5)
  #expect(plan.plan.cells[0].tokenBytes == Double(12 * 128 * 2))
  #expect(plan.estimate.flopsPerSecond == 5e11)
  #expect(abs(plan.estimate.hours - plan.totalFLOPs / 5e11 / 3600) < 1e-12)
  #expect(abs((plan.estimate.price ?? 0) - 3 * plan.estimate.hours) < 1e-12)
}

/// SIGUSR1: training is saved, the status is 75, and the next try ends in the bits of an undisturbed run.
@Test func aSignalSavesAndLeaves() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let yaml = String(decoding: experiment(corpus, tokenizers: "[Bytes]"), as: UTF8.self)
    .replacingOccurrences(of: "budget: 12", with: "budget: 3000")
  let file = try scratch.write("tiny.yaml", Data(yaml.utf8))
  let run = scratch.path + "/run", store = scratch.path + "/store"
  let process = Process()
  process.executableURL = harnessURL
  process.arguments = ["stage", "cell", file, "--index", "0", "--out", run, "--store", store]
  process.standardError = FileHandle.nullDevice
  try process.run()
  // It trains when the work folder is there.
  for _ in 0..<600 where (try? FileManager.default.contentsOfDirectory(atPath: store + "/work"))?.isEmpty ?? true {
    Thread.sleep(forTimeInterval: 0.05)
  }
  kill(process.processIdentifier, SIGUSR1)
  process.waitUntilExit()
  #expect(process.terminationStatus == 75)
  #expect(try FileManager.default.contentsOfDirectory(atPath: store + "/claims").isEmpty)
  #expect(try harness(["stage", "cell", file, "--index", "0", "--out", run, "--store", store]).status == 0)
  let whole = scratch.path + "/whole"
  #expect(
    try harness(["stage", "cell", file, "--index", "0", "--out", whole, "--store", scratch.path + "/other"]).status == 0
  )
  #expect(try contentHashes(run) == contentHashes(whole))
}

/// What makes a PyTorch worker fail stands in the cell's record.
@Test(arguments: [
  ("echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1", "-m pip install torch"),
  ("kill -9 $$", "was ended by signal 9"), ("echo rubbish", "in place of an event"),
])
func aTorchWorkerThatFailsIsRecorded(program: String, reason: String) throws {
  let scratch = try Scratch()
  let python = try scratch.write("python", Data("#!/bin/sh\n\(program)\n".utf8))
  try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
  let file = try scratch.write(
    "tiny.yaml",
    experiment(scratch.write("corpus.txt", text), m2: ", trainer: torch", tokenizers: "[Bytes]"))
  let run = scratch.path + "/run"
  let result = try harness(
    ["run", file, "--out", run, "--store", scratch.path + "/store"], environment: ["HARNESS_PYTHON": python])
  #expect(result.status == 1)
  for cell in try FileManager.default.contentsOfDirectory(atPath: run + "/records") {
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(run)/records/\(cell)") {
      let record = try RunRecord(file: "\(run)/records/\(cell)/\(name)")
      #expect(record.error?.contains(reason) == true, "\(record.error ?? "")")
    }
  }
}

private let torchPython: String? = {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  let python = ProcessInfo.processInfo.environment["HARNESS_PYTHON"] ?? "\(root)/.build/torch-python/bin/python3"
  return FileManager.default.isExecutableFile(atPath: python) ? python : nil
}()

/// A native and a torch cell are the same experiment: the same weights to begin with, the same batches, nearly the same
/// score. One whose worker misjudges its weights fails.
@Test(.enabled(if: torchPython != nil, "no Python with PyTorch: 'make torch-python' makes one"))
func aTorchCellIsANativeOneElsewhere() throws {
  let scratch = try Scratch()
  let python = try #require(torchPython)
  let more = "\nvariants: {torch: {seeds: [1], m1: {trainer: torch}, m2: {trainer: torch, microBatch: 2}}}\n"
  let yaml = try experiment(scratch.write("corpus.txt", text)) + Data(more.utf8)
  let file = try scratch.write("tiny.yaml", yaml), run = scratch.path + "/run"
  let result = try harness(
    ["run", file, "--out", run, "--store", scratch.path + "/store"], environment: ["HARNESS_PYTHON": python])
  #expect(result.status == 0, "\(result.errors)")
  let records = try RecordFolder(runFolder: run).load().records.filter { $0.seed == 1 }
  for name in ["Bytes", "EqualInfoAC[b=12,v=4k]"] {
    let pair = records.filter { $0.tokenizer == name }.sorted { $0.variant ?? "" < $1.variant ?? "" }
    try #require(pair.count == 2)
    #expect(pair.map { $0.training?.trainer } == [nil, "torch"] && pair[0].protocol != pair[1].protocol)
    let bits = pair.map { $0.bitsPerByte ?? 0 }
    #expect(abs(bits[0] - bits[1]) < 1e-3 * bits[0], "\(bits)")
    let model = try #require(pair[1].circumstances.stages.first { $0.kind == "model" })
    #expect(model.provenance.libraries["PyTorch"]?.contains(" on ") == true)
  }
  let lying = try scratch.write(
    "python", Data("#!/bin/sh\n\"\(python)\" \"$@\" | sed -u 's/\"values\": \\[/&1/'\n".utf8))
  try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: lying)
  let other = try harness(
    ["run", file, "--out", scratch.path + "/lying", "--store", scratch.path + "/other"],
    environment: ["HARNESS_PYTHON": lying])
  #expect(other.status == 1 && other.errors.contains("they do not compute the same model"), "\(other.errors)")
}

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
    (["--index", "0", "--offset", "9"], "an offset of 9"), (["--index", "0", "--offset=-1"], "must be at least 0"),
    (["--index", "\(Int.max)", "--offset", "1"], "from 0 to 3"),
  ] { #expect(try stage("cell", more).1.contains(problem), "\(more)") }
  for (variables, problem) in [
    (["SLURM_ARRAY_TASK_ID": "1", "PBS_ARRAY_INDEX": "2"], "SLURM_ARRAY_TASK_ID=1, PBS_ARRAY_INDEX=2"),
    (["PBS_ARRAY_INDEX": "4"], "PBS_ARRAY_INDEX: '4' names no task of 'cell'"),
    (["AWS_BATCH_JOB_ARRAY_INDEX": ""], "there are 4 tasks"),
  ] {
    let (status, said) = try stage("cell", [], environment: variables)
    #expect(status != 0 && said.contains(problem) && !said.contains("Usage:"), "\(said)")
  }
}

/// What `print` shows can be run.
@Test func whatIsPrintedIsWritten() throws {
  let scratch = try Scratch()
  let file = try scratch.write("tiny.yaml", experiment(scratch.write("corpus.txt", text)))
  let run = scratch.path + "/run"
  let result = try harness(["submit", file, "--engine", "print", "--out", run, "--store", scratch.path + "/store"])
  #expect(result.status == 0 && !FileManager.default.fileExists(atPath: scratch.path + "/store"))
  #expect(try Data(contentsOf: URL(fileURLWithPath: run + "/jobs/submit.sh")) == result.output)
  #expect(FileManager.default.fileExists(atPath: run + "/jobs/stage.sh"))
  let refused = try harness([
    "submit", file, "--engine", "print", "--out", run, "--store", scratch.path + "/store", "--sbatch=--array=0-9%2",
  ])
  #expect(refused.status == 1 && refused.errors.contains("--array=0-9%2: cannot be an option"), "\(refused.errors)")
}

/// Told to end, a submission ends its processes so that what they hold is free at once, and asked to save, they save.
@Test(arguments: [(SIGTERM, 143), (SIGUSR1, 75)] as [(Int32, Int32)])
func aLocalSubmissionEndsItsProcesses(signal: Int32, status: Int32) throws {
  let scratch = try Scratch()
  let yaml = try String(
    decoding: experiment(scratch.write("corpus.txt", text), tokenizers: "[Bytes]"), as: UTF8.self
  ).replacingOccurrences(of: "budget: 12", with: "budget: 3000")
  let file = try scratch.write("tiny.yaml", Data(yaml.utf8)), store = scratch.path + "/store"
  let words = ["submit", file, "--engine", "local", "--out", scratch.path + "/run", "--store", store]
  let process = Process()
  (process.executableURL, process.arguments) = (harnessURL, words)
  process.standardError = FileHandle.nullDevice
  try process.run()
  func works() -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: store + "/work")) ?? [] }
  for _ in 0..<600 where works().isEmpty { Thread.sleep(forTimeInterval: 0.05) }
  kill(process.processIdentifier, signal)
  process.waitUntilExit()
  #expect(process.terminationStatus == status)
  let claims = try FileManager.default.contentsOfDirectory(atPath: store + "/claims").filter { !$0.contains(".") }
  #expect(claims.isEmpty, "\(claims)")
  guard signal == SIGUSR1 else { return }
  let saved = works().contains {
    FileManager.default.fileExists(atPath: "\(store)/work/\($0)/checkpoint.safetensors")
  }
  #expect(saved)
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
  let none = try harness([
    "submit", file, "--engine", "local", "--out", scratch.path + "/none", "--store", scratch.path + "/other",
  ])
  #expect(none.status == 1 && none.errors.contains("no cell has a record; why: harness status "), "\(none.errors)")
}

/// A run that is damaged, or whose plug-in is gone, stands somewhere all the same; what failed once is no failure when its
/// cell is done.
@Test func aStatusIsToldWhateverIsThere() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let plugin = try scratch.write(
    "words.py", Data(contentsOf: URL(fileURLWithPath: sourceRoot + "/Examples/plugins/words.py")))
  let yaml =
    experiment(corpus, tokenizers: "[Bytes, \"words[v=1k]\"]")
    + Data("\nplugins: {words: [python3, \(plugin)]}\n".utf8)
  let file = try scratch.write("tiny.yaml", yaml), run = scratch.path + "/run", store = scratch.path + "/store"
  func stage(_ indices: String) throws -> Int32 {
    try harness(["stage", "cell", file, "--index", indices, "--out", run, "--store", store]).status
  }
  try FileManager.default.moveItem(atPath: corpus, toPath: corpus + "-")
  #expect(try stage("0") != 0)
  func status() throws -> String {
    let result = try harness(["status", run, "--store", store])
    #expect(result.status == 0, "\(result.errors)")
    return String(decoding: result.output, as: UTF8.self)
  }
  #expect(try status().contains("failed   task cell 0: "))
  try FileManager.default.moveItem(atPath: corpus + "-", toPath: corpus)
  // Done by another way than its task. The experiment that was asked for last counts, not the one that was new last.
  #expect(try harness(["run", file, "--seed", "1", "--out", run, "--store", store]).status == 0)
  #expect(try stage("2") == 0)
  try FileManager.default.removeItem(atPath: plugin)
  let folder = try #require(
    FileManager.default.contentsOfDirectory(atPath: run + "/records").first { $0.hasPrefix("Bytes.100k.seed2") })
  let record = try #require(FileManager.default.contentsOfDirectory(atPath: "\(run)/records/\(folder)").first)
  try Data("{".utf8).write(to: URL(fileURLWithPath: "\(run)/records/\(folder)/\(record)"))
  let said = try status()
  #expect(said.hasPrefix("2 done, 0 failed, 0 running, 2 waiting\n"), "\(said)")
  #expect(said.contains("damaged  ") && said.contains(record) && !said.contains("task cell 0"), "\(said)")
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

import Foundation
import Plugins
import Support
import Synchronization
import Testing
import Tokenizers
import Transformer

@testable import Harness

private let registry: Registry = {
  do { return try Registry(builtInBackends) } catch { preconditionFailure("\(error)") }
}()

private func experiment(_ more: String = "") throws -> Experiment {
  try Experiment(
    yaml: """
      name: x
      corpus: {paths: [a.txt]}
      m1: {size: 1m, context: window, batch: 2, steps: 4}
      m2: {sizes: [1m], sequenceLength: 32, batch: 4, learningRate: {tune: [1e-3]}}
      match: {by: steps, budget: 10}
      seeds: [1, 2]
      tokenizers: [Bytes, "EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=16,v=256]", "AC[v=256]", "BPE[v=300…600]"]
      \(more)
      """, file: "x.yaml", registry: registry)
}

private func graph(_ experiment: Experiment, parts: Int = 1) throws -> TaskGraph {
  TaskGraph(try ResolvedExperiment(experiment, registry: registry, fastest: .f32), parts: parts)
}

/// One task for each M1 and for each tokenizer that may be trained; seeds share them.
@Test func tasksAreCounted() throws {
  let graph = try graph(experiment(), parts: 3)
  #expect(graph.count(.cell) == 10)
  let contexts = graph.preparations.map { $0?.training.sequenceLength }
  #expect(contexts == [nil, 16, 1024], "windows of 12 and of 16 bits have the shortest context there is: \(contexts)")
  #expect(
    graph.tokenizations.map(\.tokenizer) == [
      "Bytes", "EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=16,v=256]", "AC[v=256]", "BPE[v=300]", "BPE[v=600]",
    ])
  #expect(graph.count(.tokens) == 18)
  #expect(graph.tokenizations.map(\.preparation) == [0, 1, 1, 2, 0, 0])
  #expect(graph.tokenizations.map { $0.requests.count } == [1, 1, 1, 1, 1, 1], "seeds ask for the same")
  #expect(graph.tokenizations[4].cells == [4, 9] && graph.tokenizations[5].cells == [4, 9])
  let needed = graph.needed(for: [3])
  #expect(needed.preparations == [2] && needed.tokenizations == [3])
}

/// A failed tokenizer takes its cells with it; a failed candidate of a search leaves the others.
@Test func aFailureCostsTheCellsThatStandOnIt() throws {
  let graph = try graph(experiment())
  func lost(_ stage: StageKind, _ index: Int) -> [String] { graph.cellsLost(with: stage, index).map(\.tokenizer) }
  #expect(lost(.tokens, 0) == ["Bytes", "Bytes"])
  #expect(lost(.tokens, 4) == [])
  #expect(lost(.prepare, 0) == [])
  #expect(lost(.prepare, 2) == ["AC[v=256]", "AC[v=256]"])
  #expect(Set(lost(.prepare, 1)) == ["EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=16,v=256]"])
}

@Test func indicesAreWrittenAsRanges() {
  #expect(indexRanges([0, 1, 2, 5, 7, 8]) == "0-2,5,7-8")
  #expect(indexRanges([3, 4, 0, 1]) == "3-4,0-1")
}

private func submission(
  _ experiment: Experiment, missing: [Int], parts: Int = 1, largestArray: Int = 1001, runFolder: String = "/r/it's"
) throws -> SlurmSubmission {
  let command = TaskCommand(
    program: "/bin/harness", runFolder: runFolder, store: "/s", workingFolder: "/w",
    experiment: runFolder + "/resolved.json", baseline: nil)
  return try SlurmSubmission(
    graph(experiment, parts: parts), missing: missing, command: command, experiment: experiment,
    options: ["--partition=p"], largestArray: largestArray)
}

private func withFolder<T>(_ body: (String) throws -> T) throws -> T {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tasks-\(UUID().uuidString)").path
  try makeFolder(folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

private func writeProgram(_ text: String, to path: String) throws {
  try Data("#!/bin/bash\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
  try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
}

/// Runs a submission with a `sbatch` that only says what it was asked, numbering jobs from 100.
private func submitted(_ submission: SlurmSubmission) throws -> [String] {
  try withFolder { folder in
    try writeProgram(
      "echo \"$@\" >> \(folder)/asked; echo $((99 + $(wc -l < \(folder)/asked)))", to: folder + "/sbatch")
    try Data(submission.submitScript.utf8).write(to: URL(fileURLWithPath: folder + "/submit.sh"))
    var said: [String] = []
    let ending = try runProgram(["env", "PATH=\(folder):/usr/bin:/bin", "bash", folder + "/submit.sh"]) {
      said.append($0)
    }
    #expect(ending == .status(0), "\(said)")
    return try String(contentsOfFile: folder + "/asked", encoding: .utf8).split(separator: "\n").map(String.init)
  }
}

/// prepare → tokens → cells → report, each waiting for what it needs and nothing else.
@Test func jobsWaitForWhatTheyNeed() throws {
  let asked = try submitted(submission(experiment(), missing: Array(0..<10), parts: 2))
  #expect(asked.count == 10)
  #expect(asked.allSatisfy { $0.contains("--kill-on-invalid-dep=yes") && $0.contains("--partition=p") })
  #expect(asked[0].contains("--array=0-2 ") && !asked[0].contains("--dependency"))
  // Tokenizers without an M1, then by M1.
  #expect(asked[1].contains("--array=0-1,8-11 --dependency=afterok:100_0 "))
  #expect(asked[2].contains("--array=2-5 --dependency=afterok:100_1 "))
  #expect(asked[3].contains("--array=6-7 --dependency=afterok:100_2 "))
  #expect(asked[4].contains("--job-name=cell") && asked[4].contains("--array=0,5 --dependency=afterok:101_0:101_1 "))
  #expect(asked[7].contains("--array=3,8 --dependency=afterok:103_6:103_7 "))
  #expect(asked[8].contains("--array=4,9 --dependency=afterok:101_8:101_9:101_10:101_11 "), "all candidates' tasks")
  #expect(asked[9].contains("--dependency=afterany:104:105:106:107:108 ") && asked[9].contains("/r/it"))
}

/// Only what is missing, and in arrays that Slurm takes.
@Test func whatIsFinishedIsNotSubmittedAndLongArraysAreSplit() throws {
  let asked = try submitted(submission(experiment(), missing: [0, 5, 9], largestArray: 4))
  #expect(asked.count == 7)
  #expect(asked[0].contains("--array=0 ") && asked[0].hasSuffix("stage.sh prepare 0"))
  #expect(asked[1].contains("--array=0 ") && asked[1].hasSuffix("tokens 0"))
  #expect(asked[2].contains("--array=0-1 ") && asked[2].hasSuffix("tokens 4"))
  #expect(asked[3].contains("--array=0 ") && asked[3].hasSuffix("cell 0"))
  #expect(asked[4].contains("--array=1 --dependency=afterok:101_0 ") && asked[4].hasSuffix("cell 4"))
  #expect(asked[5].contains("--array=1 --dependency=afterok:102_0:102_1 ") && asked[5].hasSuffix("cell 8"))
}

/// Cells of a variant may ask for other machines.
@Test func clusterOptionsAreTheVariants() throws {
  let own = try experiment(
    """
    cluster: {sbatch: {all: [--time=60], cell: [--mem=4G]}, tokenTasks: 2}
    variants: {big: {match: {budget: 20}, tokenizers: [Bytes], seeds: [1], cluster: {sbatch: {cell: [--gres=gpu:1]}}}}
    """)
  #expect(own.cluster.tokenTasks == 2)
  let asked = try submitted(submission(own, missing: [0, 10]))
  #expect(asked.filter { $0.contains("--gres=gpu:1") }.count == 1)
  #expect(asked.first { $0.contains("--gres=gpu:1") }?.contains("--time=60") == true)
  #expect(asked.filter { $0.contains("--mem=4G") }.count == 1)
  #expect(throws: HarnessError.self) { try experiment("cluster: {sbatch: {cells: [--mem=4G]}}") }
}

/// A path that has a line break in it ends no comment, and no quotes.
@Test func pathsAreNoCommands() throws {
  let sign = "'\n touch made; $(touch made) `touch made` \""
  try withFolder { folder in
    let script = try submission(experiment(), missing: [0], runFolder: folder + "/" + sign).submitScript
    try writeProgram("echo 1", to: folder + "/sbatch")
    try Data(script.utf8).write(to: URL(fileURLWithPath: folder + "/submit.sh"))
    let words = ["env", "-C", folder, "PATH=\(folder):/usr/bin:/bin", "bash", folder + "/submit.sh"]
    let ending = try runProgram(words) { _ in }
    #expect(ending == .status(0))
    #expect(!FileManager.default.fileExists(atPath: folder + "/made"))
  }
}

/// Slurm would write the logs elsewhere, or nowhere.
@Test(arguments: ["100%A", "back\\slash"]) func pathsThatSlurmReadsOtherwiseAreRefused(name: String) throws {
  try withFolder { folder in
    let jobs = try submission(experiment(), missing: [0], runFolder: folder + "/" + name)
    _ = #expect(throws: FileError.self) { try jobs.write() }
  }
}

private func engine(
  _ folder: String, processes: Int, stop: StopRequest = StopRequest(), _ program: String,
  report: @escaping @Sendable (String) -> Void = { _ in }
) throws -> LocalEngine {
  try writeProgram("cd \(folder)\n[ \"$2\" = cell ] || exit 0\n\(program)", to: folder + "/harness")
  let command = TaskCommand(
    program: folder + "/harness", runFolder: folder, store: folder, workingFolder: folder, experiment: "x.json",
    baseline: nil)
  return LocalEngine(
    try graph(experiment()), missing: Array(0..<10), command: command, processes: processes, threads: 1, stop: stop,
    report: report)
}

/// As many processes as are asked for, however few cores there are; one that dies takes its cell with it, and no other.
@Test func localProcessesRunSideBySide() throws {
  let said = Mutex<[String]>([])
  try withFolder { folder in
    let program = """
      touch here-$$
      for _ in $(seq 200); do [ "$(ls here-* | wc -l)" -lt 6 ] || break; sleep 0.05; done
      [ "$(ls here-* | wc -l)" -ge 6 ] || exit 9
      while echo next; read -r cell; do
        [ "$cell" != 3 ] || kill -9 $$
        echo "$cell" >> made
      done
      """
    let local = try engine(folder, processes: 6, program) { line in said.withLock { $0.append(line) } }
    #expect(try local.run() == false)
    let made = (try? String(contentsOfFile: folder + "/made", encoding: .utf8)) ?? ""
    #expect(made.split(separator: "\n").compactMap { Int($0) }.sorted() == [0, 1, 2, 4, 5, 6, 7, 8, 9])
    #expect(said.withLock { $0.contains { $0.hasPrefix("cell 3: its process was ended by signal 9") } })
  }
}

/// A process that cannot even begin is not started for ever.
@Test func localProcessesThatEndAtOnceAreGivenUp() throws {
  try withFolder { folder in
    let local = try engine(folder, processes: 2, "kill -9 $$")
    #expect(try local.run() == false)
  }
}

@Test func localProcessesHearThatTheyAreToStop() throws {
  let stop = StopRequest()
  try withFolder { folder in
    let local = try engine(
      folder, processes: 2, stop: stop,
      "trap 'touch saved; exit 75' USR1; echo next; read -r cell; touch begun; while :; do sleep 0.02; done")
    Thread.detachNewThread {
      while !FileManager.default.fileExists(atPath: folder + "/begun") { Thread.sleep(forTimeInterval: 0.02) }
      stop.make()
    }
    #expect(throws: Stopped.self) { try local.run() }
    #expect(FileManager.default.fileExists(atPath: folder + "/saved"))
  }
}

import Foundation
import Records
import Support
import Testing

private func matrix(_ corpus: String, steps: Int) -> Data {
  Data(
    """
    name: hurt
    corpus: {paths: ["\(corpus)"], validationShare: 0.3, exampleBytes: 2048}
    m1: {size: 1m, context: 64, batch: 2, steps: \(steps)}
    m2: {sizes: [1m], sequenceLength: 32, batch: 2}
    match: {by: steps, budget: \(steps)}
    seeds: [1]
    evaluation: {bytes: 4000, quickBytes: 2000, points: 2}
    tokenizers: [Bytes, "SentencePiece[v=300]", "EqualInfoAC[b=10,v=1k]"]
    """.utf8)
}

/// A file of every kind in the store in turn, at a random place, flipped, cut or emptied, then the run again in a new
/// folder: the records are the undamaged run's, or the command fails and names the file.
@Test func damagedFilesNeverChangeANumberUnnoticed() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let experiment = try scratch.write("hurt.yaml", matrix(corpus, steps: 4))
  let store = scratch.path + "/store"
  let whole = try harness(["run", experiment, "--out", scratch.path + "/whole", "--store", store])
  #expect(whole.status == 0, "\(whole.errors)")
  let expected = try contentHashes(scratch.path + "/whole")
  let files = (FileManager.default.enumerator(atPath: store)?.compactMap { $0 as? String } ?? []).filter {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: store + "/" + $0, isDirectory: &isFolder) && !isFolder.boolValue
  }.sorted()
  var generator = SeededGenerator(seed: UInt64.random(in: 0...(.max)))
  // One of every kind, as model/…/training.json is: cells have the same files, and each costs a run.
  let kinds = Dictionary(grouping: files) { file in
    [file.prefix { $0 != "/" }, file[(file.lastIndex(of: "/") ?? file.startIndex)...]]
  }
  let chosen = kinds.values.map { $0[generator.below($0.count)] }.sorted()
  #expect(chosen.count > 20)
  var noticed = 0
  for (number, file) in chosen.enumerated() {
    let path = store + "/" + file
    guard var bytes = try? [UInt8](Data(contentsOf: URL(fileURLWithPath: path))), !bytes.isEmpty else { continue }
    let kind = ["flip", "flip", "cut", "empty"][generator.below(4)], place = generator.below(bytes.count)
    switch kind {
    case "flip": bytes[place] ^= 1 << UInt8(generator.below(8))
    case "cut": bytes.removeLast(bytes.count - place)
    default: bytes = []
    }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let run = scratch.path + "/run\(number)"
    let result = try harness(["run", experiment, "--out", run, "--store", store])
    let what = "\(kind) at \(place) of \(file): \(result.errors)"
    if result.status == 0 {
      #expect(try contentHashes(run) == expected, "\(what)")
    } else {
      #expect(result.errors.contains((file as NSString).lastPathComponent), "\(what)")
      try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
    }
    if result.errors.contains("set aside") { noticed += 1 }
    try? FileManager.default.removeItem(atPath: run)
  }
  #expect(noticed > chosen.count / 2)
}

/// Two processes on one run folder, each killed at random moments and started again: the records are those of an
/// undisturbed run. HARNESS_TEST_KILLS sets how many kills (100 for the full test).
@Test func killedRunsEndInTheSameRecords() throws {
  let kills = ProcessInfo.processInfo.environment["HARNESS_TEST_KILLS"].flatMap(Int.init) ?? 16
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let experiment = try scratch.write("hurt.yaml", matrix(corpus, steps: 300))
  let environment = ProcessInfo.processInfo.environment.merging(["HARNESS_CLAIM_SECONDS": "1"]) { $1 }
  let whole = try harness([
    "run", experiment, "--out", scratch.path + "/whole", "--store", scratch.path + "/whole-store", "--threads", "1",
  ])
  #expect(whole.status == 0, "\(whole.errors)")
  let expected = try contentHashes(scratch.path + "/whole")
  let run = scratch.path + "/run", store = scratch.path + "/store"
  let log = try scratch.write("log", Data())
  func start() throws -> Process {
    let process = Process()
    process.executableURL = harnessURL
    process.arguments = ["run", experiment, "--out", run, "--store", store, "--threads", "1"]
    process.environment = environment
    let errors = try #require(FileHandle(forWritingAtPath: log))
    try errors.seekToEnd()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    return process
  }
  var processes = [try start(), try start()]
  var restarts = 0
  while restarts < kills {
    Thread.sleep(forTimeInterval: Double.random(in: 0...1.2))
    let victim = Int.random(in: 0...1)
    kill(processes[victim].processIdentifier, SIGKILL)
    processes[victim].waitUntilExit()
    restarts += 1
    processes[victim] = try start()
    // Finished before all kills were spent: from the beginning, with what is left.
    if processes[1 - victim].isRunning == false, processes[1 - victim].terminationStatus == 0 {
      kill(processes[victim].processIdentifier, SIGKILL)
      processes[victim].waitUntilExit()
      #expect(try contentHashes(run) == expected)
      for folder in [run, store] { try FileManager.default.removeItem(atPath: folder) }
      processes = [try start(), try start()]
    }
  }
  for process in processes {
    process.waitUntilExit()
    let said = try String(contentsOfFile: log, encoding: .utf8)
    #expect(process.terminationStatus == 0, "\(said.suffix(2000))")
  }
  #expect(try contentHashes(run) == expected)
  let verified = try harness(["verify", run, "--store", store])
  #expect(verified.status == 0, "\(String(decoding: verified.output, as: UTF8.self))")
}

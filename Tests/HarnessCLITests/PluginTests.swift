import Foundation
import Records
import Testing

/// Every byte is a token; asked to encode, it does what its argument says.
private let program = #"""
  import json, os, sys, time
  stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
  while line := stdin.readline():
      request = json.loads(line)
      data, header, payload = stdin.read(request["payload"]), {"id": request["id"]}, b""
      kind = request["request"]
      if kind == "hello": header |= {"protocol": 1, "name": "Bytewise", "version": "1"}
      if kind == "load": header["vocabulary"] = 256
      if "counts" in request: header["counts"] = request["counts"]
      if kind == "encode":
          if "print" in sys.argv: print("Encoding now", flush=True)
          if "exit" in sys.argv: sys.exit(3)
          if "kill" in sys.argv: os.kill(os.getpid(), 9)
          if "garbage" in sys.argv: stdout.write(bytes(range(128, 256)) + b"\n")
          if "half" in sys.argv:
              stdout.write(b'{"id":%d,"payload":100}\nabc' % request["id"])
              stdout.flush()
              sys.exit(0)
          if "silence" in sys.argv: time.sleep(600)
          payload = bytearray(4 * len(data))
          payload[::4] = data
      if kind.startswith("decode"): payload = data[::4]
      stdout.write(json.dumps({**header, "payload": len(payload)}).encode() + b"\n" + payload)
      stdout.flush()
  """#

/// Dead, garbled, half-spoken and silent at different points of a matrix: each cell has the reason, within its timeout, and
/// the others finish.
@Test func faultyPluginsFailTheirCellsAlone() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text), plugin = try scratch.write("my.py", Data(program.utf8))
  let dying = try scratch.write(
    "dying.py",
    Data(
      program.replacing("if kind == \"load\"", with: "if kind == sys.argv[1]: sys.exit(4)\n    if kind == \"load\"")
        .utf8))
  let yaml = """
    name: faulty
    corpus: {paths: ["\(corpus)"], validationShare: 0.3, exampleBytes: 2048}
    plugins:
      killed: [python3, "\(plugin)", kill]
      garbage: [python3, "\(plugin)", garbage]
      half: [python3, "\(plugin)", half]
      silent: {run: [python3, "\(plugin)", silence], timeout: 10}
      untrained: [python3, "\(dying)", train]
      unloaded: [python3, "\(dying)", load]
      undecoded: [python3, "\(dying)", decode]
    m2: {sizes: [1m], sequenceLength: 32, batch: 2}
    match: {by: steps, budget: 12}
    evaluation: {bytes: 4000, points: 1}
    tokenizers: [killed, garbage, half, silent, untrained, unloaded, undecoded, Bytes]
    """
  let run = scratch.path + "/run"
  let result = try harness([
    "run", try scratch.write("faulty.yaml", Data(yaml.utf8)), "--out", run, "--store", scratch.path + "/store",
  ])
  #expect(result.status == 1 && result.errors.contains("1 of 8 cells finished"), "\(result.errors)")
  let records = try RecordFolder(runFolder: run).load().records
  #expect(records.last { $0.tokenizer == "Bytes" }?.bitsPerByte != nil)
  for (name, reason) in [
    ("killed", "was ended by signal 9"), ("garbage", "which is no frame"),
    ("half", "in the middle of a frame (3 of the 100 bytes"),
    ("silent", "is silent for 10 s while it was asked to 'encode'"),
    ("untrained", "ended with exit status 4 while it was asked to 'train'"),
    ("unloaded", "ended with exit status 4 while it was asked to 'load'"),
    ("undecoded", "ended with exit status 4 while it was asked to 'decode'"),
  ] {
    let error = records.last { $0.tokenizer == name }?.content.error
    #expect(error?.contains(reason) == true, "\(name): \(error ?? "no error")")
  }
}

/// The cells of plug-ins that fail have the reason, the others finish; a record is made again; an edit is noticed.
@Test func pluginsOfAnExperimentRun() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text), plugin = try scratch.write("my.py", Data(program.utf8))
  let yaml = """
    name: plugged
    corpus: {paths: ["\(corpus)"], validationShare: 0.3, exampleBytes: 2048}
    plugins:
      mine: [python3, "\(plugin)"]
      dying: {run: [python3, "\(plugin)", exit], timeout: 20}
      printing: [python3, "\(plugin)", print]
    m2: {sizes: [1m], sequenceLength: 32, batch: 2}
    match: {by: steps, budget: 12}
    evaluation: {bytes: 4000, points: 1}
    tokenizers: [dying, Bytes, mine, printing]
    """
  let experiment = try scratch.write("plugged.yaml", Data(yaml.utf8))
  let run = scratch.path + "/run", store = scratch.path + "/store"
  let first = try harness(["run", experiment, "--out", run, "--store", store])
  #expect(first.status == 1 && first.errors.contains("2 of 4 cells finished"), "\(first.errors)")
  let records = try RecordFolder(runFolder: run).load().records
  func record(_ name: String) throws -> RunRecord { try #require(records.last { $0.tokenizer == name }) }
  #expect(
    try record("dying").content.error?.contains("ended with exit status 3 while it was asked to 'encode'") == true)
  #expect(try record("printing").content.error?.contains("wrote \"Encoding now\" to its standard output") == true)
  let bytes = try record("Bytes"), mine = try record("mine")
  #expect(mine.bitsPerByte != nil && mine.bitsPerByte == bytes.bitsPerByte)

  let file = try #require(
    FileManager.default.contentsOfDirectory(atPath: run + "/records").first { $0.hasPrefix("mine") })
  let name = try #require(FileManager.default.contentsOfDirectory(atPath: "\(run)/records/\(file)").first)
  let reproduced = try harness(["reproduce", "\(run)/records/\(file)/\(name)", "--store", scratch.path + "/other"])
  #expect(
    String(decoding: reproduced.output, as: UTF8.self).contains("the same in every field"), "\(reproduced.errors)")
  let generated = try harness(["generate", run, "--tokenizer", "mine", "--bytes", "30", "--store", store])
  #expect(generated.status == 0 && generated.output.count >= 30, "\(generated.errors)")

  // Nothing has changed: what finished is found. An edited plug-in is another one.
  let again = try harness(["run", experiment, "--out", run, "--store", store])
  #expect(again.errors.contains("(2 were there already)"), "\(again.errors)")
  _ = try scratch.write("my.py", Data((program + "\n# edited").utf8))
  let edited = try harness(["run", experiment, "--out", run, "--store", store])
  #expect(edited.errors.contains("(1 were there already)"), "\(edited.errors)")
  let stale = try harness(["reproduce", "\(run)/records/\(file)/\(name)", "--store", scratch.path + "/third"])
  #expect(stale.status != 0, "\(stale.errors)")
}

/// A run that is told to stop takes its plug-ins with it, however busy.
@Test func pluginsEndWithTheRun() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text), note = scratch.path + "/pid"
  let busy = program.replacing(
    "if kind == \"load\"",
    with:
      "if kind == \"train\": open(\"\(note)\", \"w\").write(str(os.getpid())); time.sleep(300)\n    if kind == \"load\""
  )
  let plugin = try scratch.write("busy.py", Data(busy.utf8))
  let yaml = """
    corpus: {paths: ["\(corpus)"], validationShare: 0.3}
    plugins: {busy: [python3, "\(plugin)"]}
    m2: {sizes: [1m], sequenceLength: 32, batch: 2}
    match: {by: steps, budget: 12}
    tokenizers: [busy]
    """
  let run = Process()
  run.executableURL = harnessURL
  run.arguments = [
    "run", try scratch.write("busy.yaml", Data(yaml.utf8)), "--out", scratch.path + "/run", "--store",
    scratch.path + "/store",
  ]
  run.standardError = FileHandle.nullDevice
  run.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": scratch.path]) { $1 }
  try run.run()
  var process: pid_t?
  for _ in 0..<600 where process == nil {
    usleep(100_000)
    process = (try? String(contentsOfFile: note, encoding: .utf8)).flatMap { pid_t($0) }
  }
  let plugged = try #require(process)
  #expect(kill(plugged, 0) == 0)
  run.terminate()
  run.waitUntilExit()
  #expect(run.terminationStatus == 143)
  var lives = true
  for _ in 0..<50 where lives {
    usleep(100_000)
    let state = (try? String(contentsOfFile: "/proc/\(plugged)/stat", encoding: .utf8)) ?? ""
    lives = kill(plugged, 0) == 0 && !state.contains(") Z ")
  }
  #expect(!lives)
}

@Test func mistakesInPluginsAreNamed() throws {
  let scratch = try Scratch()
  let plugin = try scratch.write("my.py", Data(program.utf8))
  func errors(_ plugins: String) throws -> String {
    let yaml = """
      corpus: {paths: [x]}
      m2: {sizes: [1m]}
      match: {by: steps, budget: 12}
      tokenizers: [Bytes]
      plugins:
        \(plugins)
      """
    let result = try harness(["plan", try scratch.write("bad.yaml", Data(yaml.utf8))])
    #expect(result.status != 0)
    return result.errors
  }
  for (plugins, problem) in [
    ("mine: [no-such-program]", "bad.yaml:6: plugins.mine: mine: its plug-in does not start"),
    ("mine: [python3, -c, 'print(1)']", "plugins.mine: mine: its plug-in (python3 -c print(1)) wrote \"1\""),
    ("Bytes: [python3, \"\(plugin)\"]", "two tokenizers are named 'Bytes'"),
    ("mine: []", "give the command that starts it"), ("mine: {runs: [a]}", "did you mean 'run'?"),
    ("mine: {run: [a], tmeout: 3}", "did you mean 'timeout'?"), ("mine: {run: [a], timeout: 0}", "must be a number"),
  ] { #expect(try errors(plugins).contains(problem), "\(plugins)") }
}

@Test func pluginsAreCheckedTrainedAndUsed() throws {
  let scratch = try Scratch()
  let plugin = "python3 " + (try scratch.write("my.py", Data(program.utf8)))
  let check = try harness(["check", "--plugin", plugin])
  #expect(
    check.status == 0 && String(decoding: check.output, as: UTF8.self).contains("keeps every promise"),
    "\(check.errors)")
  let lossy =
    "python3 " + (try scratch.write("lossy.py", Data(program.replacing("data[::4]", with: "data[::4].lower()").utf8)))
  let found = try harness(["check", "--plugin", lossy])
  #expect(found.status == 1 && found.errors.contains("does not come back"), "\(found.errors)")
  let printing = try harness(["check", "--plugin", plugin + " print"])
  #expect(printing.status != 0 && printing.errors.contains("print what is for people to standard error"))
  let both = try harness(["check", "--plugin", plugin, "folder", "text"])
  #expect(both.status != 0 && both.errors.contains("there is no folder"))
  let taken =
    "python3 " + (try scratch.write("taken.py", Data(program.replacing("\"Bytewise\"", with: "\"BPE\"").utf8)))
  let refused = try harness(["check", "--plugin", taken])
  #expect(refused.status != 0 && refused.errors.contains("two tokenizers are named 'BPE'"), "\(refused.errors)")

  let corpus = try scratch.write("corpus.txt", text), folder = scratch.path + "/trained"
  let training = try harness([
    "train", "Bytewise", "--plugin", plugin, "--corpus", corpus, "--out", folder, "--store", scratch.path + "/store",
  ])
  #expect(training.status == 0, "\(training.errors)")
  let encoded = try harness(["encode", folder, "--plugin", plugin], input: text)
  #expect(
    try harness(["decode", folder, "--plugin", plugin], input: encoded.output).output == text, "\(encoded.errors)")
  let unknown = try harness(["encode", folder], input: text)
  #expect(
    unknown.status != 0 && unknown.errors.contains("a tokenizer 'Bytewise', which")
      && unknown.errors.contains("--plugin"))
}

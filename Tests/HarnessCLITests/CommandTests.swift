import Foundation
import Support
import Testing
import Tokenizers

/// Runs the built `harness` as a user would.
private func harness(
  _ arguments: [String], input: Data? = nil, environment: [String: String] = [:]
) throws -> (status: Int32, output: Data, errors: String) {
  signal(SIGPIPE, SIG_IGN)  // a command that ends before it has read its input
  let process = Process()
  process.executableURL = Bundle.main.bundleURL.deletingLastPathComponent().appendingPathComponent("harness")
  if !FileManager.default.isExecutableFile(atPath: process.executableURL?.path ?? "") {
    // swift test runs from the build folder's parent; the test bundle lies beside the command.
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    process.executableURL = folder.appendingPathComponent("harness")
  }
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let output = Pipe(), errors = Pipe(), source = Pipe()
  process.standardOutput = output
  process.standardError = errors
  process.standardInput = source
  try process.run()
  // Written from another thread: input and output may both be larger than a pipe holds.
  let writer = source.fileHandleForWriting
  DispatchQueue.global().async {
    if let input { try? writer.write(contentsOf: input) }
    try? writer.close()
  }
  let data = output.fileHandleForReading.readDataToEndOfFile()
  let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, data, text)
}

/// A folder that goes away.
private final class Scratch {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString)").path
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func write(_ name: String, _ data: Data) throws -> String {
    try data.write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }
}

private let text: Data = {
  var generator = SeededGenerator(seed: 2)
  let words = ["alpha", "beta", "gamma", "delta", "of", "the", "and", "\n\n"]
  return Data((0..<60_000).map { _ in words[generator.below(words.count)] }.joined(separator: " ").utf8)
}()

@Test(arguments: ["tokenizers", "train", "encode", "decode", "check", "run", "report", "compare", "generate"])
func everySubcommandHasHelpWithAnExample(command: String) throws {
  let result = try harness([command, "--help"])
  #expect(result.status == 0)
  #expect(String(decoding: result.output, as: UTF8.self).contains("EXAMPLE"))
}

@Test func tokenizersAreListedForMachines() throws {
  struct Entry: Decodable { let name: String, needsM1: Bool }
  let entries = try JSONDecoder().decode([Entry].self, from: harness(["tokenizers", "--json"]).output)
  #expect(entries.map(\.name) == ["Bytes", "SentencePiece", "GZip", "AC", "StaticAC", "EqualInfoAC", "M1Dictionary"])
}

@Test func textGoesToTokensAndBack() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let folder = scratch.path + "/tok"
  let training = try harness(["train", "StaticAC[v=65k]", "--corpus", corpus, "--out", folder])
  #expect(training.status == 0, "\(training.errors)")
  for format in ["ids", "u16", "u32"] {
    let encoded = try harness(["encode", folder, "--format", format], input: text)
    #expect(encoded.status == 0, "\(encoded.errors)")
    #expect(try harness(["decode", folder], input: encoded.output).output == text)
    // Damage anywhere is an error, not wrong text.
    for place in [3, encoded.output.count / 2, encoded.output.count - 1] {
      var damaged = encoded.output
      damaged[place] ^= 0x10
      let result = try harness(["decode", folder], input: damaged)
      #expect(result.status != 0 && result.output.isEmpty && !result.errors.isEmpty, "\(format) \(place)")
    }
    let short = try harness(["decode", folder], input: encoded.output.dropLast(9))
    #expect(short.status != 0 && short.output.isEmpty)
  }
  let check = try harness(["check", folder, corpus])
  #expect(check.status == 0, "\(check.errors)")
  // Another tokenizer's tokens are refused by name.
  let other = scratch.path + "/other"
  _ = try harness(["train", "GZip[v=65k]", "--corpus", corpus, "--out", other])
  let tokens = try harness(["encode", other, corpus, "--format", "u16"]).output
  let wrong = try harness(["decode", folder], input: tokens)
  #expect(wrong.status != 0 && wrong.errors.contains("was encoded with GZip[v=65k]"))
}

@Test func mistakesAreNamed() throws {
  let scratch = try Scratch()
  let unknown = try harness(["train", "GZp[v=256]", "--corpus", "x", "--out", scratch.path + "/t"])
  #expect(unknown.status != 0 && unknown.errors.contains("did you mean 'GZip'?"))
  let missing = try harness(["check", scratch.path])
  #expect(missing.status != 0 && missing.errors.contains("harness train"))
  let experiment = try scratch.write("bad.yaml", Data("name: x\ntokenizer: [Bytes]\n".utf8))
  let bad = try harness(["run", experiment])
  #expect(bad.status != 0 && !bad.errors.isEmpty)
}

/// A matrix of three tokenizers, two seeds: run, run again, report, compare, generate.
@Test func anExperimentRunsFromEndToEnd() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let yaml = """
    name: tiny
    corpus: {paths: ["\(corpus)"], validationShare: 0.3, exampleBytes: 2048}
    m1: {size: 1m, context: 64, batch: 2, steps: 4}
    m2: {sizes: [1m], sequenceLength: 32, batch: 2}
    match: {by: steps, budget: 12}
    seeds: [1, 2]
    evaluation: {bytes: 4000, quickBytes: 2000, points: 2}
    tokenizers: [Bytes, "EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=16,v=256,end=greedy]"]
    """
  let experiment = try scratch.write("tiny.yaml", Data(yaml.utf8))
  let a = scratch.path + "/a", b = scratch.path + "/b"
  let first = try harness(["run", experiment, "--out", a])
  #expect(first.status == 0, "\(first.errors)")
  #expect(first.errors.contains("plan: 6 cells and M1"))
  let again = try harness(["run", experiment, "--out", a])
  #expect(again.errors.contains("6 were there already"), "\(again.errors)")
  let sideBySide = try harness(["run", experiment, "--out", b, "--jobs", "2", "--threads", "2"])
  #expect(sideBySide.status == 0, "\(sideBySide.errors)")
  // The same records apart from times and places.
  func record(_ folder: String, _ name: String) throws -> NSDictionary {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/records/\(name)"))
    var object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object.removeValue(forKey: "timing") != nil)
    return NSDictionary(dictionary: object)
  }
  let names = try FileManager.default.contentsOfDirectory(atPath: a + "/records").sorted()
  #expect(names.count == 6)
  for name in names { #expect(try record(a, name) == record(b, name), "\(name)") }

  let report = try harness(["report", a, "--out", scratch.path + "/report"])
  #expect(report.status == 0, "\(report.errors)")
  let markdown = try String(contentsOfFile: scratch.path + "/report/report.md", encoding: .utf8)
  for part in ["Bytes", "EqualInfoAC[b=12,v=4k]", "## Results", "flops.svg", "## Cost", "## Caveat of scale", "±"] {
    #expect(markdown.contains(part), "\(part)")
  }
  for plot in ["flops.svg", "steps.svg", "curves.svg", "results.csv"] {
    #expect(FileManager.default.fileExists(atPath: scratch.path + "/report/" + plot), "\(plot)")
  }
  let comparison = try harness(["compare", a, b])
  #expect(String(decoding: comparison.output, as: UTF8.self).contains("| equal"), "\(comparison.errors)")
  let generated = try harness(["generate", a, "--tokenizer", "Bytes", "--bytes", "40", "--prompt", "the "])
  #expect(generated.status == 0 && generated.output.count >= 40, "\(generated.errors)")
  let windows = try harness(["generate", a, "--tokenizer", "EqualInfoAC[b=12,v=4k]", "--bytes", "40"])
  #expect(windows.status == 0, "\(windows.errors)")
}

@Test func aFailingCellIsRecordedAndTheOthersGoOn() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let yaml = """
    name: failing
    corpus: {paths: ["\(corpus)"], validationShare: 0.3}
    m2: {sizes: [1m], sequenceLength: 16, batch: 2}
    match: {by: steps, budget: 3}
    evaluation: {bytes: 1000, quickBytes: 500}
    tokenizers: ["SentencePiece[v=900k]", "GZip[v=256]"]
    """
  let folder = scratch.path + "/run"
  let run = try harness(["run", try scratch.write("failing.yaml", Data(yaml.utf8)), "--out", folder])
  #expect(run.status == 1)
  #expect(run.errors.contains("1 of 2 cells finished") && run.errors.contains("Vocabulary size too high"))
  let report = try harness(["report", folder, "--out", scratch.path + "/report"])
  #expect(report.status == 0)
  let markdown = try String(contentsOfFile: scratch.path + "/report/report.md", encoding: .utf8)
  #expect(markdown.contains("## Not scored\n\n- SentencePiece[v=900k], 1m: cannot train"))
  #expect(markdown.contains("---"))
}

@Test func aLargerExperimentReusesWhatIsThere() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let yaml = """
    name: grown
    corpus: {paths: ["\(corpus)"], validationShare: 0.3}
    m2: {sizes: [1m], sequenceLength: 64, batch: 4}
    match: {by: steps, budget: 60}
    evaluation: {bytes: 1000, quickBytes: 500, points: 1}
    tokenizers: [Bytes, "GZip[v=256]"]
    """
  let experiment = try scratch.write("grown.yaml", Data(yaml.utf8))
  // The first cell alone, then both: the first is found, the second trained.
  let first = try scratch.write("first.yaml", Data(yaml.replacingOccurrences(of: ", \"GZip[v=256]\"", with: "").utf8))
  #expect(try harness(["run", first, "--out", scratch.path + "/run"]).status == 0)
  let both = try harness(["run", experiment, "--out", scratch.path + "/run"])
  #expect(both.errors.contains("2 of 2 cells finished (1 were there already)"), "\(both.errors)")
}

/// Training under `precision: exact`, from the corpus to the last weight, on every kernel set and thread count.
@Test func exactTrainingGivesTheSameWeightsEverywhere() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("text.txt", text)
  let experiment = try scratch.write(
    "exact.yaml",
    Data(
      """
      name: exact
      corpus: {paths: ["\(corpus)"], validationShare: 0.1}
      m2: {sizes: [1m], sequenceLength: 40, batch: 3, precision: exact}
      match: {by: steps, budget: 4}
      evaluation: {bytes: 500}
      tokenizers: [Bytes]
      """.utf8))
  var models: [String: Data] = [:]
  for (kernels, threads) in [("plain", "2"), ("avx2", "1"), ("avx512", "1"), ("avx512", "2"), ("neon", "2")] {
    let folder = scratch.path + "/\(kernels)\(threads)"
    let result = try harness(
      ["run", experiment, "--out", folder, "--threads", threads], environment: ["HARNESS_KERNELS": kernels])
    if result.status != 0, result.errors.contains("HARNESS_KERNELS") { continue }  // not on this machine
    #expect(result.status == 0, "\(kernels): \(result.errors)")
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder + "/models").first { $0.hasSuffix(".safetensors") })
    models[kernels + threads] = try Data(contentsOf: URL(fileURLWithPath: folder + "/models/" + name))
  }
  let plain = try #require(models["plain2"])
  #expect(models.count >= 2)
  for (name, model) in models {
    let isTheSame = model == plain
    #expect(isTheSame, "\(name)")
  }
}

@Test func benchesAnswerForMachines() throws {
  struct Codec: Decodable {
    struct Row: Decodable { let tokenizer: String, encode: Double, decode: Double }
    let rows: [Row], codeOverhead: Double, peakGigaflops: Double
  }
  struct Training: Decodable {
    struct Row: Decodable { let tokensPerSecond: Double, peakMegabytes: Double?, phases: [String: Double] }
    let rows: [Row]
  }
  let scratch = try Scratch()
  let corpus = try scratch.write("text.txt", text)
  let trained = try harness([
    "train", "AC[v=256]", "--corpus", corpus, "--m1-size", "1m", "--m1-steps", "2", "--m1-context", "64", "--out",
    scratch.path + "/ac",
  ])
  #expect(trained.status == 0, "\(trained.errors)")
  let codec = try harness([
    "bench", "codec", "--m1", scratch.path + "/ac", "--text", corpus, "--bytes", "3000", "--tokenizers",
    "EqualInfoAC[b=12,v=4k]", "AC[v=256]", "--json",
  ])
  let rows = try JSONDecoder().decode(Codec.self, from: codec.output)
  #expect(rows.rows.map(\.tokenizer) == ["EqualInfoAC[b=12,v=4k]", "AC[v=256]"])
  #expect(rows.rows.allSatisfy { $0.encode > 0 && $0.decode > 0 } && rows.peakGigaflops > 0 && rows.codeOverhead < 1.01)
  let windows = try harness([
    "bench", "windows", "--m1", scratch.path + "/ac", "--text", corpus, "--bytes", "2000", "--bits", "10", "24",
  ])
  #expect(
    windows.status == 0 && String(decoding: windows.output, as: UTF8.self).contains("| 24 |"), "\(windows.errors)")
  let training = try harness([
    "bench", "train", "--sizes", "1m", "--vocabularies", "256", "--precisions", "f32", "--seconds", "0", "--json",
  ])
  let steps = try JSONDecoder().decode(Training.self, from: training.output)
  let row = try #require(steps.rows.first)
  #expect(steps.rows.count == 1 && row.tokensPerSecond > 0 && (row.peakMegabytes ?? 0) > 10)
  #expect(abs(row.phases.values.reduce(0, +) - 1) < 1e-9)
}

import Foundation
import Plugins
import Support
import Testing
import Tokenizers
import Transformer

@testable import Harness

private let registry: Registry = {
  do { return try Registry(builtInBackends) } catch { preconditionFailure("\(error)") }
}()
private let good = """
  name: x
  corpus: {paths: [a.txt]}
  m2:
    sizes: [1m]
    batch: 4
  match: {by: flops, budget: 1e12}
  tokenizers: [Bytes, "GZip[v=256]"]
  """

private func message(_ yaml: String) -> String {
  do {
    _ = try Experiment(yaml: yaml, file: "x.yaml", registry: registry)
    return "no error"
  } catch { return "\(error)" }
}

@Test func experimentsAreRead() throws {
  let experiment = try Experiment(yaml: good, file: "x.yaml", registry: registry)
  #expect(experiment.tokenizers == ["Bytes", "GZip[v=256]"])
  #expect(experiment.m2.training.batch == 4)
  let plan = try Plan(ResolvedExperiment(experiment, registry: registry, fastest: .f32), registry: registry)
  #expect(plan.cells.count == 2 && plan.m1.isEmpty)
  for cell in plan.cells { #expect((cell.flops ?? 0) <= 1e12 && (cell.flops ?? 0) > 0.9e12) }
}

@Test(arguments: [
  ("batch: 4", "bach: 4", "x.yaml:5: m2.bach: unknown key; did you mean 'batch'?"),
  ("batch: 4", "batch: 0", "x.yaml:5: m2.batch: '0' must be an integer from 1"),
  ("[1m]", "[1n]", "did you mean '1m'?"),
  ("GZip[v=256]", "GZp[v=256]", "tokenizers[1]: unknown tokenizer 'GZp'; did you mean 'GZip'?"),
  ("GZip[v=256]", "GZip[v=255]", "it must be a power of two, 2…65536; the nearest is 256"),
  ("GZip[v=256]", "EqualInfoAC[b=7]", "b=7 is not possible"),
  ("GZip[v=256]", "Bytes", "Bytes is listed twice"),
  ("budget: 1e12", "budget: 1e6", "under one training step"),
  ("budget: 1e12", "budgte: 1e12", "match.budget: is missing"),
  ("by: flops", "by: flop", "did you mean 'flops'?"),
  ("budget: 1e12", "budget: 1e12, budgets: [1e12, 4e12]", "match.budgets: give either budget or budgets, not both"),
  ("budget: 1e12", "budgets: [4e12, 1e12]", "the smallest first"),
  ("budget: 1e12", "budgets: [1e12, 1e12]", "give different numbers"),
  ("budget: 1e12", "budgets: []", "give different numbers"),
  ("budget: 1e12", "budgets: [1e12, many]", "match.budgets[1]: 'many' must be a number from 1"),
  ("budget: 1e12", "budgets: [1e6, 1e12]", "match.budgets[0]: 1000000.0 is under one training step"),
  ("corpus: {paths: [a.txt]}", "", "corpus: is missing"),
  ("name: x", "name: ../x", "names a folder"),
  ("name: x", "name: [", "not YAML"),
  ("name: x", "name: x\nseeds: [1, 1]", "give different integers"),
  ("budget: 1e12", "budget: 1e30", "more training than can be counted"),
  ("name: x", "name: x\nevaluation: {points: 99}", "must be an integer from 1 to 5"),
  ("name: x", "name: x\nm1: {context: widow}", "'widow' must be an integer from 16"),
  ("batch: 4", "precision: bf17", "'bf17' is not one of f32, bf16, exact, auto; did you mean 'bf16'?"),
])
func mistakesAreNamed(old: String, new: String, expected: String) {
  let found = message(good.replacingOccurrences(of: old, with: new))
  #expect(found.contains(expected), "\(found)")
}

/// With `context: window` every tokenizer has an M1 of its own windows, whichever others are listed.
@Test func shortContextsFollowEachTokenizersWindows() throws {
  func m1(_ tokenizers: String) throws -> [String: TrainingOptions?] {
    let yaml =
      good.replacingOccurrences(of: "[Bytes, \"GZip[v=256]\"]", with: tokenizers) + "\nm1: {context: window, batch: 3}"
    let experiment = try Experiment(yaml: yaml, file: "x.yaml", registry: registry)
    let resolved = try ResolvedExperiment(experiment, registry: registry, fastest: .f32)
    return Dictionary(resolved.cells.map { ($0.tokenizer, $0.m1?.training) }, uniquingKeysWith: { a, _ in a })
  }
  let all = try m1("[\"EqualInfoAC[b=12,v=4k]\", \"EqualInfoAC[b=64,v=256]\", \"AC[v=256]\", Bytes]")
  let narrow = try #require(all["EqualInfoAC[b=12,v=4k]"] ?? nil),
    wide = try #require(all["EqualInfoAC[b=64,v=256]"] ?? nil)
  #expect(narrow.sequenceLength == 16 && narrow.batch == 3 * 1024 / 16)
  #expect(wide.sequenceLength == 64 && wide.batch == 3 * 1024 / 64)
  #expect(all["AC[v=256]"]??.sequenceLength == 1024 && all["Bytes"] == .some(nil))
  let alone = try m1("[\"EqualInfoAC[b=12,v=4k]\"]")
  #expect(alone["EqualInfoAC[b=12,v=4k]"] == .some(narrow))
}

/// `auto` is decided once, by the first process in a run folder, for every seed and experiment that is run there later;
/// a machine with other abilities reads what was decided.
@Test func theFirstRunDecidesWhatIsAutomatic() throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("resolve-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let yaml = good.replacingOccurrences(of: "batch: 4", with: "precision: auto")
  var experiment = try Experiment(yaml: yaml, file: "x.yaml", registry: registry)
  #expect(experiment.m2.precision == nil)
  let run = RunFolder(folder)
  #expect(try run.fastest(decides: false) == .fastest && !FileManager.default.fileExists(atPath: folder))
  #expect(try run.resolve(experiment, registry: registry).cells.allSatisfy { $0.m2.precision == .fastest })
  // As if a machine without bfloat16, or with it, had been first.
  let other: Precision = Precision.fastest == .bf16 ? .f32 : .bf16
  let machine = folder + "/machine.json"
  let text = try String(contentsOfFile: machine, encoding: .utf8)
  try text.replacingOccurrences(of: Precision.fastest.rawValue, with: other.rawValue)
    .write(toFile: machine, atomically: true, encoding: .utf8)
  experiment.seeds = [7]
  let resolved = try run.resolve(experiment, registry: registry)
  #expect(resolved.cells.allSatisfy { $0.m2.precision == other && $0.seed == 7 })
  // A changed digit in a resolved experiment is noticed.
  for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasPrefix("resolved-") {
    let path = folder + "/" + name
    let changed = try String(contentsOfFile: path, encoding: .utf8)
      .replacingOccurrences(of: "\"warmup\" : 100", with: "\"warmup\" : 101")
    try changed.write(toFile: path, atomically: true, encoding: .utf8)
  }
  #expect(throws: FileError.self) { try run.resolve(experiment, registry: registry) }
}

@Test func committedExperimentsAreValid() throws {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../experiments"
  let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }
  #expect(files.contains("quick.yaml"))
  for file in files { #expect(throws: Never.self) { try Experiment(file: folder + "/" + file, registry: registry) } }
}

@Test func budgetsAreMatchedByAnyMeasure() throws {
  func steps(_ by: String, _ budget: String) throws -> Int? {
    let yaml = good.replacingOccurrences(of: "by: flops, budget: 1e12", with: "by: \(by), budget: \(budget)")
    let experiment = try Experiment(yaml: yaml, file: "x.yaml", registry: registry)
    return try experiment.match.steps(
      shape: .init(dim: 128, heads: 2, layers: 2, headSize: 64, mlp: 512, vocabulary: 256),
      training: experiment.m2.training, bytesPerToken: 4)
  }
  #expect(try steps("steps", "77") == 77)
  #expect(try steps("tokens", "20480") == 10)
  #expect(try steps("bytes", "81920") == 10)
}

/// A ladder's cells are those of its budgets one by one: the same requests, whole rungs one after another.
@Test func aLadderIsItsBudgetsOneByOne() throws {
  func cells(_ budgets: String) throws -> [CellRequest] {
    let yaml = good.replacingOccurrences(of: "budget: 1e12", with: budgets) + "\nseeds: [1, 2]"
    let experiment = try Experiment(yaml: yaml, file: "x.yaml", registry: registry)
    return try ResolvedExperiment(experiment, registry: registry, fastest: .f32).cells
  }
  let ladder = try cells("budgets: [1e12, 4e12]")
  #expect(ladder.map(\.seed) == [1, 1, 1, 1, 2, 2, 2, 2])
  #expect(ladder.map(\.match.budget) == [1e12, 1e12, 4e12, 4e12, 1e12, 1e12, 4e12, 4e12])
  for budget in ["1e12", "4e12"] {
    #expect(try ladder.filter { $0.match.budget == Double(budget) } == cells("budget: \(budget)"))
  }
  #expect(
    ladder[0].title == "Bytes 1m seed 1 for 1.00 T FLOPs" && ladder[2].title == "Bytes 1m seed 1 for 4.00 T FLOPs")
}

@Test func tokenFilesRefuseEveryDamage() throws {
  let file = TokenFile(
    tokenizer: "X[path=\"a b, c\"]", sha256: String(repeating: "0f", count: 32), byteCounts: [3, 0, 9],
    examples: [[1, 2, 300], [], [65_535]])
  for format in TokenFormat.allCases {
    let data = try file.serialized(format)
    #expect(try TokenFile(data, path: "f") == file)
    var undetected = 0
    for place in data.indices {
      for bit in [UInt8(1), 0x80] {
        var damaged = data
        damaged[place] ^= bit
        if (try? TokenFile(damaged, path: "f")) != nil { undetected += 1 }
      }
      if (try? TokenFile(data.prefix(place), path: "f")) != nil { undetected += 1 }
    }
    #expect(undetected == 0, "\(format)")
  }
}

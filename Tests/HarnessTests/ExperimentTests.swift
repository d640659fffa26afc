import Foundation
import Plugins
import Records
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

/// A recipe is a start: every key beside it has its way; batch and shards are no part of it.
@Test func recipesAreFollowed() throws {
  func training(_ keys: String) throws -> TrainingOptions {
    let yaml = good.replacing("batch: 4", with: "batch: 4\n  shards: 3\n  " + keys)
    return try Experiment(yaml: yaml, file: "x.yaml", registry: registry).m2.training
  }
  var expected = TrainingOptions()
  (expected.batch, expected.shards) = (4, 3)
  #expect(try training("recipe: standard") == expected)
  (expected.optimizer, expected.schedule, expected.learningRate, expected.warmup) = (.adafactor, .rsqrt, 1, 10_000)
  (expected.embeddingRate, expected.vectorRate, expected.referenceWidth, expected.referenceSteps) = (1, 1, 0, nil)
  (expected.weightDecay, expected.clip) = (0, 0)
  #expect(try training("recipe: paper") == expected)
  #expect(try training("optimizer: adafactor") == expected)
  (expected.warmup, expected.weightDecay) = (10, 0.5)
  #expect(try training("recipe: paper\n  warmup: 10\n  weightDecay: 0.5") == expected)
  #expect(try ["0", "500"].map { try training("referenceSteps: \($0)").referenceSteps } == [nil, 500])
}

/// Of PyTorch's speed nothing is known before it trains.
@Test func plansOfPyTorchsTrainingSayNoTime() throws {
  func plan(_ keys: String) throws -> Plan {
    let yaml = good.replacing("batch: 4", with: "batch: 4\n  precision: f32\n  " + keys)
    let experiment = try Experiment(yaml: yaml, file: "x.yaml", registry: registry)
    return try Plan(ResolvedExperiment(experiment, registry: registry, fastest: .f32), registry: registry)
  }
  #expect(try plan("trainer: native").isNative)
  let torch = try plan("trainer: torch")
  #expect(!torch.isNative && torch.description(flopsPerSecond: nil, place: "here").contains("not known, PyTorch's"))
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
  ("batch: 4", "recipe: papr", "did you mean 'paper'?"),
  ("batch: 4", "recipe: paper\n  optimizer: adamw", "m2.optimizer: adamw diverges at the paper's rate"),
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
  ("budget: 1e12", "budgets: [1e6, 1e12]", "match.budgets[0]: 1.00 M is under one training step"),
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
  for path in files.map({ folder + "/" + $0 }) {
    #expect(throws: Never.self) {
      let extended = try Experiment.registry(file: path, extending: registry, by: { try ExternalBackend($0) })
      _ = try Experiment(file: path, registry: extended)
    }
  }
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

private let axes = """
  name: x
  corpus: {paths: [a.txt]}
  m1: {size: 1m, steps: 100, batch: 2, context: 64}
  m2: {sizes: [1m], batch: 4, sequenceLength: 256}
  match: {budget: 1e12}
  tokenizers: [Bytes, "AC[v=256]", "AC[v=65k]"]
  variants:
    context in bytes: {m2: {contextBytes: 1024}}
    M1 counted: {match: {m1: counted}}
    M1 shared: {match: {m1: shared}}
    ladder: {match: {budgets: [1e12, 2e12]}}
  """

/// All cells as the file stands, then again under each variant, which changes what it names and no more.
@Test func variantsGiveEveryCellAgain() throws {
  let experiment = try Experiment(yaml: axes, file: "x.yaml", registry: registry)
  #expect(experiment.variants.map(\.variant) == ["context in bytes", "M1 counted", "M1 shared", "ladder"])
  let resolved = try ResolvedExperiment(experiment, registry: registry, fastest: .f32)
  #expect(unique(resolved.cells.map(\.variant)) == [nil, "context in bytes", "M1 counted", "M1 shared", "ladder"])
  #expect(resolved.cells.count == 3 * 5 && resolved.tokenizers.count == 3)
  func cells(_ variant: String?) -> [CellRequest] { resolved.cells.filter { $0.variant == variant } }
  #expect(cells("context in bytes").allSatisfy { $0.contextBytes == 1024 && $0.m2.tokensPerStep == 1024 })
  #expect(cells("ladder").map(\.match.budget) == [2e12, 2e12, 2e12])
  // Each is a table of its own; the ladder's first rung is the file as it stands, and is not there twice.
  let outlines = try resolved.cells.map { try ComparisonProtocol(outline: $0) }
  #expect(Set(outlines).count == 5)
  let context = try ComparisonProtocol(outline: cells("context in bytes")[0]).fields
  #expect(context["m2.context"] == "1024 bytes" && context["m2.tokensPerStep"] == "1024")
  #expect(context["m2.batch"] == nil && context["m2.sequenceLength"] == nil)

  // M1's cost: none, all of it, and a half each for two; for Bytes nothing at all.
  let layer: Double = 8 * 128 * 128 + 4 * 128 * 512 + 2 * 128 * 65
  let forward: Double = 2 * layer + 2 * 128 * 256
  let m1: Double = 3 * forward * 100 * 2 * 64
  #expect(cells(nil).map(\.m1FLOPs) == [nil, nil, nil])
  #expect(cells("M1 counted").map(\.m1FLOPs) == [0, m1, m1])
  #expect(cells("M1 shared").map(\.m1FLOPs) == [0, m1 / 2, m1 / 2])
  #expect(cells("M1 counted").map(\.matchAfterM1.budget) == [1e12, 1e12 - m1, 1e12 - m1])
  let plan = try Plan(resolved, registry: registry)
  #expect(plan.cells.count == 15)
  for cell in plan.cells { #expect((cell.steps == nil) == (cell.variant == "context in bytes")) }
  #expect(plan.description(flopsPerSecond: 1e12, place: "here").contains("M1 counted"))
}

@Test func whatM1CostsIsSaidWhereNothingIsLeft() throws {
  let yaml = axes.replacingOccurrences(of: "steps: 100", with: "steps: 1000000")
  let experiment = try Experiment(yaml: yaml, file: "x.yaml", registry: registry)
  let resolved = try ResolvedExperiment(experiment, registry: registry, fastest: .f32)
  func problem(_ variant: String) -> String? {
    let cell = resolved.cells.first { $0.variant == variant && $0.tokenizer == "AC[v=256]" }
    return cell?.matchAfterM1.budget == 0 ? cell.map { "\($0.underOneStep)" } : nil
  }
  #expect(problem("M1 counted")?.hasPrefix("M1 alone cost 3.40e+14") == true)
  #expect(problem("M1 counted")?.hasSuffix("of 1.00e+12 FLOPs: nothing is left for M2") == true)
  #expect(problem("M1 shared")?.hasPrefix("its share of M1, one of 2, cost ") == true)
}

@Test(arguments: [
  (
    "contextBytes: 1024", "contextByte: 1024",
    "x.yaml:8: variants.context in bytes.m2.contextByte: unknown key; did you mean"
  ),
  ("contextBytes: 1024", "contextBytes: 1", "variants.context in bytes.m2.contextBytes: '1' must be an integer from 2"),
  ("m1: counted", "m1: count", "x.yaml:9: variants.M1 counted.match.m1: 'count' is not one of free, counted, shared"),
  ("m1: counted", "m1: counted, by: tokens", "'counted' takes FLOPs from a budget that is in tokens"),
  ("{match: {m1: counted}}", "{name: y}", "x.yaml:9: variants.M1 counted.name: is the same in all variants"),
  ("{match: {m1: counted}}", "{corpus: {seed: 2}}", "variants.M1 counted.corpus: is the same in all variants"),
  ("{match: {m1: counted}}", "3", "variants.M1 counted: must be a mapping of what it changes"),
  (
    "{match: {m1: counted}}", "{match: {budget: 1e6}}",
    "x.yaml:9: variants.M1 counted.match.budget: 1.00 M is under one"
  ),
  ("  M1 counted:", "  M1 shared:", "x.yaml"),
])
func mistakesInVariantsAreNamed(old: String, new: String, expected: String) {
  let found = message(axes.replacingOccurrences(of: old, with: new))
  #expect(found.contains(expected), "\(found)")
}

/// No table has cells of two variants, and no variant goes without a word, whatever `auto` means here.
@Test(arguments: [
  (
    "{match: {m1: counted}}", "{seeds: [2]}",
    "x: variants.M1 counted: Bytes 1m seed 2 for 1.00 T FLOPs, M1 counted would stand in the table of the experiment as"
  ),
  (
    "budgets: [1e12, 2e12]}", "budgets: [1e12, 2e12]}, tokenizers: [Bytes, \"GZip[v=256]\"]",
    "variants.ladder: GZip[v=256] 1m seed 0 for 1.00 T FLOPs, ladder would stand in the table of the experiment as"
  ),
  (
    "{match: {m1: counted}}", "{match: {m1: shared}}",
    "so that all its cells are in the table of variants.M1 counted"
  ),
  ("{match: {m1: counted}}", "{evaluation: {points: 2}}", "variants.M1 counted: changes nothing"),
  ("{match: {m1: counted}}", "{m2: {precision: auto}}", "variants.M1 counted: changes nothing"),
  ("{match: {m1: counted}}", "{m2: {precision: bf16}}", "no error"),
  ("budgets: [1e12, 2e12]}", "budgets: [1e12, 2e12]}, tokenizers: [Bytes]", "no error"),
])
func variantsStandInTablesOfTheirOwn(old: String, new: String, expected: String) throws {
  let experiment = try Experiment(
    yaml: axes.replacingOccurrences(of: old, with: new), file: "x.yaml", registry: registry)
  var found = "no error"
  do { _ = try ResolvedExperiment(experiment, registry: registry, fastest: .f32) } catch { found = "\(error)" }
  #expect(found.contains(expected), "\(found)")
}

/// Two of one M1 and one of another pay otherwise than one and two: their cells share no table.
@Test func sharersAreCountedByTheirM1() throws {
  func users(_ tokenizers: String) throws -> (users: String?, outline: String) {
    let yaml =
      good.replacingOccurrences(of: "[Bytes, \"GZip[v=256]\"]", with: "[\(tokenizers)]")
      .replacingOccurrences(of: "budget: 1e12", with: "budget: 1e12, m1: shared") + "\nm1: {context: window}"
    let experiment = try Experiment(yaml: yaml, file: "x.yaml", registry: registry)
    let cell = try ResolvedExperiment(experiment, registry: registry, fastest: .f32).cells[0]
    let outline = try ComparisonProtocol(outline: cell)
    return (outline.fields["m1.users"], outline.hash)
  }
  let narrow = "\"EqualInfoAC[b=12,v=4k]\"", wide = "\"EqualInfoAC[b=64,v=256]\""
  let one = try users("\(narrow), \(wide), \"EqualInfoAC[b=64,v=65k]\"")
  let other = try users("\(narrow), \(wide), \"EqualInfoAC[b=12,v=64]\"")
  #expect(one.users == "1 of context 16, 2 of context 64" && other.users == "2 of context 16, 1 of context 64")
  #expect(one.outline != other.outline)
}

/// The same text to look back on, and as many tokens a step as whole sequences allow.
@Test func contextsOfEqualBytes() throws {
  var options = TrainingOptions()
  (options.batch, options.sequenceLength) = (4, 256)
  func cut(_ bytesPerToken: Double) throws -> [Int] {
    let found = try options.lookingBack(bytes: 1024, bytesPerToken: bytesPerToken)
    return [found.batch, found.sequenceLength]
  }
  #expect(try cut(1) == [1, 1024])
  #expect(try cut(4) == [4, 256])
  #expect(try cut(2.88) == [3, 356])
  #expect(try cut(10.22) == [10, 100])
  #expect(try cut(0.25) == [1, 4096])
  #expect(throws: HarnessError.cell("contextBytes 1024 is fewer than two tokens of 700.0 bytes; raise it")) {
    try cut(700)
  }
}

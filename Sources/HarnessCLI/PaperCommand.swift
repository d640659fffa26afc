import Analysis
import ArgumentParser
import Bench
import Foundation
import Harness
import Plugins
import Rendering
import Store
import Support
import Tokenizers

struct PaperCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "paper", abstract: "What the paper measured, asked again at a small scale, as one report.",
      discussion: """
        Every part is one of the paper's tables or figures: what it takes is planned, run and measured, and the report \
        says of each claim whether it is seen at this scale, is not, or cannot be told. Cells that several parts read are \
        trained once; a stopped run continues where it was. Parts that were not run stand in the report with the command \
        that runs them.

        PARTS
        \(paperParts.map { "  \($0.key): \($0.title) (\($0.source))" }.joined(separator: "\n"))

        EXAMPLE
          harness paper --scale small --plan-only
          harness paper --scale small
          harness paper --scale small --only ratios stability
        """)
  }
  @Option(
    help: "How large: \(PaperScale.all.map(\.name).joined(separator: ", ")), or a JSON file of a scale of your own.")
  var scale = "small"
  @Option(parsing: .upToNextOption, help: "These parts alone, by their keys; all if left out.") var only: [String] = []
  @Option(help: "Run folder; runs/paper-<scale> if left out.") var out: String?
  @Option(
    parsing: .upToNextOption,
    help: "Files, folders or patterns of text, .gz, .jsonl, .json.gz; the GCIDE dictionary if left out.")
  var corpus: [String] = []
  @Option(parsing: .upToNextOption, help: "Held-out files; a share of the corpus if left out.") var validation:
    [String] = []
  @Option(parsing: .upToNextOption, help: "NAME=FILE of further texts that trained models are scored on.")
  var texts = ["licence=/usr/share/common-licenses/GPL-3", "code=/usr/include/zlib.h"]
  @Option(help: "The paper's figures.") var baseline = "baselines/paper.json"
  @Option(help: "Cells side by side; results do not depend on it.") var jobs = 1
  @Flag(help: "Print the plan and stop.") var planOnly = false
  @Flag(help: "Run nothing: write the report of what is there.") var reportOnly = false
  @OptionGroup var store: StoreOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    func unknown(_ option: String, _ word: String, _ known: [String]) -> ValidationError {
      let hint = nearestWord(to: word, in: known).map { "; did you mean '\($0)'?" } ?? ""
      return ValidationError("\(option) '\(word)' is not one of \(known.joined(separator: ", "))\(hint)")
    }
    let scales = PaperScale.all.map(\.name), keys = paperParts.map(\.key)
    guard scales.contains(scale) || scale.hasSuffix(".json") else { throw unknown("--scale", scale, scales) }
    for key in only where !keys.contains(key) { throw unknown("--only", key, keys) }
    guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs) is not possible; give 1 to 64") }
    guard validation.isEmpty || !corpus.isEmpty else { throw ValidationError("--validation goes with --corpus") }
    for pair in texts where pair.split(separator: "=", maxSplits: 1).count != 2 {
      throw ValidationError("--texts '\(pair)' is not NAME=FILE, as in code=/usr/include/zlib.h")
    }
    guard !(planOnly && reportOnly) else { throw ValidationError("give --plan-only or --report-only, not both") }
  }

  func run() throws {
    let scale = try paperScale()
    let registry = try Source.registry(), folder = RunFolder(out ?? "runs/paper-\(scale.name)")
    let paper = try PaperRun(
      scale: scale, corpus: corpusOptions, texts: furtherTexts, folder: folder, registry: registry,
      decides: !planOnly && !reportOnly)
    let figures = try Baseline(file: baseline) { name in (try? registry.resolve(name).canonicalName) ?? name }
    let place =
      reportOnly && !FileManager.default.fileExists(atPath: folder.path + "/report")
      ? folder.path : folder.path + "/report"
    func writeReport() throws { try paper.report(baseline: figures, command: command).write(to: place) }
    if reportOnly {
      try writeReport()
      return print("\(place)/report.md")
    }

    let parts = paperParts.filter { only.isEmpty || only.contains($0.key) }
    let plan = try paper.plan(
      parts, flopsPerSecond: measuredTrainingFLOPs(precision: .fastest, threads: threads.threads, shards: 2))
    if planOnly { return print(plan) }
    printError(plan)
    let progress = ProgressPrinter(jobs: jobs), watch = Stopwatch()
    let content = try store.open(user: RunUses(runFolder: folder.path), progress: progress)
    func stages(waits: Bool) -> Stages {
      Stages(
        registry: registry, store: content, program: thisProgram, threads: max(1, threads.threads / (waits ? 1 : jobs)),
        progress: progress, waits: waits)
    }
    // What needs no model first: it is soon there.
    for part in parts where !part.needs(scale).readsModels {
      try paper.measure(part, stages(waits: true))
      try writeReport()
    }
    let failed = try paper.train(parts, stages(waits: false), jobs: jobs)
    for part in parts where part.needs(scale).readsModels { try paper.measure(part, stages(waits: true)) }
    try writeReport()
    printError(
      "\(parts.count) parts in \(duration(watch.seconds)), \(failed) cells failed; report in \(place)/report.md")
    if failed > 0 { throw ExitCode(1) }
  }

  /// One of the program's, or a file's.
  private func paperScale() throws -> PaperScale {
    if let known = PaperScale.all.first(where: { $0.name == scale }) { return known }
    do {
      let own = try JSONDecoder().decode(PaperScale.self, from: Data(try readFile(scale)))
      if let problem = own.problem { throw FileError(scale, problem) }
      return own
    } catch let error as DecodingError {
      let example = String(decoding: try jsonEncoder().encode(PaperScale.small), as: UTF8.self)
      throw FileError(scale, "is no scale: \(decodingProblem(error)); write it as\n\(example)")
    }
  }

  private var corpusOptions: CorpusOptions {
    var options = CorpusOptions(paths: corpus.isEmpty ? ["/usr/share/dictd/gcide.dict.dz"] : corpus)
    options.validationPaths = validation
    return options
  }

  private var furtherTexts: [String: [String]] {
    Dictionary(
      texts.map { pair in
        let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
        return (parts[0], [parts[1]])
      }, uniquingKeysWith: { $0 + $1 })
  }

  /// What runs one part alone, with what was given here.
  private func command(_ key: String) -> String {
    var words = ["harness", "paper", "--scale", scale, "--only", key]
    if let out, !reportOnly { words += ["--out", out] }
    if !corpus.isEmpty { words += ["--corpus"] + corpus }
    if !validation.isEmpty { words += ["--validation"] + validation }
    return words.joined(separator: " ")
  }
}

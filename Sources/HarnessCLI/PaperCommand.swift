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
    help: ArgumentHelp(
      "How large: \(PaperScale.all.map(\.name).joined(separator: ", ")), or a JSON file of a scale of your own; small if left out.",
      valueName: "scale"))
  var scale: String?
  @Option(parsing: .upToNextOption, help: "These parts alone, by their keys; all if left out.") var only: [String] = []
  @Option(help: "Run folder; runs/paper-<scale> if left out.") var out: String?
  @Option(help: "Folder of the report; 'report' in the run folder if left out.") var report: String?
  @Option(
    parsing: .upToNextOption,
    help:
      "Files, folders or patterns of text, .gz, .jsonl, .json.gz; what the run folder has, or the GCIDE dictionary, if left out."
  )
  var corpus: [String] = []
  @Option(parsing: .upToNextOption, help: "Held-out files; a share of the corpus if left out.") var validation:
    [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Further texts that trained models are scored on; what the run folder has, or a licence and a C header, if left out.",
      valueName: "name=file"))
  var texts: [String] = []
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
    if let scale, !scales.contains(scale), !scale.hasSuffix(".json") { throw unknown("--scale", scale, scales) }
    for key in only where !keys.contains(key) { throw unknown("--only", key, keys) }
    guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs) is not possible; give 1 to 64") }
    guard validation.isEmpty || !corpus.isEmpty else { throw ValidationError("--validation goes with --corpus") }
    for pair in texts where pair.split(separator: "=", maxSplits: 1).count != 2 {
      throw ValidationError("--texts '\(pair)' is not NAME=FILE, as in code=/usr/include/zlib.h")
    }
    guard !(planOnly && reportOnly) else { throw ValidationError("give --plan-only or --report-only, not both") }
  }

  func run() throws {
    let registry = try Source.registry()
    let figures = try Baseline(file: baseline) { name in (try? registry.resolve(name).canonicalName) ?? name }
    let own = try scale.map(paperScale)
    let folder = RunFolder(out ?? "runs/paper-\((own ?? .small).name)")
    let request = try request(own, before: PaperRequest(of: folder))
    let paper = try PaperRun(request, folder: folder, registry: registry, decides: !planOnly && !reportOnly)
    let place = withoutTrailingSlash(report ?? folder.path + "/report")
    let commands = Dictionary(
      paperParts.map { ($0.key, command($0.key, request)) }, uniquingKeysWith: { first, _ in first })
    let writeReport = { @Sendable in
      try paper.report(baseline: figures) { commands[$0] ?? "" }.write(to: place)
    }
    if reportOnly {
      guard paper.hasAnything else {
        throw FileError(
          folder.path,
          "holds no records and no measurements; run some parts first, as in '\(commands[paperParts[0].key] ?? "")'")
      }
      try writeReport()
      return print("\(place)/report.md")
    }

    let parts = paperParts.filter { only.isEmpty || only.contains($0.key) }
    let plan = try paper.plan(
      parts, flopsPerSecond: measuredTrainingFLOPs(precision: .fastest, threads: threads.threads, shards: 2))
    if planOnly { return print(plan) }
    printError(plan)
    try paper.checkTexts()
    try request.keep(in: folder)
    let progress = ProgressPrinter(jobs: jobs), watch = Stopwatch(), stop = stopOnSignal()
    let content = try store.open(user: RunUses(runFolder: folder.path), progress: progress)
    func stages(waits: Bool) -> Stages {
      Stages(
        registry: registry, store: content, program: thisProgram, threads: max(1, threads.threads / (waits ? 1 : jobs)),
        progress: progress, waits: waits, stop: stop)
    }
    // A damaged record of some cell is no reason to stop: what is finished is on disk.
    let writeMeanwhile = { @Sendable in
      do { try writeReport() } catch let problem as FileError { progress.line("no report: \(problem)") }
    }
    var unmeasured: [String] = []
    func measure(_ parts: [PaperPart]) throws {
      for part in parts {
        do {
          if try paper.measure(part, stages(waits: true)) { try writeMeanwhile() }
        } catch let stopped as Stopped {
          throw stopped
        } catch HarnessError.corpus(let file, let place, let reason) {
          throw HarnessError.corpus(file: file, place: place, reason: reason)
        } catch {
          // One part that cannot be measured does not keep the others from being.
          printError("\(part.key): \(error)")
          unmeasured.append(part.key)
        }
      }
    }
    do {
      // What needs no model first: it is soon there.
      try measure(parts.filter { !$0.needs(request.scale).readsModels })
      let refresh = Refresh()
      let failed = try paper.train(parts, stages(waits: false), jobs: jobs) { try refresh(writeMeanwhile) }
      try measure(parts.filter { $0.needs(request.scale).readsModels })
      try writeReport()
      printError(
        "\(parts.count) parts in \(duration(watch.seconds)), \(failed) cells failed"
          + (unmeasured.isEmpty ? "" : ", not measured: \(unmeasured.joined(separator: ", "))")
          + "; report in \(place)/report.md")
      if failed > 0 || !unmeasured.isEmpty { throw ExitCode(1) }
    } catch let stopped as Stopped {
      printError("\(stopped)")
      throw ExitCode(Stopped.exitStatus)
    }
  }

  /// One of the program's, or a file's.
  private func paperScale(_ scale: String) throws -> PaperScale {
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

  /// What is asked: what is given, else what the run folder was asked before, else what the program has.
  private func request(_ scale: PaperScale?, before: PaperRequest?) throws -> PaperRequest {
    var options = before?.corpus ?? CorpusOptions(paths: Self.dictionary)
    if !corpus.isEmpty {
      options = CorpusOptions(paths: corpus)
      options.validationPaths = validation
    }
    let given = Dictionary(
      texts.map { pair in
        let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
        return (parts[0], [parts[1]])
      }, uniquingKeysWith: { $0 + $1 })
    return PaperRequest(
      scale: scale ?? before?.scale ?? .small, corpus: options,
      texts: given.isEmpty ? before?.texts ?? Self.otherTexts : given)
  }

  private static var dictionary: [String] { ["/usr/share/dictd/gcide.dict.dz"] }
  private static var otherTexts: [String: [String]] {
    ["licence": ["/usr/share/common-licenses/GPL-3"], "code": ["/usr/include/zlib.h"]]
  }

  /// What runs one part alone. A report may be of a copy: it says what it is of, and not where its run lies.
  private func command(_ key: String, _ request: PaperRequest) -> String {
    var words = ["harness", "paper"]
    let isKnown = PaperScale.all.contains { $0.name == request.scale.name }
    words += ["--scale", isKnown ? request.scale.name : scale ?? "\(request.scale.name).json", "--only", key]
    if let out, !reportOnly { words += ["--out", out] }
    if request.corpus.paths != Self.dictionary { words += ["--corpus"] + request.corpus.paths }
    if !request.corpus.validationPaths.isEmpty { words += ["--validation"] + request.corpus.validationPaths }
    if request.texts != Self.otherTexts {
      let pairs = request.texts.sorted { $0.key < $1.key }.flatMap { name, files in files.map { "\(name)=\($0)" } }
      words += ["--texts"] + pairs
    }
    return words.map(shellWord).joined(separator: " ")
  }
}

import ArgumentParser
import Bench
import Foundation
import Harness
import Plugins
import Records
import Store
import Support
import Synchronization
import Tokenizers
import Transformer

struct RunCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "run", abstract: "Run an experiment's matrix; a stopped run continues where it was.",
      discussion: """
        Prints the plan, then a progress line a cell. The report in the run folder is written anew after every cell. \
        Several processes, on several machines, may run one experiment in one folder: each takes cells that no other \
        works on. Exit status 1 when a cell failed; the others are finished. A cell that M1 leaves no budget for is no \
        failure: the report says so. SIGUSR1 saves what is under way and ends with status 75.

        EXAMPLE
          harness run experiments/quick.yaml
          harness run experiments/english.yaml --out runs/english --jobs 2
        """)
  }
  @Argument(help: "Experiment file.") var experiment: String
  @Option(help: "Run folder; runs/<name> if left out.") var out: String?
  @Option(help: "Cells side by side; results do not depend on it.") var jobs = 1
  @Option(help: "Run this one seed instead of the experiment's.") var seed: UInt64?
  @Option(help: "Figures to show beside ours in the report.") var baseline: String?
  @OptionGroup var store: StoreOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs) is not possible; give 1 to 64") }
    guard seed ?? 0 <= 1 << 52 else { throw ValidationError("--seed must be at most 2^52") }
  }

  func run() throws {
    let stop = stopOnSignal()
    let (read, registry) = try Experiment.loaded(experiment, Source.self)
    var loaded = read
    let folder = RunFolder(out ?? "runs/\(loaded.name)")
    if let seed {
      loaded.seeds = [seed]
      for variant in loaded.variants.indices { loaded.variants[variant].seeds = [seed] }
    }
    let resolved = try folder.resolve(loaded, registry: registry)
    try folder.keep(experiment)
    let plan = try Plan(resolved, registry: registry)
    printError(plan.description(flopsPerSecond: try threads.measuredSpeed(of: plan, loaded), place: "here"))

    let progress = ProgressPrinter(jobs: jobs)
    let content = try store.open(user: RunUses(runFolder: folder.path), progress: progress)
    let stages = Stages(
      registry: registry, store: content, program: thisProgram, threads: max(1, threads.threads / jobs),
      progress: progress, waits: false, stop: stop)
    let runner = Runner(resolved.cells, records: folder.records, stages: stages, jobs: jobs)
    let watch = Stopwatch()
    let report = try RunReport(runs: [folder], baseline: baseline, registry: registry)
    let place = folder.path + "/report"
    let outcome: Runner.Outcome
    do {
      outcome = try runner.run { _ in
        // A damaged record of some cell is no reason to stop: what is finished is on disk.
        do { try report.refresh(in: place) } catch let problem as FileError { progress.line("no report: \(problem)") }
      }
    } catch let stopped as Stopped {
      printError("\(stopped)")
      throw ExitCode(Stopped.exitStatus)
    }
    try report.write(to: place)
    let failed = outcome.failures.count
    printError(
      "\(outcome.records.count - failed) of \(outcome.records.count) cells finished (\(outcome.reused) were there already), "
        + "\(failed) failed, in \(duration(watch.seconds)); report in \(folder.path)/report/report.md")
    if failed > 0 { throw ExitCode(1) }
  }
}

struct ReproduceCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "reproduce", abstract: "Make a record again from what it says of itself, and compare.",
      discussion: """
        Everything is computed anew, in a store of its own that is removed when the numbers agree. The texts must lie \
        where the record names them, seen from this folder. Exit status 1 when a number differs; with precision f32 \
        or bf16 the last digits may differ between processors.

        EXAMPLE
          harness reproduce reports/quick/records/Bytes*/*.json
        """)
  }
  @Argument(help: "A record's JSON file.") var record: String
  @Option(
    help: ArgumentHelp(
      "Store to compute in, which must be new; runs/reproduce-… if left out, emptied first.", valueName: "folder"))
  var store: String?
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var threads: ThreadOptions

  private struct Output: Encodable {
    let record: String
    let isTheSame: Bool
    let bitsPerByte: [Double?]
    let differences: [Reproduction.Difference]
  }

  func run() throws {
    let recorded = try RunRecord(file: record)
    let own = "runs/reproduce-\(recorded.contentSHA256.prefix(12))"
    if let store, FileManager.default.fileExists(atPath: store) {
      throw FileError(store, "exists; what lies in it would be found instead of made again")
    }
    if store == nil { try? FileManager.default.removeItem(atPath: own) }
    let progress = ProgressPrinter(jobs: 1)
    var options = StoreOptions()
    options.store = store ?? own
    let stages = Stages(
      registry: try Registry(Source.registry().backends + recorded.plugins.map { try ExternalBackend($0) }),
      store: try options.open(user: RunUses(runFolder: own), progress: progress),
      program: thisProgram,
      threads: threads.threads,
      progress: progress, waits: true)
    let made = try Reproduction(recorded, file: record, stages: stages)
    let isTheSame = made.differences.isEmpty
    if json {
      try printJSON(
        Output(
          record: record, isTheSame: isTheSame, bitsPerByte: [recorded.bitsPerByte, made.reproduced.bitsPerByte],
          differences: made.differences))
    } else {
      for difference in made.differences.prefix(40) {
        print("\(difference.field): recorded \(difference.recorded), now \(difference.reproduced)")
      }
      if made.differences.count > 40 { print("… and \(made.differences.count - 40) more") }
      let numbers = [recorded.bitsPerByte, made.reproduced.bitsPerByte].map {
        $0.map { String(format: "%.9f", $0) } ?? "---"
      }
      print(
        isTheSame
          ? "the same in every field: \(numbers[0]) bits/byte"
          : "\(made.differences.count) fields differ; bits/byte recorded \(numbers[0]), now \(numbers[1])")
      let writers = [recorded, made.reproduced].map(\.circumstances.writer)
      if !isTheSame, writers[0].libraries != writers[1].libraries || writers[0].cpu != writers[1].cpu {
        print(
          "recorded with \(writers[0].cpu), \(writers[0].libraries); now \(writers[1].cpu), \(writers[1].libraries)")
      }
    }
    if isTheSame, store == nil { try? FileManager.default.removeItem(atPath: own) }
    if !isTheSame {
      printError("what was computed is kept in \(options.store)")
      throw ExitCode(1)
    }
  }
}

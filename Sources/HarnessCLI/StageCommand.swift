import ArgumentParser
import Foundation
import Harness
import Plugins
import Store
import Support
import Tokenizers

struct StageCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "stage", abstract: "One task of an experiment, for schedulers that count: prepare, tokens, cell.",
      discussion: """
        'prepare' makes the corpus and an M1, 'tokens' a tokenizer and its tokens, 'cell' a model and its scores; each \
        what is missing of the stages before it too. The index counts the tasks of a stage from 0; without --index it is \
        that of an array's task, in \(indexVariables.joined(separator: ", ")). A task whose failure is its cells' own \
        leaves each of them a failed record. Exit status 1 when something failed; 75 when SIGUSR1 came: what was under \
        way is saved, and the same command goes on from there.

        EXAMPLE
          harness stage prepare big.yaml --index 0
          seq 0 11 | parallel -j 4 harness stage cell big.yaml --threads 4 --index
        """)
  }
  @Argument(help: "prepare, tokens or cell.") var stage: StageKind
  @Argument(help: "Experiment file, or a resolved-….json of a run folder.") var experiment: String
  @Option(
    help: "Which task; several as in 0-3,7. With '-', lines of input say, each asked for by a line 'next' of output.")
  var index: String?
  @Option(help: "Added to the index.") var offset = 0
  @Option(help: "Run folder; runs/<name> if left out.") var out: String?
  @Option(help: "Tasks that share one tokenizer's texts; the experiment's cluster.tokenTasks, or 1, if left out.")
  var tokenTasks: Int?
  @Flag(help: "Print how many tasks the stage has, and stop.") var count = false
  @OptionGroup var store: StoreOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard tokenTasks ?? 1 >= 1 else { throw ValidationError("--token-tasks must be at least 1") }
    guard offset >= 0 else { throw ValidationError("--offset must be at least 0") }
  }

  func run() throws {
    let stop = stopOnSignal()
    let resolved: ResolvedExperiment, registry: Registry, folder: RunFolder
    var tokenTasks = 1
    if experiment.hasSuffix(".json") {
      resolved = try ResolvedExperiment(file: experiment)
      registry = try resolved.registry(Source.self)
      folder = RunFolder(out ?? parentFolder(experiment))
    } else {
      let (loaded, own) = try Experiment.loaded(experiment, Source.self)
      registry = own
      folder = RunFolder(out ?? "runs/\(loaded.name)")
      resolved = try folder.resolve(loaded, registry: registry)
      tokenTasks = loaded.cluster.tokenTasks
    }
    let graph = TaskGraph(resolved, parts: self.tokenTasks ?? tokenTasks)
    if count { return print(graph.count(stage)) }
    let progress = ProgressPrinter(jobs: 1)
    let stages = Stages(
      registry: registry, store: try store.open(user: RunUses(runFolder: folder.path), progress: progress),
      program: thisProgram, threads: threads.threads, progress: progress, waits: true, stop: stop)
    var isDone = true
    func perform(_ index: Int) throws {
      let task = "\(stage.rawValue) \(index)"
      do {
        if stage == .cell {
          let runner = Runner([resolved.cells[index]], records: folder.records, stages: stages, jobs: 1)
          if try !runner.run(each: { _ in }).failures.isEmpty { isDone = false }
        } else if try !stages.run(stage, index, of: graph, records: folder.records) {
          isDone = false
        }
        try folder.note(nil, of: task)
      } catch let error where !(error is Stopped) {
        try? folder.note("\(error)", of: task)  // on a full disk this fails as well
        throw error
      }
    }
    do {
      if index == StageKind.asked {
        while let line = Self.ask() { try indices(line, of: "a line", below: graph.count(stage)).forEach(perform) }
      } else {
        try indices(below: graph.count(stage)).forEach(perform)
      }
    } catch let stopped as Stopped {
      printError("\(stopped)")
      throw ExitCode(Stopped.exitStatus)
    }
    if !isDone { throw ExitCode(1) }
  }

  /// The next line of standard input, asked for; nil where it is over.
  private static func ask() -> String? {
    print("next")
    fflush(nil)
    return readLine()
  }

  /// Of the tasks that are asked for.
  private func indices(below count: Int) throws -> [Int] {
    if let index { return try indices(index, of: "--index", below: count) }
    let environment = ProcessInfo.processInfo.environment
    let told = indexVariables.compactMap { name in environment[name].map { (name: name, value: $0) } }
      .filter { !$0.value.isEmpty }
    guard let first = told.first else {
      guard count > 1 else { return try indices("0", of: "--index", below: count) }
      throw FileError(
        "--index",
        "is missing, and none of \(indexVariables.joined(separator: ", ")) is set; there are \(count) tasks, from 0")
    }
    guard told.allSatisfy({ $0.value == first.value }) else {
      throw FileError(
        told.map { "\($0.name)=\($0.value)" }.joined(separator: ", "),
        "are different indices of two schedulers; say by --index which task is meant")
    }
    return try indices(first.value, of: first.name, below: count)
  }

  /// - Parameter source: where the text comes from, for an error.
  private func indices(_ text: String, of source: String, below count: Int) throws -> [Int] {
    let ranges = text.split(separator: ",").map { word -> ClosedRange<Int>? in
      let ends = word.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count == 1 || ends.count == 2, let first = ends[0], let last = ends[ends.count - 1], first <= last,
        first >= 0, last < count - offset
      else { return nil }
      return first + offset...last + offset
    }
    guard !ranges.isEmpty, !ranges.contains(nil) else {
      throw FileError(
        source,
        "'\(printable(text))'\(offset == 0 ? "" : " and an offset of \(offset)") names no task of '\(stage.rawValue)': "
          + "give numbers from 0 to \(count - 1), as in 0-3,7")
    }
    return ranges.compactMap(\.self).flatMap(Array.init)
  }
}

/// Where schedulers put the index of an array's task: Slurm, Kubernetes, PBS, AWS Batch.
let indexVariables = [
  "SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "PBS_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX",
]

extension StageKind: ExpressibleByArgument {}

import ArgumentParser
import Foundation
import Harness
import Plugins
import Store
import Support
import Tokenizers

struct SubmitCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "submit", abstract: "Hand an experiment's missing cells to Slurm, or to processes of this machine.",
      discussion: """
        Jobs: prepare, then an array over tokenizers, then a tokenizer's cells when that tokenizer is done, then the \
        report. Scripts and logs lie in the run folder's 'jobs'. What has a finished record there is not submitted again. \
        'local' runs the same tasks here; SIGUSR1 makes them save what is under way, and ends it with status 75. 'print' \
        writes the scripts and shows the one that submits. docs/scale.md has more.

        EXAMPLE
          harness submit big.yaml --engine slurm --sbatch=--partition=cpu --sbatch=--time=4:00:00
          harness submit big.yaml --engine local --processes 8
          harness submit big.yaml --engine print | bash
        """)
  }
  enum Engine: String, ExpressibleByArgument, CaseIterable { case slurm, local, print }
  @Argument(help: "Experiment file.") var experiment: String
  @Option(help: "slurm, local or print.") var engine: Engine
  @Option(help: "Run folder; runs/<name> if left out.") var out: String?
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Option of every sbatch, after the experiment's cluster.sbatch.", valueName: "option"))
  var sbatch: [String] = []
  @Option(help: "Longest array; Slurm is asked for its MaxArraySize if left out.") var maxArraySize: Int?
  @Option(help: "Of the engine 'local': processes side by side.") var processes = 2
  @Option(help: "Figures to show beside ours in the report.") var baseline: String?
  @OptionGroup var store: StoreOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard (1...256).contains(processes) else { throw ValidationError("--processes must be from 1 to 256") }
    guard maxArraySize ?? 1 >= 1 else { throw ValidationError("--max-array-size must be at least 1") }
  }

  func run() throws {
    let stop = engine == .local ? stopOnSignal() : StopRequest()
    let (loaded, registry) = try Experiment.loaded(experiment, Source.self)
    let folder = RunFolder(absolutePath(out ?? "runs/\(loaded.name)"))
    let resolved = try folder.resolve(loaded, registry: registry)
    try folder.keep(experiment)
    let missing = try folder.missing(of: resolved)
    guard !missing.isEmpty else {
      return printError("nothing to submit: all \(resolved.cells.count) cells are finished")
    }
    let command = TaskCommand(
      program: Bundle.main.executablePath ?? absolutePath(CommandLine.arguments[0]), runFolder: folder.path,
      store: absolutePath(store.store), workingFolder: FileManager.default.currentDirectoryPath,
      experiment: try folder.path(of: resolved), baseline: baseline.map(absolutePath))
    let graph = TaskGraph(resolved, parts: loaded.cluster.tokenTasks)
    // Where a store cannot be made, that is said before anything waits in a queue.
    if engine != .print { _ = try store.open(user: RunUses(runFolder: folder.path)) }
    if engine == .local {
      let isDone: Bool
      do {
        isDone = try LocalEngine(
          graph, missing: missing, command: command, processes: processes, threads: threads.threads, stop: stop,
          report: { printError($0) }
        ).run()
      } catch let stopped as Stopped {
        printError("\(stopped)")
        throw ExitCode(Stopped.exitStatus)
      }
      guard FileManager.default.fileExists(atPath: folder.records.path) else {
        printError(
          "no cell has a record; why: harness status \(shellWord(folder.path)) --store \(shellWord(command.store))")
        throw ExitCode(1)
      }
      try RunReport(runs: [folder], baseline: baseline, registry: registry).write(to: folder.path + "/report")
      printError("report in \(folder.path)/report/report.md")
      if !isDone { throw ExitCode(1) }
      return
    }
    let submission = SlurmSubmission(
      graph, missing: missing, command: command, experiment: loaded, options: sbatch,
      largestArray: try maxArraySize ?? (engine == .slurm ? Self.slurmArraySize() : nil) ?? 1001)
    let script = try submission.write()
    if engine == .print { return print(submission.submitScript, terminator: "") }
    var lines: [String] = []
    let ending = try runProgram(["bash", script]) { lines.append($0) }
    guard ending == .status(0) else {
      throw FileError(
        script, "Slurm refused it, and what it had taken is cancelled: \(lines.suffix(3).joined(separator: " / "))")
    }
    printError("submitted \(missing.count) of \(resolved.cells.count) cells: \(lines.joined(separator: ", "))")
    printError("how far they are: harness status \(shellWord(folder.path)) --store \(shellWord(command.store))")
  }

  /// - Throws: ``FileError`` where there is no Slurm.
  private static func slurmArraySize() throws -> Int? {
    var size: Int?
    let ending: ChildProcess.Ending
    do {
      ending = try runProgram(["scontrol", "show", "config"]) { line in
        let words = line.split(separator: "=").map { $0.trimmingCharacters(in: .whitespaces) }
        if words.first == "MaxArraySize" { size = words.last.flatMap { Int($0) } }
      }
    } catch {
      throw FileError("scontrol", "cannot be run: is this a machine of a Slurm cluster? --engine print shows the jobs")
    }
    guard ending == .status(0) else { throw FileError("scontrol", "Slurm's controller does not answer") }
    return size
  }
}

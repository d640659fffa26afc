import ArgumentParser
import Bench
import Foundation
import Harness
import Support
import Tokenizers
import Transformer

struct RunCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "run", abstract: "Run an experiment's matrix; a stopped run continues where it was.",
      discussion: """
        Prints the plan, then a progress line a cell. Exit status 1 when a cell failed; the others are finished.

        EXAMPLE
          harness run experiments/quick.yaml
          harness run experiments/english.yaml --out runs/english --jobs 2
        """)
  }
  @Argument(help: "Experiment file.") var experiment: String
  @Option(help: "Run folder; runs/<name> if left out.") var out: String?
  @Option(help: "Cells side by side; results do not depend on it.") var jobs = 1
  @Option(help: "Run this one seed instead of the experiment's.") var seed: UInt64?
  @Flag(help: "Print the plan and stop.") var planOnly = false
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs) is not possible; give 1 to 64") }
  }

  func run() throws {
    let registry = try Source.registry()
    var loaded = try Experiment(file: experiment, registry: registry)
    if let seed { loaded.seeds = [seed] }
    let plan = try Plan(
      loaded, registry: registry,
      flopsPerSecond: measuredTrainingFLOPs(
        precision: loaded.m2.precision, threads: threads.threads, shards: loaded.m2.shards))
    printError(plan.description)
    if planOnly { return }
    let folder = out ?? "runs/\(loaded.name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let copy = folder + "/experiment.yaml"
    if URL(fileURLWithPath: copy).standardizedFileURL != URL(fileURLWithPath: experiment).standardizedFileURL {
      try writeOutput(try readInput(experiment), to: copy)
    }
    let runner = Runner(
      loaded, registry: registry, folder: folder, jobs: jobs, threads: threads.threads, progress: Progress(jobs: jobs))
    let start = Date()
    let outcome = try runner.run(plan)
    let failed = outcome.failures.count
    printError(
      "\(outcome.records.count - failed) of \(outcome.records.count) cells finished (\(outcome.reused) were there already), "
        + "\(failed) failed, in \(duration(Date().timeIntervalSince(start))); records in \(folder)/records")
    if failed > 0 { throw ExitCode(1) }
  }
}

struct ReportCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "report", abstract: "Markdown, plots and CSV from run records alone.",
      discussion: "EXAMPLE\n  harness report runs/quick --out reports/quick --baseline baselines/paper.json")
  }
  @Argument(help: "Run folders.") var runs: [String]
  @Option(help: "Folder to write; reports/<name of the first run> if left out.") var out: String?
  @Option(help: "Figures to show beside ours, such as baselines/paper.json.") var baseline: String?

  func run() throws {
    let name = URL(fileURLWithPath: runs[0]).standardizedFileURL.lastPathComponent
    let folder = out ?? "reports/\(name)"
    try Report(runFolders: runs, baseline: baseline, registry: Source.registry()).write(to: folder)
    print("\(folder)/report.md")
  }
}

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Two runs, cell by cell: bits/byte, ratio, difference, significance.",
    discussion: "EXAMPLE\n  harness compare runs/a runs/b --json")
  @Argument(help: "A run folder.") var runA: String
  @Argument(help: "Another.") var runB: String
  @Flag(help: "Machine-readable output.") var json = false

  func run() throws {
    let comparison = try Comparison(runA, runB)
    if json {
      print(String(decoding: try jsonEncoder().encode(comparison.lines), as: UTF8.self))
    } else {
      print(comparison.markdown, terminator: "")
    }
  }
}

struct GenerateCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "generate", abstract: "Sample from a trained M2 and decode to text.",
      discussion:
        "Text goes to standard output, speed to standard error.\n\nEXAMPLE\n  harness generate runs/quick --tokenizer Bytes --prompt 'The ' --bytes 400"
    )
  }
  @Argument(help: ArgumentHelp("Run folder.", valueName: "run")) var runFolder: String
  @Option(help: "Tokenizer of the run.") var tokenizer: String
  @Option(help: "M2 size; the run's first if left out.") var size: String?
  @Option(help: "Seed of the cell; the run's first if left out.") var cellSeed: UInt64?
  @Option(help: "Text to go on from.") var prompt = ""
  @Option(help: "Bytes to make.") var bytes = 500
  @Option(help: "Sampling temperature; 0 takes the likeliest token.") var temperature = 0.8
  @Option(help: "Seed of the sampling.") var seed: UInt64 = 0
  @Flag(help: "Machine-readable output.") var json = false

  func validate() throws {
    guard bytes >= 1, bytes <= 1 << 20 else { throw ValidationError("--bytes must be from 1 to 1048576") }
    guard temperature >= 0, temperature.isFinite else { throw ValidationError("--temperature must be at least 0") }
  }

  func run() throws {
    let made = try generate(
      runFolder: runFolder, tokenizer: tokenizer, size: size, cellSeed: cellSeed, prompt: prompt, bytes: bytes,
      temperature: temperature, seed: seed, registry: Source.registry())
    if json {
      let output = GenerationOutput(
        text: String(decoding: made.text, as: UTF8.self), bytes: made.text.count, tokens: made.tokens,
        seconds: made.seconds, stepsPerSecond: made.stepsPerSecond, bytesPerSecond: made.bytesPerSecond)
      print(String(decoding: try jsonEncoder().encode(output), as: UTF8.self))
    } else {
      try writeOutput(Data(made.text + [0x0A]), to: nil)
      printError(
        String(
          format: "%d tokens, %d bytes in %.2f s: %.0f steps/s, %.0f bytes/s", made.tokens, made.text.count,
          made.seconds, made.stepsPerSecond, made.bytesPerSecond))
    }
  }
}

/// `harness generate --json`.
private struct GenerationOutput: Encodable {
  let text: String
  let bytes, tokens: Int
  let seconds, stepsPerSecond, bytesPerSecond: Double
}

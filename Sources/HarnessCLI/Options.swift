import ArgumentParser
import Bench
import BuildStamp
import Dispatch
import Foundation
import Harness
import Plugins
import Store
import Support
import Synchronization
import Tokenizers
import Transformer

/// This build, for the provenance of what it computes.
let thisProgram = Program(version: buildVersion, commit: buildCommit)

/// Threads, for every command that computes.
struct ThreadOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads; results do not depend on them.", valueName: "n"))
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads \(threads) is not possible; give a number from 1 to 1024")
    }
  }
}

extension ThreadOptions {
  /// Training FLOPs a second of this machine, measured; nil where PyTorch trains.
  func measuredSpeed(of plan: Plan, _ experiment: Experiment) throws -> Double? {
    guard plan.isNative else { return nil }
    return try measuredTrainingFLOPs(
      precision: plan.precision, threads: threads, shards: experiment.m2.training.shards)
  }
}

/// Which cell of a run, where a tokenizer has several.
struct CellOptions: ParsableArguments {
  @Option(help: "M2 size; the run's newest if left out.") var size: String?
  @Option(help: "Seed of the cell; the run's newest if left out.") var cellSeed: UInt64?
  @Option(help: "Variant of the experiment; the experiment as it stands if left out.") var variant: String?
  @Option(help: "Budget of the cell, where the run has several.") var budget: Double?

  var isGiven: Bool { size != nil || cellSeed != nil || variant != nil || budget != nil }

  /// - Throws: ``HarnessError/notInRun(_:)``, ``FileError``.
  func cell(of tokenizer: String, in run: RunFolder, store: ContentStore, registry: Registry, threads: Int) throws
    -> FinishedCell
  {
    try FinishedCell(
      records: run.records, store: store, tokenizer: tokenizer, size: size, seed: cellSeed, variant: variant,
      budget: budget, registry: registry, plugin: { try ExternalBackend($0) }, threads: threads)
  }
}

/// A tokenizer of another program, for commands that take tokenizers.
struct PluginOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Program whose tokenizers may be named as well, such as 'python3 my.py' (docs/plugin-protocol.md).",
      valueName: "command"))
  var plugin: String?
  @Option(help: ArgumentHelp("Seconds of its silence after which it counts as hung.", valueName: "seconds"))
  var pluginTimeout = PluginCommand.defaultTimeoutSeconds

  func validate() throws {
    guard PluginCommand.timeouts.contains(pluginTimeout) else {
      throw ValidationError("--plugin-timeout must be from 0.1 to 86400")
    }
  }

  /// The plug-in, started to hear what it is; nil where none is given.
  func backend() throws -> ExternalBackend? {
    if plugin != nil { stopCleanly() }  // it has a process group of its own, and must not outlive this one
    return try plugin.map { try ExternalBackend(PluginCommand(line: $0, timeoutSeconds: pluginTimeout)) }
  }

  /// The program's own registry with the plug-in.
  func registry<Source: RegistrySource>(_ source: Source.Type) throws -> Registry {
    guard let backend = try backend() else { return try Source.registry() }
    return try Registry(Source.registry().backends + [backend])
  }
}

/// Where what was computed lies.
struct StoreOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder of everything computed, shared by all experiments; HARNESS_STORE, or runs/store, if left out.",
      valueName: "folder"))
  var store: String = ProcessInfo.processInfo.environment["HARNESS_STORE"] ?? "runs/store"

  /// Opens the store, with a handler that gives its claims back when the process is told to stop.
  func open(user: RunUses? = nil, progress: ProgressPrinter? = nil) throws -> ContentStore {
    prepareNumerics()  // before there are threads
    stopCleanly()
    return try ContentStore(root: store, user: user) { line in
      if let progress { progress.line(line) } else { printError(line) }
    }
  }
}

extension StoreOptions {
  /// Opens the store where there is one.
  func openExisting() throws -> ContentStore {
    guard ContentStore.exists(at: store) else {
      throw FileError(store, "no store here; 'harness run' makes one, --store names another")
    }
    return try open()
  }
}

/// On Ctrl-C and SIGTERM: claims are given back at once, so that the next run need not wait for them to go stale, and
/// plug-ins end.
/// Checkpoints are on disk already.
func stopCleanly() {
  atexit { while isEnding.load(ordering: .relaxed) { sleep(1) } }
  for (number, status) in [(SIGINT, Int32(130)), (SIGTERM, 143)] {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
    source.setEventHandler {
      end(status, saying: "stopped; what was finished is kept, and the same command goes on from there")
    }
    source.activate()
    _ = Unmanaged.passRetained(source as AnyObject)  // lives as long as the process
  }
}

/// Ends the process as a signal asks. A thread that sees the children end, and would exit with their failure, waits for it.
private func end(_ status: Int32, saying line: String) -> Never {
  isEnding.store(true, ordering: .relaxed)
  Claim.releaseAll()
  ChildProcess.endAll()
  ExternalBackend.removeTemporaryFolders()
  printError(line)
  _exit(status)
}
private let isEnding = Atomic<Bool>(false)

/// On SIGUSR1, which clusters can send before a time limit: what is returned is made, so that work under way is saved and
/// ends. What cannot be saved in time is left to be done again, and the process ends all the same.
func stopOnSignal() -> StopRequest {
  let stop = StopRequest()
  signal(SIGUSR1, SIG_IGN)
  let source = DispatchSource.makeSignalSource(signal: SIGUSR1, queue: .global(qos: .userInitiated))
  source.setEventHandler {
    stop.make()
    DispatchQueue.global(qos: .userInitiated).asyncAfter(deadline: .now() + secondsToSave) {
      end(
        Stopped.exitStatus,
        saying: "stopped as asked, without saving what is under way: it takes longer than \(Int(secondsToSave)) s")
    }
  }
  source.activate()
  _ = Unmanaged.passRetained(source as AnyObject)  // lives as long as the process
  return stop
}

/// Less than the 300 seconds that `harness submit` asks a signal ahead of the time limit.
private let secondsToSave = 240.0

/// The bytes of a file, or of standard input for nil and "-".
func readInput(_ path: String?) throws -> Data {
  guard let path, path != "-" else { return try FileHandle.standardInput.readToEnd() ?? Data() }
  guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else { throw FileError(path, "cannot be read") }
  return data
}

func writeOutput(_ data: Data, to path: String?) throws {
  guard let path, path != "-" else {
    do { try FileHandle.standardOutput.write(contentsOf: data) } catch {
      throw FileError("standard output", "cannot be written: \(error.localizedDescription)")
    }
    return
  }
  var isFolder: ObjCBool = false
  let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
  let type = (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
  guard !isThere || type == .typeRegular else {
    // A device or a pipe is written to, not replaced.
    return try writeFile(path) { file in try data.withUnsafeBytes { try file.write($0) } }
  }
  try writeAtomically(data, to: path)
}

func printError(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }

func printJSON(_ value: some Encodable) throws {
  print(String(decoding: try jsonEncoder().encode(value), as: UTF8.self))
}

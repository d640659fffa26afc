import ArgumentParser
import Foundation
import Harness
import Plugins
import Support
import Tokenizers

/// Names the registry that a program's commands use, so that another package can build its own `harness` with more
/// tokenizers:
///
///     struct MyTokenizers: RegistrySource {
///       static func registry() throws -> Registry { try Registry(builtInBackends + [ReversedBackend()]) }
///     }
///     HarnessCommand<MyTokenizers>.main()
public protocol RegistrySource: Sendable {
  static func registry() throws -> Registry
}

/// The tokenizers of this project.
public struct BuiltInTokenizers: RegistrySource {
  public static func registry() throws -> Registry { try Registry(builtInBackends) }
}

/// The `harness` command.
public struct HarnessCommand<Source: RegistrySource>: ParsableCommand {
  public static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "harness",
      abstract: "Which tokenizer should a language model read and write? Answers by experiment.",
      discussion: """
        Trains one transformer per tokenizer with the same budget, scores all on the same held-out bytes, and writes a \
        Markdown report.

        EXAMPLE
          harness run experiments/quick.yaml
          harness report runs/quick --baseline baselines/paper.json
        """,
      version: "0.1.0",
      subcommands: [
        TokenizersCommand<Source>.self, TrainCommand<Source>.self, EncodeCommand<Source>.self,
        DecodeCommand<Source>.self, CheckCommand<Source>.self, RunCommand<Source>.self, ReportCommand<Source>.self,
        CompareCommand.self, GenerateCommand<Source>.self, BenchCommand<Source>.self,
      ])
  }
  public init() {}
}

/// Options that several commands share.
struct ThreadOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads; results do not depend on them.", valueName: "n"))
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads \(threads) is not possible; give a number from 1 to 1024")
    }
  }
}

/// The bytes of a file, or of standard input for nil and "-".
func readInput(_ path: String?) throws -> Data {
  guard let path, path != "-" else { return try FileHandle.standardInput.readToEnd() ?? Data() }
  guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
    throw FileError(path, "cannot be read")
  }
  return data
}

func writeOutput(_ data: Data, to path: String?) throws {
  guard let path, path != "-" else {
    try FileHandle.standardOutput.write(contentsOf: data)
    return
  }
  do { try data.write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
    throw FileError(path, "cannot be written: \(error.localizedDescription)")
  }
}

func printError(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }

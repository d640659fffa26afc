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
        report.

        EXAMPLE
          harness run experiments/quick.yaml
          harness report runs/quick --baseline baselines/paper.json
        """,
      version: [thisProgram.version, thisProgram.commit].compactMap { $0 }.joined(separator: " "),
      subcommands: [
        TokenizersCommand<Source>.self, TrainCommand<Source>.self, EncodeCommand<Source>.self,
        DecodeCommand<Source>.self, CheckCommand<Source>.self, ShowCommand<Source>.self, MetricsCommand<Source>.self,
        PlanCommand<Source>.self, RunCommand<Source>.self, PaperCommand<Source>.self, StageCommand<Source>.self,
        SubmitCommand<Source>.self,
        StatusCommand<Source>.self, ReportCommand<Source>.self, ResultsCommand<Source>.self,
        CompareCommand.self, ReproduceCommand<Source>.self, StoreCommand.self, VerifyCommand.self,
        GenerateCommand<Source>.self, BenchCommand<Source>.self,
      ])
  }
  public init() {}

  /// Runs the command that the arguments name. A reader that goes away (`| head`) ends the output, not the program.
  public static func main() {
    signal(SIGPIPE, SIG_IGN)
    self.main(nil)
    checkOutput()
  }

  /// What was printed may not have reached a full disk. (`exit` comes too late to say so.)
  private static func checkOutput() {
    guard fflush(nil) != 0 else { return }
    var output = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
    if poll(&output, 1, 0) > 0, output.revents & Int16(POLLERR) != 0 { return }
    try? FileHandle.standardError.write(contentsOf: Data("Error: standard output could not be written whole\n".utf8))
    Foundation.exit(1)
  }
}

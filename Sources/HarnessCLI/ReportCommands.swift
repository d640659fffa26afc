import ArgumentParser
import Foundation
import Harness
import Records
import Support
import Tokenizers

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

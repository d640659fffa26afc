import Analysis
import ArgumentParser
import Foundation
import Harness
import Records
import Rendering
import Support
import Tokenizers

struct ReportCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "report", abstract: "Markdown, a page, plots, LaTeX and CSV from run records alone.",
      discussion: """
        Cells that were not made under one protocol (budget, corpus, options) stand in tables of their own.

        EXAMPLE
          harness report runs/quick --baseline baselines/paper.json
          harness report runs/a runs/b --out both
          harness report runs/quick --tensorboard logs && tensorboard --logdir logs
          harness report runs/quick --dataset hub --license cc-by-4.0
        """)
  }
  @Argument(help: "Run folders.") var runs: [String]
  @Option(help: "Folder to write; 'report' in the first run's folder if left out.") var out: String?
  @Option(help: "Figures to show beside ours, such as baselines/paper.json.") var baseline: String?

  @Option(help: ArgumentHelp("Folder to write learning curves to, for TensorBoard.", valueName: "folder"))
  var tensorboard: String?

  @Option(
    help: ArgumentHelp("Folder to write the numbers to as a dataset with its card, for a hub.", valueName: "folder"))
  var dataset: String?

  @Option(
    help: ArgumentHelp(
      "Licence that you give the dataset, as the hub names it, such as cc-by-4.0; 'unknown' on the card if left out.",
      valueName: "id"))
  var license: String?

  func validate() throws {
    guard let license else { return }
    guard dataset != nil else { throw ValidationError("--license is of a dataset: give --dataset") }
    guard !license.isEmpty, license.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) })
    else {
      throw ValidationError("--license '\(license)' is no name of the hub's, as cc-by-4.0, mit or other")
    }
  }

  func run() throws {
    let folders = runs.map { RunFolder($0) }
    let folder = withoutTrailingSlash(out ?? folders[0].path + "/report")
    let report = try RunReport(runs: folders, baseline: baseline, registry: Source.registry())
    let whole = try report.report()
    try whole.write(to: folder)
    if let dataset { try whole.writeDataset(to: withoutTrailingSlash(dataset), license: license) }
    if let tensorboard { try report.writeTensorBoard(to: withoutTrailingSlash(tensorboard)) }
    for written in ["\(folder)/report.md", "\(folder)/report.html", dataset, tensorboard].compactMap(\.self) {
      print(written)
    }
  }
}

struct ResultsCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "results", abstract: "What several runs found, on one page of Markdown.",
      discussion: """
        Of each run its conclusions and a link to its report, and one table of tokenizers by runs.

        EXAMPLE
          harness results reports/quick reports/ladder --out reports/RESULTS.md
        """)
  }
  @Argument(help: "Run folders, or folders that reports were published in.") var runs: [String]
  @Option(help: "File to write.") var out = "RESULTS.md"
  @Option(help: "Figures to show beside ours, such as baselines/paper.json.") var baseline: String?

  func run() throws {
    let overview = ResultsOverview(
      try runs.map { path in
        let run = RunFolder(path)
        let report = try RunReport(runs: [run], baseline: baseline, registry: Source.registry()).report()
        return (link: relativePath(of: run.reportFile, from: parentFolder(out)), report: report)
      })
    try writeAtomically(Array(markdown(overview).utf8), to: out)
    print(out)
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
    let comparison = RunComparison(
      try RunFolder(runA).records.load(), try RunFolder(runB).records.load())
    if json {
      try printJSON(comparison)
    } else {
      print(markdown(comparison.table), terminator: "")
      if !comparison.findings.isEmpty { print("\n" + markdown(.findings(comparison.findings)), terminator: "") }
    }
  }
}

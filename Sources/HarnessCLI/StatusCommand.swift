import ArgumentParser
import Foundation
import Harness
import Store
import Support
import Tokenizers

struct StatusCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "status", abstract: "Where the cells of a run stand: done, running, failed, waiting, time left.",
      discussion: """
        Told from records, claims and what lies beside checkpoints, on any machine that sees the disk; no scheduler is \
        asked. A cell whose machine went away counts as running for another \(Int(Claim.staleSeconds)) s.

        EXAMPLE
          harness status runs/big
        """)
  }
  @Argument(help: ArgumentHelp("Run folder.", valueName: "run")) var runFolder: String
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var store: StoreOptions

  func run() throws {
    let folder = RunFolder(runFolder)
    let resolved = try folder.newestResolved()
    // Where a plug-in cannot be started, its cells stand somewhere all the same.
    let plan = try? Plan(resolved, registry: resolved.registry(Source.self))
    let status = try RunStatus(resolved, plan: plan, folder: folder, store: store.openExisting())
    if json { return try printJSON(status) }
    print(status.description)
  }
}

import ArgumentParser
import Foundation
import Records
import Store
import Support

struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "What the store holds, who uses it; remove what no run refers to.",
    discussion: """
      Without a flag: every entry with size, age and number of users, and the sum of each kind.

      EXAMPLE
        harness store
        harness store --prune --dry-run
        harness store --json | jq 'map(.bytes) | add'
      """)
  @Flag(help: "Remove entries that no run folder refers to, and what killed builds left.") var prune = false
  @Flag(help: "With --prune: only say what would be removed.") var dryRun = false
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var store: StoreOptions

  func validate() throws {
    guard !dryRun || prune else { throw ValidationError("--dry-run goes with --prune") }
  }

  func run() throws {
    let content = try store.openExisting()
    if prune {
      let pruning = try content.prune(dryRun: dryRun)
      if json { return try printJSON(pruning) }
      for path in pruning.removed { print(path) }
      return print(
        "\(dryRun ? "would remove" : "removed") \(pruning.removed.count) entries, \(short(Double(pruning.bytes)))B")
    }
    let entries = try content.list()
    if json { return try printJSON(entries) }
    for entry in entries {
      let size = short(Double(entry.bytes)) + "B"
      print(
        "\(entry.kind.rawValue)/\(entry.key)  \(String(repeating: " ", count: max(0, 9 - size.count)))\(size)  "
          + "\(entry.built.map { $0.prefix(19) } ?? "damaged            ")  \(entry.users.count) user\(entry.users.count == 1 ? "" : "s")"
          + (entry.users.isEmpty
            ? "" : ": \(entry.users.map { ($0 as NSString).lastPathComponent }.joined(separator: ", "))"))
    }
    for kind in StoreKind.allCases {
      let same = entries.filter { $0.kind == kind }
      let bytes = same.reduce(0) { $0 + $1.bytes }
      if !same.isEmpty { print("\(kind.rawValue): \(same.count) entries, \(short(Double(bytes)))B") }
    }
  }
}

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read every file of the store to its end, and every record of runs, and check them.",
    discussion: """
      Changes nothing. Exit status 1, and a line for each, when anything is damaged; the next run sets a damaged entry \
      aside and builds it again.

      EXAMPLE
        harness verify
        harness verify runs/quick reports/quick
      """)
  @Argument(help: "Run folders whose records are checked as well.") var runs: [String] = []
  @OptionGroup var store: StoreOptions

  func run() throws {
    var damaged = 0, count = 0
    damaged += try store.openExisting().verify { path, problem in
      count += 1
      if let problem { print(problem) }
    }
    print("\(store.store): \(count) entries, \(damaged) damaged")
    for run in runs {
      do {
        let found = try RecordFolder(runFolder: run).load()
        print("\(run): \(found.records.count + found.superseded.count) records, none damaged")
      } catch let problem as FileError {
        damaged += 1
        print(problem)
      }
    }
    if damaged > 0 { throw ExitCode(1) }
  }
}

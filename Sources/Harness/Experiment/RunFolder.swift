import Foundation
import Records
import Support
import Tokenizers
import Transformer

/// A run's folder: `experiment.yaml`, `machine.json`, `resolved-<hash>.json`, `records/` and `report/`. The store, which
/// holds all that was computed, lies elsewhere.
public struct RunFolder: Sendable {
  public let path: String
  public var records: RecordFolder { RecordFolder(runFolder: path) }

  /// Its report: beside the records in what is published, in a folder of its own else.
  public var reportFile: String {
    let published = path + "/report.md"
    return FileManager.default.fileExists(atPath: published) ? published : path + "/report/report.md"
  }

  public init(_ path: String) { self.path = withoutTrailingSlash(path) }

  /// The choices that depend on the machine, made by the first process that ran anything here, for all that follow,
  /// whatever experiment, seed or machine they run.
  private struct Machine: Codable {
    var fastest: Precision
    var cpu: String
    var decided: String
  }

  /// What `precision: auto` means in this folder.
  /// - Parameter decides: whether to settle it where it is not settled yet, or only to say what it would be.
  public func fastest(decides: Bool) throws -> Precision {
    let file = path + "/machine.json"
    if !FileManager.default.fileExists(atPath: file) {
      guard decides else { return .fastest }
      try makeFolder(path)
      let machine = Machine(fastest: .fastest, cpu: cpuName(), decided: timestamp())
      _ = try writeIfAbsent(try jsonEncoder().encode(machine), to: file)
    }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: file)),
      let machine = try? JSONDecoder().decode(Machine.self, from: data)
    else { throw FileError(file, "is damaged; remove it, and the next run decides anew what 'precision: auto' means") }
    return machine.fastest
  }

  /// The experiment with its choices made; written beside the records, one file for each experiment that was run here.
  public func resolve(_ experiment: Experiment, registry: Registry) throws -> ResolvedExperiment {
    let resolved = try ResolvedExperiment(experiment, registry: registry, fastest: try fastest(decides: true))
    try keep(resolved)
    return resolved
  }

  /// Writes an experiment with its choices made.
  func keep(_ resolved: ResolvedExperiment) throws {
    let data = try jsonEncoder().encode(resolved)
    let target = try path(of: resolved)
    if try !writeIfAbsent(data, to: target) {
      guard try readFile(target) == Array(data) else {
        throw FileError(target, "is damaged; remove it, and the next run writes it again")
      }
      touch(target)  // the newest is what was asked for last
    }
  }

  /// Where ``resolve(_:registry:)`` writes an experiment.
  public func path(of resolved: ResolvedExperiment) throws -> String {
    "\(path)/resolved-\(sha256(try jsonEncoder().encode(resolved)).prefix(8)).json"
  }

  /// The experiment that was resolved here last.
  /// - Throws: ``FileError`` where there is none.
  public func newestResolved() throws -> ResolvedExperiment {
    func date(_ file: String) -> Date {
      (try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date) ?? .distantPast
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let files = names.filter { $0.hasPrefix("resolved-") && $0.hasSuffix(".json") }.sorted().map { "\(path)/\($0)" }
    guard let newest = files.max(by: { date($0) < date($1) }) else {
      throw FileError(path, "no run here (no resolved-….json); make one with 'harness run' or 'harness submit'")
    }
    return try ResolvedExperiment(file: newest)
  }

  /// Keeps a copy of the experiment's file.
  public func keep(_ experiment: String) throws {
    let copy = path + "/experiment.yaml"
    guard URL(fileURLWithPath: copy).standardizedFileURL != URL(fileURLWithPath: experiment).standardizedFileURL else {
      return
    }
    try writeAtomically(Data(readFile(experiment)), to: copy)
  }
}

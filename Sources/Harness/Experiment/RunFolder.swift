import Foundation
import Records
import Support
import Tokenizers
import Transformer

/// A run's folder: `experiment.yaml`, `resolved-<hash>.json`, `records/`, `report/` and `uses.txt`. The store, which
/// holds all that was computed, lies elsewhere.
public struct RunFolder: Sendable {
  public let path: String
  public var records: RecordFolder { RecordFolder(runFolder: path) }

  public init(_ path: String) { self.path = withoutTrailingSlash(path) }

  /// The experiment with its choices made: by the first process that ran it here, for all that follow.
  public func resolve(_ experiment: Experiment, registry: Registry) throws -> ResolvedExperiment {
    let identity = sha256(try jsonEncoder(pretty: false).encode(experiment)).prefix(8)
    let target = "\(path)/resolved-\(identity).json"
    if !FileManager.default.fileExists(atPath: target) {
      try makeFolder(path)
      let resolved = try ResolvedExperiment(experiment, registry: registry, fastest: .fastest)
      let beside = besideName(target)
      try writeAtomically(try jsonEncoder().encode(resolved), to: beside)
      if try !renameIfAbsent(beside, to: target) { try FileManager.default.removeItem(atPath: beside) }
    }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: target)),
      let resolved = try? JSONDecoder().decode(ResolvedExperiment.self, from: data),
      try resolved == ResolvedExperiment(experiment, registry: registry, fastest: resolved.fastest)
    else {
      throw FileError(
        target,
        "does not say what this program makes of the experiment: damaged, or written by another version; remove it, and the next run resolves the experiment again"
      )
    }
    return resolved
  }
}

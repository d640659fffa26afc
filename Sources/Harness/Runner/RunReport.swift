import Analysis
import Records
import Rendering
import Support
import Tokenizers

/// A run's report, written anew into `<run>/report` after every cell, so that a run can be watched.
public struct RunReport: Sendable {
  private let folder: RunFolder
  private let experiment: ResolvedExperiment
  private let baseline: Baseline?
  private let command: String

  /// - Parameter baseline: path of a paper's figures to show beside ours.
  /// - Throws: ``FileError`` for a baseline that is none.
  public init(folder: RunFolder, experiment: ResolvedExperiment, baseline: String?, registry: Registry) throws {
    self.folder = folder
    self.experiment = experiment
    self.baseline = try baseline.map { try Baseline(path: $0) { (try? registry.resolve($0).canonicalName) ?? $0 } }
    command = "harness run \(folder.path)/experiment.yaml --out \(folder.path)"
  }

  public func write() throws {
  }
}

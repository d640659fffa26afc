import Analysis
import Foundation
import Records
import Rendering
import Support
import Synchronization
import Tokenizers

/// The report of run folders, made from their records alone, and written anew after every cell, so that a run can be
/// watched.
public final class RunReport: Sendable {
  private let runs: [RunFolder]
  private let baseline: Baseline?
  /// When the last report was whole, and the seconds that it took.
  private let last = Mutex<(whole: Stopwatch, seconds: Double)?>(nil)

  /// - Parameter baseline: path of a paper's figures to stand beside these.
  /// - Throws: ``FileError`` for a baseline that is none.
  public init(runs: [RunFolder], baseline: String?, registry: Registry) throws {
    self.runs = runs
    self.baseline = try baseline.map { path in
      try Baseline(file: path) { name in (try? registry.resolve(name).canonicalName) ?? name }
    }
  }

  /// Writes the report, unless so little time has passed since the last one that writing would take more than a tenth of
  /// it: in a run of thousands of quick cells.
  public func refresh(in folder: String) throws {
    if let last = last.withLock({ $0 }), last.whole.seconds < 10 * last.seconds { return }
    let watch = Stopwatch()
    try write(to: folder)
    last.withLock { $0 = (Stopwatch(), watch.seconds) }
  }

  /// - Throws: ``FileError`` for damaged records, and where the folder cannot be written.
  public func write(to folder: String) throws {
    let contents = try runs.map { try $0.records.load() }
    let names = runs.map { ($0.path as NSString).lastPathComponent }
    let title = unique(contents.flatMap(\.records).map(\.experiment)).joined(separator: ", ")
    let report = Report(
      title: title.isEmpty ? names.joined(separator: ", ") : title, contents: contents,
      plan: try zip(runs, contents).lazy.compactMap { try $0.plan($1) }.first, baseline: baseline,
      command: runs.map { "harness run \($0.path)/experiment.yaml" }.joined(separator: "\n"))
    try report.write(to: folder)
  }
}

extension RunFolder {
  /// The cells of the experiment that the newest record was made for; nil where no resolved experiment lies here.
  fileprivate func plan(_ contents: RecordFolder.Contents) throws -> ReportPlan? {
    guard let newest = contents.records.last,
      let request = try? newest.request.decoded(as: CellRequest.self)
    else { return nil }
    for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() where name.hasPrefix("resolved-") {
      guard let data = try? Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")),
        let resolved = try? JSONDecoder().decode(ResolvedExperiment.self, from: data), resolved.cells.contains(request)
      else { continue }
      return ReportPlan(
        cells: resolved.cells.map { .init(tokenizer: $0.tokenizer, size: $0.size, seed: $0.seed) },
        protocol: newest.protocol)
    }
    return nil
  }
}

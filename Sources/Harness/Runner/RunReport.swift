import Analysis
import Foundation
import Records
import Rendering
import Support
import Tokenizers

/// The report of run folders, made from their records alone, and written anew after every cell, so that a run can be
/// watched.
public final class RunReport: Sendable {
  private let runs: [RunFolder]
  private let baseline: Baseline?
  private let meanwhile = Refresh()

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
  public func refresh(in folder: String) throws { try meanwhile { try write(to: folder) } }

  /// - Throws: ``FileError`` for damaged records, and where the folder cannot be written.
  public func write(to folder: String) throws { try report().write(to: folder) }

  /// - Throws: ``FileError`` for damaged records.
  public func report() throws -> Report {
    let contents = try runs.map { try $0.records.load() }
    let names = runs.map { ($0.path as NSString).lastPathComponent }
    let title = unique(contents.flatMap(\.records).map(\.experiment)).joined(separator: ", ")
    return Report(
      title: title.isEmpty ? names.joined(separator: ", ") : title, contents: contents,
      plans: try zip(runs, contents).flatMap { try $0.plans($1) }, baseline: baseline,
      command: runs.map { "harness run \($0.path)/experiment.yaml" }.joined(separator: "\n"))
  }

  /// Writes the learning curves of every finished cell as event files for TensorBoard.
  /// - Throws: as ``write(to:)``.
  public func writeTensorBoard(to folder: String) throws {
    try Rendering.writeTensorBoard(TrainingLog.all(of: runs.map { try $0.records.load() }), to: folder)
  }
}

extension RunFolder {
  /// The cells of the experiment that the newest record was made for, by protocol in the experiment's order; none where
  /// no resolved experiment lies here. Cells whose protocol no record tells yet are left out.
  fileprivate func plans(_ contents: RecordFolder.Contents) throws -> [ReportPlan] {
    guard let newest = contents.records.last,
      let request = try? newest.request.decoded(as: CellRequest.self)
    else { return [] }
    for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() where name.hasPrefix("resolved-") {
      guard let data = try? Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")),
        let resolved = try? JSONDecoder().decode(ResolvedExperiment.self, from: data), resolved.cells.contains(request)
      else { continue }
      return Self.plans(resolved, records: contents.records.reversed())
    }
    return []
  }

  private static func plans(_ resolved: ResolvedExperiment, records: [RunRecord]) -> [ReportPlan] {
    var known: [String: ComparisonProtocol] = [:]  // by the outline's hash
    // Where cells of a table were made, the newest of them says its protocol: it may be of another version of this
    // program than those of other tables, which an outline, always of this version, does not tell.
    let wanted = Set(resolved.cells)
    for record in records {
      guard let request = try? record.request.decoded(as: CellRequest.self), wanted.contains(request),
        let outline = try? ComparisonProtocol(outline: request).hash, known[outline] == nil
      else { continue }
      known[outline] = record.protocol
    }
    let cells = resolved.cells.compactMap { request -> (request: CellRequest, protocol: ComparisonProtocol)? in
      guard let outline = try? ComparisonProtocol(outline: request).hash else { return nil }
      let one = known[outline] ?? records.lazy.compactMap { try? ComparisonProtocol(request, like: $0) }.first
      known[outline] = one
      return one.map { (request, $0) }
    }
    return unique(cells.map(\.protocol)).map { one in
      let same = cells.filter { $0.protocol == one }.map(\.request)
      return ReportPlan(
        cells: same.map { .init(tokenizer: $0.tokenizer, size: $0.size, seed: $0.seed) }, protocol: one,
        variant: same[0].variant)
    }
  }
}

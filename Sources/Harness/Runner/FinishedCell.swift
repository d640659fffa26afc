import Foundation
import Records
import Store
import Support
import Tokenizers
import Transformer

/// A finished cell's model and tokenizer, from the store.
public struct FinishedCell: Sendable {
  public let record: RunRecord
  public let model: Model
  public let tokenizer: any Tokenizer

  /// Of the cells that are asked for, the one of the newest record counts.
  /// - Parameters:
  ///   - size, seed: nil for any.
  ///   - variant: nil for the experiment as it stands.
  ///   - budget: as the experiment's `match` says it; nil where all are of one.
  ///   - plugin: starts the plug-in that the cell's tokenizer is of, where it is of one.
  /// - Throws: ``HarnessError/notInRun(_:)`` where the run has no such cell, or has it for several budgets;
  ///   ``FileError`` where the store lacks it.
  public init(
    records: RecordFolder, store: ContentStore, tokenizer name: String, size: String?, seed: UInt64?,
    variant: String?, budget: Double?, registry: Registry,
    plugin: (PluginCommand) throws -> any TokenizerBackend, threads: Int
  ) throws {
    let finished = try records.load().records.filter(\.isFinished)
    let canonical = (try? Contestant(name, registry: registry).name) ?? name
    let names = unique(finished.map(\.tokenizer))
    guard names.contains(canonical) else {
      let hint = nearestWord(to: canonical, in: names).map { "; did you mean '\($0)'?" } ?? ""
      throw HarnessError.notInRun(
        "the run has no finished cell of '\(name)'\(hint); it has \(names.joined(separator: ", "))")
    }
    let cells = finished.filter { $0.tokenizer == canonical }
    let matching = cells.filter {
      (size == nil || $0.size == size) && (seed == nil || $0.seed == seed) && $0.variant == variant
        && (budget == nil || $0.budget == budget)
    }
    guard let record = matching.last else {
      throw HarnessError.notInRun(
        "the run has no such cell of \(canonical); it has \(unique(cells.map(\.choice)).joined(separator: ", "))")
    }
    guard Set(matching.map(\.budget)).count == 1 else {
      throw HarnessError.notInRun(
        "the run has \(canonical) for several budgets; give one by --budget: "
          + unique(matching.map(\.choice)).joined(separator: ", "))
    }
    guard record.training != nil else {
      let reason = record.tokenization?.roundTripProblem ?? record.content.notAffordable ?? "it gives no bits/byte"
      throw HarnessError.notInRun("\(canonical) was not trained: \(reason)")
    }
    try self.init(record, store: store, registry: registry, plugin: plugin, threads: threads)
  }

  /// The cell of a record that was trained.
  /// - Throws: ``FileError`` where the store lacks it.
  init(
    _ record: RunRecord, store: ContentStore, registry: Registry,
    plugin: (PluginCommand) throws -> any TokenizerBackend, threads: Int
  ) throws {
    self.record = record
    let registry = try Registry(registry.backends + record.plugins.map(plugin))
    let saved = try store.entry(.tokenizer, of: record)
    tokenizer = try SavedTokenizer(folder: saved.path, registry: registry, threads: threads).tokenizer
    model = try Model.load(from: store.entry(.model, of: record).file(ModelStage.modelName)).model
  }
}

extension ContentStore {
  /// What a cell stands on: its own, not its trials'. Of held-out tokens those of the held-out text, which come first.
  func entry(_ kind: StoreKind, of record: RunRecord) throws -> StoreEntry {
    let stages = record.stages.filter { $0.kind == kind.rawValue }
    guard let stage = kind == .heldOutTokens ? stages.first : stages.last,
      let entry = try open(kind, hash: stage.key), entry.sha256 == stage.sha256
    else {
      throw FileError(
        root, "the cell's \(kind.rawValue) is not in this store; run the experiment again, or give --store")
    }
    return entry
  }
}

extension RunRecord {
  /// The plug-in that its tokenizer is of, if any.
  public var plugins: [PluginCommand] {
    (try? content.request.decoded(as: CellRequest.self).plugin?.command).map { [$0] } ?? []
  }

  fileprivate var budget: Double? { content.protocol.fields["match.budget"].flatMap(Double.init) }

  /// "1m seed 1 budget 8e+12 variant 'M1 counted'".
  fileprivate var choice: String {
    "\(content.size) seed \(content.seed)" + (budget.map { String(format: " budget %.15g", $0) } ?? "")
      + (content.variant.map { " variant '\($0)'" } ?? "")
  }
}

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

  /// - Parameters: the newest record of the tokenizer, size and seed counts; nil for any.
  /// - Throws: ``HarnessError/notInRun(_:)`` where the run has no such cell; ``FileError`` where the store lacks it.
  public init(
    records: RecordFolder, store: ContentStore, tokenizer name: String, size: String?, seed: UInt64?,
    registry: Registry, threads: Int
  ) throws {
    let finished = try records.load().records.filter(\.isFinished)
    let canonical = (try? Contestant(name, registry: registry).name) ?? name
    let names = unique(finished.map(\.tokenizer))
    guard names.contains(canonical) else {
      let hint = nearestWord(to: canonical, in: names).map { "; did you mean '\($0)'?" } ?? ""
      throw HarnessError.notInRun(
        "the run has no finished cell of '\(name)'\(hint); it has \(names.joined(separator: ", "))")
    }
    guard
      let record = finished.last(where: {
        $0.tokenizer == canonical && (size == nil || $0.size == size) && (seed == nil || $0.seed == seed)
      })
    else { throw HarnessError.notInRun("the run has no finished cell of \(canonical) at that size and seed") }
    guard record.training != nil else {
      throw HarnessError.notInRun(
        "\(canonical) was not trained: \(record.tokenization?.roundTripProblem ?? "it gives no bits/byte")")
    }
    func entry(_ kind: StoreKind) throws -> StoreEntry {
      guard let stage = record.stages.last(where: { $0.kind == kind.rawValue }),
        let entry = try store.open(kind, hash: stage.key), entry.sha256 == stage.sha256
      else {
        throw FileError(
          store.root, "the cell's \(kind.rawValue) is not in this store; run the experiment again, or give --store")
      }
      return entry
    }
    self.record = record
    tokenizer = try SavedTokenizer(folder: entry(.tokenizer).path, registry: registry, threads: threads).tokenizer
    model = try Model.load(from: entry(.model).file(ModelStage.modelName)).model
  }
}

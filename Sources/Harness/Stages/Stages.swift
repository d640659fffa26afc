import Foundation
import Records
import Store
import Support
import Tokenizers
import Transformer

/// The stages from a text to a score. Each is an entry of the store under a key that hashes all that determines it;
/// each notes what it used in the ``Trace`` of the cell that asked.
public struct Stages: Sendable {
  public let registry: Registry
  public let store: ContentStore
  /// What the provenance of all that is made here names.
  public let program: Program
  public let threads: Int
  public let progress: ProgressPrinter
  /// Whether to wait for what another process is building, instead of throwing ``HarnessError/busy(entry:host:process:)``.
  public let waits: Bool
  /// Once it is made, nothing more is begun, and training saves what it has.
  public let stop: StopRequest
  let corpora = OpenCorpora()

  public init(
    registry: Registry, store: ContentStore, program: Program, threads: Int, progress: ProgressPrinter, waits: Bool,
    stop: StopRequest = StopRequest()
  ) {
    self.registry = registry
    self.store = store
    self.program = program
    self.threads = max(1, threads)
    self.progress = progress
    self.waits = waits
    self.stop = stop
  }

  /// The entry, found or built, and noted.
  func entry(
    _ key: StoreKey, _ trace: Trace, precision: Precision? = nil, build: (Building) throws -> Void
  ) throws -> StoreEntry {
    let provenance = provenance(precision)
    // Nothing is kept that was computed from something damaged on the way. No entry stands on others of its kind: of
    // thousands of shards of tokens, each is not looked at again for every one that follows.
    func checkedBuild(_ building: Building) throws {
      try stop.check()
      try build(building)
      try store.recheck(trace.entries.filter { $0.manifest.kind != key.kind })
    }
    let stored: Stored
    if waits {
      stored = try store.entry(key, for: trace.purpose, provenance: provenance, stop: stop, build: checkedBuild)
    } else if let found = try store.entryUnlessClaimed(
      key, for: trace.purpose, provenance: provenance, build: checkedBuild)
    {
      stored = found
    } else {
      let holder = store.holder(of: key)
      throw HarnessError.busy(entry: key.path, host: holder?.host ?? "unknown", process: holder?.process ?? 0)
    }
    trace.note(stored)
    return stored.entry
  }

  /// This program here and now. Without a precision, only the kernels computed.
  func provenance(_ precision: Precision? = nil) -> Provenance {
    var libraries = numericLibraries(precision: precision ?? .exact)
    libraries["zlib"] = Zlib.version
    return Provenance(program, libraries: libraries, threads: threads)
  }
}

extension StoreEntry {
  /// One of the entry's JSON files.
  /// - Throws: ``FileError`` naming it.
  func decode<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
    let data = Data(try readFile(file(name)))
    do { return try JSONDecoder().decode(type, from: data) } catch {
      throw FileError(file(name), "is not what this program writes: \(decodingProblem(error))")
    }
  }
}

/// What of the store one cell stands on, in the order of use. Not shared between threads.
public final class Trace {
  public private(set) var stages: [RunRecord.Stage] = []
  public private(set) var makings: [RunRecord.Making] = []
  private var noted: Set<RunRecord.Stage> = []
  /// The entries themselves.
  private(set) var entries: [StoreEntry] = []
  /// What is noted now is of trials, not of the cell itself.
  private var isOfTrials = false
  /// Whether everything was there before.
  public var reusedAll: Bool { makings.allSatisfy(\.reused) }
  /// What the entries are made for: `harness status` reads it from their claims.
  let purpose: String?

  public init(purpose: String? = nil) { self.purpose = purpose }

  func note(_ stored: Stored) {
    let manifest = stored.entry.manifest
    let stage = RunRecord.Stage(
      kind: (isOfTrials ? RunRecord.Stage.trialPrefix : "") + manifest.kind.rawValue, key: manifest.key,
      sha256: stored.entry.sha256)
    guard noted.insert(stage).inserted else { return }
    stages.append(stage)
    entries.append(stored.entry)
    makings.append(.init(kind: stage.kind, reused: stored.wasThere, provenance: manifest.provenance))
  }

  /// What the body uses is noted under kinds of its own, "trial-model": it is no part of the cell's own model.
  func ofTrials<T>(_ body: () throws -> T) rethrows -> T {
    isOfTrials = true
    defer { isOfTrials = false }
    return try body()
  }
}

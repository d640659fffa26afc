import Foundation
import Support
import Synchronization

/// Folders named by the hash of what determines their content, shared by all experiments, processes and machines that
/// see the same disk.
///
/// | path | what |
/// | --- | --- |
/// | `<kind>/<key>/` | an entry: its files, `manifest.json` with their sizes and hashes, `manifest.sha256` |
/// | `<kind>/<key>.partial-…` | an entry being built |
/// | `work/<kind>-<key>/` | what a long build keeps for its next try (checkpoints) |
/// | `claims/` | who is building what |
/// | `damaged/` | entries that failed their check, set aside |
/// | `store.json` | marks the folder as a store |
/// | `users/` | the runs that use this store, and what of it |
///
/// An entry is built beside its place, synced, and renamed there only if nothing is there: it is whole or absent.
public final class ContentStore: Sendable {
  public let root: String
  private let report: @Sendable (String) -> Void
  private let user: RunUses?
  /// Entries that this process has checked.
  private let checked = Mutex<[String: StoreEntry]>([:])

  /// - Parameters:
  ///   - user: the run whose use of entries is noted, so that `prune` keeps them.
  ///   - report: gets a line where something is waited for, damaged or built again.
  /// - Throws: ``FileError`` where the folder cannot be made.
  public init(root: String, user: RunUses? = nil, report: @escaping @Sendable (String) -> Void = { _ in }) throws {
    self.root = withoutTrailingSlash(root)
    self.user = user
    self.report = report
    try Self.mark(self.root)
    try makeFolder(self.root + "/claims")
    for kind in StoreKind.allCases { try makeFolder("\(self.root)/\(kind.rawValue)") }
    try user?.register(in: self.root)
  }

  private static let markName = "store.json"

  /// Whether a store lies there.
  public static func exists(at root: String) -> Bool {
    FileManager.default.fileExists(atPath: withoutTrailingSlash(root) + "/" + markName)
  }

  /// A new folder, or an empty one, becomes a store; another folder is never taken for one.
  private static func mark(_ root: String) throws {
    guard !root.isEmpty else { throw FileError("--store", "is empty; name a folder") }
    if exists(at: root) { return }
    try makeFolder(root)
    let inside = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    // What other processes are writing at this moment to make it one does not count.
    guard inside.allSatisfy({ $0.hasPrefix(markName) }) || exists(at: root) else {
      throw FileError(root, "is no store, and not empty: give a new folder, or one that 'harness' made")
    }
    _ = try writeIfAbsent(Data("{\"format\": 1}\n".utf8), to: root + "/" + markName)
  }

  /// The entry, checked; nil where there is none. A damaged one is set aside, with a word.
  public func find(_ key: StoreKey) throws -> StoreEntry? { try open(key.kind, hash: key.hash) }

  /// The entry that a record names, checked; nil where there is none. A damaged one is set aside, with a word.
  public func open(_ kind: StoreKind, hash: String) throws -> StoreEntry? {
    let path = "\(kind.rawValue)/\(hash)"
    if let known = checked.withLock({ $0[path] }) { return known }
    let folder = root + "/" + path
    guard FileManager.default.fileExists(atPath: folder) else { return nil }
    try user?.note(path, in: root)
    let entry: StoreEntry
    do {
      let manifest = try Manifest(folder: folder)
      guard manifest.key == hash, manifest.kind == kind else {
        throw Damage(folder + "/" + Manifest.name, "belongs to \(manifest.kind.rawValue)/\(manifest.key)")
      }
      let identities = manifest.identities(in: folder)
      try manifest.check(folder, whole: false)
      entry = StoreEntry(path: folder, manifest: manifest, identities: identities)
    } catch let damage as Damage {
      try setAside(folder, because: damage)
      return nil
    }
    checked.withLock { $0[path] = entry }
    return entry
  }

  /// Makes sure that entries are still what they were when they were opened: to be called when something was computed
  /// from them, before it is kept. A file that was touched since is read again to its end.
  /// - Throws: ``Damage`` naming the file; the next look finds it set aside.
  public func recheck(_ entries: [StoreEntry]) throws {
    for entry in entries where entry.manifest.identities(in: entry.path) != entry.identities {
      do { try entry.manifest.check(entry.path, whole: true) } catch {
        checked.withLock { $0["\(entry.manifest.kind.rawValue)/\(entry.manifest.key)"] = nil }
        throw error
      }
    }
  }

  /// The entry, found or built. Where another process is building it, waits for that.
  /// - Parameters:
  ///   - purpose: what it is built for, as its claim says meanwhile.
  ///   - provenance: of this process; its times and measurements are filled in here.
  ///   - stop: ends the waiting.
  ///   - build: writes the content's files into the folder it is given.
  /// - Throws: what `build` throws; ``FileError``; `Stopped`.
  public func entry(
    _ key: StoreKey, for purpose: String? = nil, provenance: Provenance, stop: StopRequest = StopRequest(),
    build: (Building) throws -> Void
  ) throws -> Stored {
    var hasSaidSo = false
    while true {
      if let entry = try find(key) { return Stored(entry: entry, wasThere: true) }
      try stop.check()
      if let claim = try claim(key, for: purpose) {
        if let made = try self.build(key, claim: claim, provenance: provenance, build) { return made }
        continue
      }
      if !hasSaidSo, let holder = holder(of: key) {
        report("waiting for \(key.path), which process \(holder.process) on \(holder.host) is building")
        hasSaidSo = true
      }
      Thread.sleep(forTimeInterval: min(0.5, Claim.staleSeconds / 5))
    }
  }

  /// The entry, found or built; nil at once where another process is building it.
  public func entryUnlessClaimed(
    _ key: StoreKey, for purpose: String? = nil, provenance: Provenance, build: (Building) throws -> Void
  ) throws -> Stored? {
    while true {
      if let entry = try find(key) { return Stored(entry: entry, wasThere: true) }
      guard let claim = try claim(key, for: purpose) else { return nil }
      if let made = try self.build(key, claim: claim, provenance: provenance, build) { return made }
    }
  }

  /// Who is building the entry now.
  public func holder(of key: StoreKey) -> Claim.Holder? { Claim.read(claimPath(key)) }

  private func claimPath(_ key: StoreKey) -> String { "\(root)/claims/\(key.kind.rawValue)-\(key.hash)" }
  private func claim(_ key: StoreKey, for purpose: String?) throws -> Claim? {
    try Claim.take(claimPath(key), for: purpose)
  }

  /// An entry that is being built at this moment.
  public struct Work: Sendable {
    /// As in `model/0123…`.
    public let entry: String
    public let holder: Claim.Holder
    /// The folder of its checkpoints; need not exist.
    public let folder: String
  }

  /// The folders of checkpoints, of work under way and of work that was stopped.
  public func workFolders() throws -> [String] { try Self.contents(root + "/work").map { "\(root)/work/\($0)" } }

  /// What is being built now, by whichever process and machine.
  public func workUnderWay() throws -> [Work] {
    try StoreKind.allCases.flatMap { kind in
      try Self.contents(root + "/claims").compactMap { name -> Work? in
        let claim = "\(root)/claims/\(name)", prefix = kind.rawValue + "-"
        guard name.hasPrefix(prefix), !name.contains("."), let holder = Claim.read(claim), !Claim.looksStale(claim)
        else { return nil }
        return Work(
          entry: "\(kind.rawValue)/\(name.dropFirst(prefix.count))", holder: holder, folder: "\(root)/work/\(name)")
      }
    }
  }

  /// nil where the claim was lost on the way, or another was faster: look again.
  private func build(
    _ key: StoreKey, claim: Claim, provenance: Provenance, _ body: (Building) throws -> Void
  ) throws -> Stored? {
    defer { claim.release() }
    let folder = root + "/" + key.path
    if FileManager.default.fileExists(atPath: folder) { return nil }  // finished between the look and the claim
    try user?.note(key.path, in: root)
    removeLeftovers(of: key)
    let beside = besideName(folder)
    defer { try? FileManager.default.removeItem(atPath: beside) }
    let building = Building(folder: beside, work: "\(root)/work/\(key.kind.rawValue)-\(key.hash)")
    do {
      try makeFolder(beside)
      // Once more: NFS says for half a minute what it remembers of a folder, but not after a change by this machine.
      if FileManager.default.fileExists(atPath: folder) { return nil }
      let watch = Stopwatch()
      var made = provenance
      made.started = timestamp()
      try body(building)
      made.ended = timestamp()
      made.measurements = building.measurements
      made.libraries.merge(building.libraries) { $1 }
      made.measurements["seconds"] = watch.seconds
      // Looked at before they are hashed: what is written to them from then on is noticed.
      let identities = try Manifest.identities(of: Manifest.names(in: beside), in: beside)
      let manifest = try Manifest(of: beside, key: key, provenance: made)
      for name in manifest.files.keys { try syncWritten(beside + "/" + name) }
      try manifest.write(to: beside)
      syncToDisk(beside)
      guard try renameIfAbsent(beside, to: folder) else { return nil }
      try? FileManager.default.removeItem(atPath: building.work)
      let entry = StoreEntry(path: folder, manifest: manifest, identities: identities)
      checked.withLock { $0[key.path] = entry }
      return Stored(entry: entry, wasThere: false)
    } catch {
      // Another process took over during a long silence of this one: its entry counts, there or to come.
      guard claim.isHeld, !FileManager.default.fileExists(atPath: folder) else { return nil }
      throw error
    }
  }

  /// Removes what an earlier builder of this entry left: it was killed, or it has lost its claim and will notice. Out of
  /// the way first, so that it cannot finish half a folder.
  private func removeLeftovers(of key: StoreKey) {
    let parent = "\(root)/\(key.kind.rawValue)"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    where name.hasPrefix(key.hash + ".partial-") {
      let grave = besideName(parent + "/gone")
      if (try? renameIfAbsent(parent + "/" + name, to: grave)) == true {
        try? FileManager.default.removeItem(atPath: grave)
      }
    }
    // Checkpoints that a kill broke off, as large as the whole ones.
    let work = "\(root)/work/\(key.kind.rawValue)-\(key.hash)"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: work)) ?? [] where name.contains(".partial-") {
      try? FileManager.default.removeItem(atPath: work + "/" + name)
    }
  }

  /// Moves a damaged entry out of the way; it is built again when it is needed.
  private func setAside(_ folder: String, because damage: Damage) throws {
    let name = folder.split(separator: "/").suffix(2).joined(separator: "-")
    let target = "\(root)/damaged/\(name)-\(timestamp().filter(\.isNumber))"
    try makeFolder(root + "/damaged")
    do {
      guard try renameIfAbsent(folder, to: target) else { return }
      report("\(damage); set aside in \(target), to be built again")
    } catch {
      // Another process was faster.
      if FileManager.default.fileExists(atPath: folder) { throw error }
    }
  }
}

/// An entry of the store: a folder whose files were checked.
public struct StoreEntry: Sendable {
  public let path: String
  public let manifest: Manifest
  /// What the file system said of each file just before it was checked.
  let identities: [String: FileIdentity]
  /// SHA-256 over the names and hashes of its files.
  public var sha256: String { manifest.contentSHA256 }
  /// The path of one of its files.
  public func file(_ name: String) -> String { path + "/" + name }

  init(path: String, manifest: Manifest, identities: [String: FileIdentity]) {
    self.path = path
    self.manifest = manifest
    self.identities = identities
  }
}

/// An entry and whether it was there before it was asked for.
public struct Stored: Sendable {
  public let entry: StoreEntry
  public let wasThere: Bool

  public init(entry: StoreEntry, wasThere: Bool) {
    self.entry = entry
    self.wasThere = wasThere
  }
}

/// What a build writes to.
public final class Building {
  /// The entry's files go here.
  public let folder: String
  /// Survives a killed build, for the next try; not there until the build makes it. Removed when the entry is whole.
  public let work: String
  /// Numbers for the entry's provenance: what another build would measure anew.
  public var measurements: [String: Double] = [:]
  /// Versions for its provenance that only the build tells.
  public var libraries: [String: String] = [:]

  init(folder: String, work: String) {
    self.folder = folder
    self.work = work
  }

  /// Writes one of the entry's files; nobody reads it before the entry is whole.
  public func write(_ data: some ContiguousBytes, to name: String) throws {
    try writeFile(folder + "/" + name) { file in try data.withUnsafeBytes { try file.write($0) } }
  }
}

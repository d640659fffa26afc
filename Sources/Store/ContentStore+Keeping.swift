import Foundation
import Support

extension ContentStore {
  /// One entry as `harness store` lists it.
  public struct Listing: Sendable, Codable {
    public var kind: StoreKind
    public var key: String
    public var bytes: Int
    /// When and where it was built; nil where the manifest is damaged.
    public var built: String?
    public var host: String?
    /// Run folders that use it.
    public var users: [String]
  }

  /// Every entry, by kind and key. Nothing is checked; see ``verify(_:)``.
  public func list() throws -> [Listing] {
    let users = try self.users()
    return try paths().map { path in
      let manifest = try? Manifest(folder: root + "/" + path)
      let parts = path.split(separator: "/")
      return Listing(
        kind: StoreKind(rawValue: String(parts[0])) ?? .corpus, key: String(parts[1]),
        bytes: Self.size(root + "/" + path),
        built: manifest?.provenance.ended, host: manifest?.provenance.host, users: users[path] ?? [])
    }
  }

  /// Reads every file of every entry to its end; `each` gets the path and what is wrong with it, if anything.
  /// - Returns: how many entries are damaged.
  public func verify(_ each: (String, Damage?) -> Void) throws -> Int {
    var damaged = 0
    for path in try paths() {
      let folder = root + "/" + path
      do {
        try Manifest(folder: folder).check(folder, whole: true)
        each(path, nil)
      } catch let problem as Damage {
        damaged += 1
        each(path, problem)
      }
    }
    return damaged
  }

  /// What ``prune(dryRun:)`` removed, or would remove.
  public struct Pruning: Sendable, Codable {
    public var removed: [String] = []
    public var bytes = 0
  }

  /// Removes entries that no run refers to, and what killed and damaged builds left; what is being built stays.
  public func prune(dryRun: Bool) throws -> Pruning {
    var result = Pruning()
    func remove(_ path: String) throws {
      result.removed.append(path)
      result.bytes += Self.size(root + "/" + path)
      if !dryRun {
        // Out of the way first, so that nobody finds half an entry.
        let grave = besideName(root + "/" + path)
        if try renameIfAbsent(root + "/" + path, to: grave) { try FileManager.default.removeItem(atPath: grave) }
      }
    }
    func isClaimed(_ path: String) throws -> Bool {
      let claim = root + "/claims/" + path.replacingOccurrences(of: "/", with: "-")
      return try Claim.read(claim) != nil && !Claim.isStale(claim)
    }
    for path in try paths() {
      // Asked anew for each: a run may have begun to use it meanwhile.
      if try users()[path] == nil, try !isClaimed(path) { try remove(path) }
    }
    for kind in StoreKind.allCases {
      for name in try Self.contents("\(root)/\(kind.rawValue)") where name.contains(".partial-") {
        let key = name.prefix { $0 != "." }
        if try !isClaimed("\(kind.rawValue)/\(key)") { try remove("\(kind.rawValue)/\(name)") }
      }
    }
    for name in try Self.contents(root + "/work") where try !isClaimed(name) {
      let isUsed = try users().keys.contains { $0.replacingOccurrences(of: "/", with: "-") == name }
      if !isUsed { try remove("work/" + name) }
    }
    for name in try Self.contents(root + "/damaged") { try remove("damaged/" + name) }
    for name in try Self.contents(root + "/claims") where name.contains(".") {
      // What living processes write there at this moment is younger.
      let path = "\(root)/claims/\(name)"
      if let age = try Claim.age(path), age > 3600 { try? FileManager.default.removeItem(atPath: path) }
    }
    return result
  }

  /// Days for which a run folder that is gone still counts: it may have been moved, or not been written yet.
  static let graceDays = 7.0

  /// Run folders by the entry they use. A run folder of this machine that is gone uses nothing after ``graceDays``; one
  /// of another machine cannot be looked at, and keeps what it uses.
  /// - Throws: ``FileError`` for a note that cannot be read: what it keeps is not known.
  private func users() throws -> [String: [String]] {
    var result: [String: [String]] = [:]
    for name in try Self.contents(root + "/users") where !name.contains(".") {
      let note = "\(root)/users/\(name)"
      guard let user = RunUses.read(note) else {
        throw FileError(note, "is damaged: which entries its run uses is not known; remove it if that run is gone")
      }
      if user.host == hostName(), !FileManager.default.fileExists(atPath: user.run),
        let age = try Claim.age(note), age > Self.graceDays * 86_400
      {
        continue
      }
      for entry in unique(user.entries) { result[entry, default: []].append(user.run) }
    }
    return result
  }

  /// Entries as `kind/key`.
  private func paths() throws -> [String] {
    try StoreKind.allCases.flatMap { kind in
      try Self.contents("\(root)/\(kind.rawValue)").filter { !$0.contains(".") }.map { "\(kind.rawValue)/\($0)" }
    }
  }

  static func contents(_ folder: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private static func size(_ path: String) -> Int {
    let walk = FileManager.default.enumerator(atPath: path)
    var bytes = 0
    while walk?.nextObject() != nil { bytes += (walk?.fileAttributes?[.size] as? Int) ?? 0 }
    return bytes
  }
}

import Foundation
import Support

/// The records of a run: `records/<cell>/<written>-<hash>.json`, one file a writing, appended and never overwritten.
public struct RecordFolder: Sendable {
  public let path: String

  /// - Parameter runFolder: the folder that holds `records`.
  public init(runFolder: String) { path = withoutTrailingSlash(runFolder) + "/records" }

  /// What records give: of every cell and protocol the newest finished one (the newest failed one where none finished),
  /// and what was left aside for it.
  public struct Contents: Sendable {
    /// In order of writing.
    public let records: [RunRecord]
    /// The others of the same cells and protocols.
    public let superseded: [RunRecord]

    /// - Parameter all: in any order, of any number of folders.
    public init(_ all: [RunRecord]) {
      let all = all.sorted { $0.circumstances.written < $1.circumstances.written }
      var chosen: [String: Int] = [:]
      for (index, record) in all.enumerated() {
        let cell = "\(record.tokenizer)\n\(record.size)\n\(record.seed)\n\(record.protocol.hash)"
        if let other = chosen[cell], all[other].isFinished, !record.isFinished { continue }
        chosen[cell] = index
      }
      let kept = Set(chosen.values)
      records = kept.sorted().map { all[$0] }
      // The same content twice (two processes finished one cell at once) is one record.
      let contents = Set(records.map(\.contentSHA256))
      superseded = all.indices.filter { !kept.contains($0) && !contents.contains(all[$0].contentSHA256) }
        .map { all[$0] }
    }
  }

  /// Adds a record, unless the newest one of its cell and protocol has the same content. True where it was added.
  /// - Throws: ``FileError``.
  @discardableResult public func append(_ record: RunRecord) throws -> Bool {
    let folder = path + "/" + Self.folderName(tokenizer: record.tokenizer, size: record.size, seed: record.seed)
    if FileManager.default.fileExists(atPath: folder) {
      // A damaged record beside it is for readers to complain of.
      let same = ((try? Self.load(folder: folder)) ?? []).filter { $0.protocol.hash == record.protocol.hash }
      if let newest = same.max(by: { $0.circumstances.written < $1.circumstances.written }),
        newest.contentSHA256 == record.contentSHA256
      {
        return false
      }
    }
    try makeFolder(folder)
    let date = record.circumstances.written.filter { $0.isNumber || $0 == "T" }
    let name = "\(date)-\(record.contentSHA256.prefix(8))"
    let data = try jsonEncoder().encode(record)
    // Two processes may finish one cell in one millisecond: what is there stays.
    var number = 0
    while try !writeIfAbsent(data, to: "\(folder)/\(name)\(number == 0 ? "" : "-\(number)").json") { number += 1 }
    return true
  }

  /// - Throws: ``FileError`` for a folder without records, and for a record that is damaged or of another schema.
  public func load() throws -> Contents {
    let all = try all()
    guard !all.isEmpty else { throw FileError(path, "holds no records yet") }
    return Contents(all)
  }

  /// Every record, by cell and in order of writing; there may be none.
  /// - Parameter unreadable: gets the error of a record that cannot be used; what it throws ends the reading.
  /// - Throws: as ``load()``, where the folder is missing.
  public func all(unreadable: (FileError) throws -> Void = { throw $0 }) throws -> [RunRecord] {
    guard let cells = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw FileError(
        parentFolder(path), "no run here (the folder 'records' is missing); make one with 'harness run'")
    }
    if let old = cells.first(where: { $0.hasSuffix(".json") }) {
      throw FileError(path + "/" + old, Self.schema1)
    }
    return try cells.sorted().map { path + "/" + $0 }.filter(Self.isFolder).flatMap {
      try Self.load(folder: $0, unreadable: unreadable)
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private static func load(folder: String, unreadable: (FileError) throws -> Void = { throw $0 }) throws -> [RunRecord]
  {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw FileError(folder, "is no folder of a cell's records, or cannot be read")
    }
    return try names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
      do { return try RunRecord(file: folder + "/" + name) } catch let problem as FileError {
        try unreadable(problem)
        return nil
      }
    }
  }

  /// A folder for each cell: letters, digits, = , . - of its name, and a hash that tells apart what these leave alike.
  static func folderName(tokenizer: String, size: String, seed: UInt64) -> String {
    let safe = tokenizer.map { $0.isASCII && ($0.isLetter || $0.isNumber) || "=,.-".contains($0) ? $0 : "_" }
    let hash = sha256(Array("\(tokenizer)\n\(size)\n\(seed)".utf8)).prefix(8)
    return "\(String(safe).prefix(80)).\(size).seed\(seed).\(hash)"
  }

  fileprivate static let schema1 =
    "a record of schema 1, which does not say what made its numbers; run its experiment again with this program"
}

extension RunRecord {
  /// Reads a record and checks both halves against their hashes.
  /// - Throws: ``FileError`` saying whether it is no record, of another schema, or damaged.
  public init(file path: String) throws {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else { throw FileError(path, "cannot be read") }
    struct Version: Decodable { var schema: Int }
    guard let version = try? JSONDecoder().decode(Version.self, from: data) else {
      throw FileError(path, "not a run record, or damaged: not JSON with a 'schema'; remove it and run again")
    }
    guard version.schema == Self.schema else {
      throw FileError(
        path,
        version.schema == 1
          ? RecordFolder.schema1
          : "a record of schema \(version.schema); this program reads schema \(Self.schema): run its experiment again")
    }
    do { self = try JSONDecoder().decode(RunRecord.self, from: data) } catch {
      throw FileError(path, "a damaged run record: \(decodingProblem(error)); remove it and run again")
    }
    guard try Self.digest(content) == contentSHA256, try Self.digest(circumstances) == circumstancesSHA256 else {
      throw FileError(path, "a damaged or edited run record: its hash does not match; remove it and run again")
    }
  }
}

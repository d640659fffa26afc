import Foundation
import Support

/// What an entry of the store holds: `manifest.json` in its folder. `manifest.sha256` beside it holds the manifest's own
/// hash, as `sha256sum --check` reads it.
public struct Manifest: Codable, Sendable, Hashable {
  static let format = 1
  static let name = "manifest.json"
  static let digestName = "manifest.sha256"

  public struct File: Codable, Sendable, Hashable {
    public var bytes: Int
    public var sha256: String
    /// Of a file above ``Manifest/sampledFrom`` bytes: SHA-256 of 257 evenly spaced blocks of 64 KiB, the last at its end.
    public var sample: String?
  }
  /// Larger files are checked by their sample when an entry is opened, and whole by `harness verify`.
  public static let sampledFrom = 1 << 30

  public var format = Manifest.format
  public var kind: StoreKind
  public var key: String
  public var version: Int
  public var ingredients: JSONValue
  public var files: [String: File]
  public var provenance: Provenance

  /// SHA-256 over the names and hashes of all files: equal contents, equal hashes, whoever made them.
  public var contentSHA256: String {
    sha256(Array(files.sorted { $0.key < $1.key }.map { "\($0.value.sha256)  \($0.key)\n" }.joined().utf8))
  }

  /// Describes the files that lie in `folder` now.
  init(of folder: String, key: StoreKey, provenance: Provenance) throws {
    kind = key.kind
    self.key = key.hash
    version = key.version
    ingredients = key.ingredients
    self.provenance = provenance
    files = [:]
    for name in try Self.names(in: folder) {
      files[name] = try MappedFile(path: folder + "/" + name).withBytes { bytes in
        File(
          bytes: bytes.count, sha256: sha256(bytes), sample: bytes.count > Self.sampledFrom ? Self.sample(bytes) : nil)
      }
    }
  }

  /// Writes the manifest and its hash into a folder that nobody reads yet.
  func write(to folder: String) throws {
    let data = try Support.jsonEncoder().encode(self)
    for (name, data) in [(Self.name, data), (Self.digestName, Data("\(sha256(data))  \(Self.name)\n".utf8))] {
      try writeFile(folder + "/" + name) { file in try data.withUnsafeBytes { try file.write($0) } }
    }
  }

  /// Reads a folder's manifest and checks it against its hash.
  /// - Throws: ``Damage``; ``FileError`` for a file that is there but cannot be read.
  init(folder: String) throws {
    let path = folder + "/" + Self.name, digestPath = folder + "/" + Self.digestName
    let data = Data(try Self.bytes(path)), digest = try Self.bytes(digestPath)
    guard digest == Array("\(sha256(data))  \(Self.name)\n".utf8) else {
      throw Damage(path, "is damaged: it does not match \(Self.digestName)")
    }
    do { self = try JSONDecoder().decode(Manifest.self, from: data) } catch {
      throw Damage(path, "is not a manifest of format \(Self.format): \(decodingProblem(error))")
    }
    guard format == Self.format else { throw Damage(path, "has format \(format), not \(Self.format)") }
  }

  /// Checks every file of the folder. `whole` also reads large files to their end.
  /// - Throws: ``Damage`` naming the first damaged file; ``FileError`` for one that is there but cannot be read.
  func check(_ folder: String, whole: Bool) throws {
    for (name, expected) in files.sorted(by: { $0.key < $1.key }) {
      let path = folder + "/" + name
      guard FileManager.default.fileExists(atPath: path) else { throw Damage(path, "is missing") }
      try MappedFile(path: path).withBytes { bytes in
        guard bytes.count == expected.bytes else {
          throw Damage(path, "is damaged: \(bytes.count) bytes instead of \(expected.bytes)")
        }
        if let sample = expected.sample, !whole {
          guard Self.sample(bytes) == sample else { throw Damage(path, "is damaged: its sample has changed") }
        } else {
          guard sha256(bytes) == expected.sha256 else { throw Damage(path, "is damaged: its SHA-256 has changed") }
        }
      }
    }
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    guard FileManager.default.fileExists(atPath: path) else { throw Damage(path, "is missing") }
    return try readFile(path)
  }

  /// What the file system says of the files now; files that are missing are not in it.
  func identities(in folder: String) -> [String: FileIdentity] { Self.identities(of: Array(files.keys), in: folder) }

  static func identities(of names: [String], in folder: String) -> [String: FileIdentity] {
    var found: [String: FileIdentity] = [:]
    for name in names { found[name] = FileIdentity(folder + "/" + name) }
    return found
  }

  /// Names of a folder's files, those in folders inside it with their path.
  static func names(in folder: String) throws -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: folder) else { throw FileError(folder, "cannot be read") }
    var names: [String] = []
    for case let name as String in walk {
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder), !isFolder.boolValue {
        names.append(name)
      }
    }
    return names
  }

  private static func sample(_ bytes: UnsafeRawBufferPointer) -> String {
    let count = 256, size = 1 << 16
    var hash = SHA256Hash()
    for block in 0..<count {
      let start = (bytes.count - size) / (count - 1) * block
      hash.update(UnsafeRawBufferPointer(rebasing: bytes[start..<start + size]))
    }
    hash.update(UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - size)...]))
    return hash.finish()
  }
}

/// A file of the store is missing or is not what its manifest says. What cannot be read at the moment is none of it: that
/// is a ``FileError``, and nothing is set aside for it.
public struct Damage: Error, Sendable, Equatable, CustomStringConvertible {
  public let path: String
  public let reason: String
  init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }
  public var description: String { "\(path): \(reason)" }
}

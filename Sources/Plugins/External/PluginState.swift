import Foundation
import Support
import Synchronization
import Tokenizers

/// A folder that goes away with the object.
final class TemporaryFolder: Sendable {
  let path: String
  /// The paths of all that live.
  private static let living = Mutex<Set<String>>([])

  init() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("harness-plugin-\(UUID().uuidString)").path
    try makeFolder(path)
    self.path = path
    _ = Self.living.withLock { $0.insert(path) }
  }

  deinit {
    let path = path
    try? FileManager.default.removeItem(atPath: path)
    _ = Self.living.withLock { $0.remove(path) }
  }

  /// Removes all that live.
  static func removeAll() {
    Self.living.withLock { living in
      for path in living { try? FileManager.default.removeItem(atPath: path) }
    }
  }

  /// The files in it.
  /// - Throws: ``PluginFailure`` where something else is there.
  func files() throws -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path).sorted() else {
      throw PluginFailure(description: "its plug-in removed the folder that it was given")
    }
    // A link might lead anywhere, and a pipe would be read for ever.
    if let other = names.first(where: { fileType(path + "/" + $0) != .typeRegular }) {
      throw PluginFailure(
        description: "its plug-in left '\(other)' in its folder, which is no plain file; what it keeps must be files")
    }
    return names
  }
}

/// A plug-in's state in a saved tokenizer: its files, each under a name with a prefix (a library's own `tokenizer.json` is
/// not the saved tokenizer's), and which plug-in wrote them.
enum SavedPluginState {
  static let prefix = "state."
  static let identityName = "plugin.json"

  static func write(_ state: TemporaryFolder, _ program: PluginProgram, to folder: String) throws {
    for name in try state.files() {
      try writeAtomically(try readFile(state.path + "/" + name), to: "\(folder)/\(prefix)\(name)")
    }
    try writeAtomically(try jsonEncoder().encode(program.identity), to: folder + "/" + identityName)
  }

  /// The state in a folder of its own, for the plug-in to read.
  /// - Throws: ``TokenizerError/damagedFile(_:reason:)`` for another plug-in's; `FileError`.
  static func read(_ folder: String, _ program: PluginProgram) throws -> TemporaryFolder {
    let path = folder + "/" + identityName
    guard let identity = try? JSONDecoder().decode([String: String].self, from: Data(readFile(path))) else {
      throw TokenizerError.damagedFile(path, reason: "says not which plug-in the tokenizer is of; train it again")
    }
    let now = program.identity
    if let key = Set(identity.keys).union(now.keys).sorted().first(where: { identity[$0] != now[$0] }) {
      throw TokenizerError.damagedFile(
        path,
        reason: "the tokenizer was trained by another plug-in: its \(key) was \(identity[key] ?? "none"), now "
          + "\(now[key] ?? "none"); train it again")
    }
    let state = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasPrefix(prefix) {
      try writeAtomically(
        try readFile(folder + "/" + name), to: "\(state.path)/\(name.dropFirst(prefix.count))")
    }
    return state
  }
}

/// Whether a path, links followed, leads to a plain file.
func isFile(_ path: String) -> Bool {
  fileType(URL(fileURLWithPath: path).resolvingSymlinksInPath().path) == .typeRegular
}

/// What lies at a path itself; nil where nothing does.
private func fileType(_ path: String) -> FileAttributeType? {
  (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
}

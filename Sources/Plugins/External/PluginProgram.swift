import Support
import Tokenizers

/// What a plug-in's command runs, as it was when it was first asked: the files that it names, and what it says of itself.
/// Every process is checked against that, so that a plug-in that is edited while an experiment runs is no other tokenizer
/// under the same name.
struct PluginProgram: Sendable {
  let command: PluginCommand
  let hello: PluginHello
  /// SHA-256 of every file that the command names, by its name.
  let files: [String: String]

  /// Starts the plug-in, greets it and ends it.
  /// - Throws: ``PluginFailure``.
  init(_ command: PluginCommand) throws {
    self.command = command
    files = try Self.files(of: command)
    let process = try PluginProcess(command)
    hello = try process.hello()
  }

  /// What decides the plug-in's tokens: its command, the content of its files, and its version. Part of the identity of
  /// its tokenizers.
  var identity: [String: String] {
    var identity = [
      "plugin": command.line, "plugin version": hello.version.text, "plugin protocol": "\(hello.protocol)",
    ]
    for (name, hash) in files { identity["plugin file \(name)"] = hash }
    return identity
  }

  /// A new process, greeted.
  /// - Throws: ``PluginFailure`` also where the plug-in is not what it was.
  func start() throws -> PluginProcess {
    let now = try Self.files(of: command)
    if let changed = Set(files.keys).union(now.keys).sorted().first(where: { files[$0] != now[$0] }) {
      throw PluginFailure(
        description: "its plug-in's file \(changed) has changed since it was first started; start again")
    }
    let process = try PluginProcess(command)
    guard try process.hello() == hello else {
      throw process.failure("says something else of itself than when it was first started; start again")
    }
    return process
  }

  /// Every word that names a file, as a whole or after `=`; the first only where it is a path, and not for PATH to find.
  private static func files(of command: PluginCommand) throws -> [String: String] {
    var hashes: [String: String] = [:]
    func hash(_ path: String) throws {
      do { hashes[path] = try sha256(file: path) } catch let error as FileError {
        throw PluginFailure(description: "its plug-in's file \(error)")
      }
    }
    for (index, word) in command.words.enumerated() where index > 0 || word.contains("/") {
      let value = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).last.map(String.init)
      for path in unique([word, value ?? word]) where isFile(path) { try hash(path) }
    }
    for path in command.files { try hash(path) }
    return hashes
  }
}

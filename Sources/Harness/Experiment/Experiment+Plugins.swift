import Tokenizers

extension Experiment {
  /// The registry with the plug-ins that an experiment file names: to be read before the experiment, whose tokenizers
  /// may be theirs.
  ///
  ///     plugins: {mine: [python3, my.py], other: {run: [./other], files: [table.bin], timeout: 600}}
  ///
  /// - Parameter backend: starts a plug-in, to hear what it is.
  /// - Throws: ``HarnessError/experiment(file:line:key:reason:)`` naming the plug-in and its line.
  public static func registry(
    file path: String, extending registry: Registry, by backend: (PluginCommand) throws -> any TokenizerBackend
  ) throws -> Registry {
    try self.registry(YAMLSection(file: path), extending: registry, by: backend)
  }

  static func registry(
    _ root: YAMLSection, extending registry: Registry, by backend: (PluginCommand) throws -> any TokenizerBackend
  ) throws -> Registry {
    guard let section = try root.optionalSection("plugins") else { return registry }
    return try plugins(root).reduce(registry) { registry, command in
      do { return try Registry(registry.backends + [backend(command)]) } catch let error as TokenizerError {
        throw section.error(command.name ?? "", "\(error)")
      }
    }
  }

  /// The commands of a file's plug-ins, in its order.
  static func plugins(_ root: YAMLSection) throws -> [PluginCommand] {
    guard let section = try root.optionalSection("plugins") else { return [] }
    let commands = try section.keys.map { name in
      var command = PluginCommand(name: name, words: [])
      if section.isMapping(name) {
        let one = try section.section(name)
        command.words = try one.strings("run") ?? []
        command.files = try one.strings("files") ?? []
        command.timeoutSeconds = try one.number("timeout", in: PluginCommand.timeouts) ?? command.timeoutSeconds
        try one.finish()
      } else {
        command.words = try section.strings(name) ?? []
      }
      guard let program = command.words.first, !program.isEmpty else {
        throw section.error(name, "give the command that starts it as a list of words, such as [python3, my.py]")
      }
      return command
    }
    try section.finish()
    return commands
  }
}

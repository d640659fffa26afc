import Foundation
import PackagePlugin

/// Writes the commit that the sources are at into a Swift file of the target: records say what made them, wherever the
/// program is started later. Runs again when a source file, or what is checked out, has changed.
@main struct StampCommit: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) -> [Command] {
    let root = context.package.directoryURL
    let stamp = context.pluginWorkDirectoryURL.appendingPathComponent("Commit.swift")
    let script = """
      set -u
      cd "$1" || exit 1
      commit=
      # A copy of the sources inside another project's checkout has no commit of its own.
      if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
        commit=$(git rev-parse HEAD 2>/dev/null)
        [ -z "$(git status --porcelain -- Sources Plugins Package.swift 2>/dev/null)" ] || commit="$commit+"
      fi
      printf 'public let buildCommit = "%s"\\n' "$commit" > "$2"
      """
    // Every file, not only what the targets list: some are included by others.
    let sources = ["Sources", "Plugins"].flatMap { folder in
      let inside = root.appendingPathComponent(folder)
      return (FileManager.default.enumerator(atPath: inside.path)?.compactMap { $0 as? String } ?? []).sorted()
        .filter { !($0 as NSString).pathExtension.isEmpty }.map { inside.appendingPathComponent($0) }
    }
    let checkout = ["HEAD", "logs/HEAD"].map { root.appendingPathComponent(".git/" + $0) }
      .filter { FileManager.default.fileExists(atPath: $0.path) }
    return [
      .buildCommand(
        displayName: "Stamping the commit", executable: URL(fileURLWithPath: "/bin/sh"),
        arguments: ["-c", script, "stamp", root.path, stamp.path], inputFiles: sources + checkout,
        outputFiles: [stamp])
    ]
  }
}

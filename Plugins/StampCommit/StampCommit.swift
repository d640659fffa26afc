import Foundation
import PackagePlugin

/// Writes the commit that the sources are at into a C file of the target, before every build: records say what made
/// them, wherever the program is started later. The file changes only with the commit, so that nothing is built for it
/// in vain.
@main struct StampCommit: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) -> [Command] {
    let folder = context.pluginWorkDirectoryURL
    let script = """
      set -u
      cd "$1" || exit 1
      commit=
      # A copy of the sources inside another project's checkout has no commit of its own.
      if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
        commit=$(git rev-parse HEAD 2>/dev/null)
        [ -z "$(git status --porcelain --untracked-files=no -- Sources Package.swift 2>/dev/null)" ] || commit="$commit+"
      fi
      line="const char *cbuildstamp_commit(void) { return \\"$commit\\"; }"
      [ "$(cat "$2" 2>/dev/null)" = "$line" ] || printf '%s\\n' "$line" > "$2"
      """
    return [
      .prebuildCommand(
        displayName: "Stamping the commit", executable: URL(fileURLWithPath: "/bin/sh"),
        arguments: [
          "-c", script, "stamp", context.package.directoryURL.path, folder.appendingPathComponent("stamp.c").path,
        ],
        outputFilesDirectory: folder)
    ]
  }
}

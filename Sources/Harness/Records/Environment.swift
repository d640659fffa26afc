import Foundation
import Support
import Transformer

extension RunRecord.Environment {
  /// This machine and this build.
  static func current(precision: Precision) -> RunRecord.Environment {
    var libraries = numericLibraries(precision: precision)
    libraries["zlib"] = Zlib.version
    return RunRecord.Environment(
      cpu: cpuName(), cores: ProcessInfo.processInfo.activeProcessorCount,
      system: ProcessInfo.processInfo.operatingSystemVersionString, libraries: libraries, gitCommit: gitCommit())
  }

  /// The commit checked out here, with "+" when the tree differs from it; nil outside a checkout.
  private static func gitCommit() -> String? {
    guard let commit = run(["git", "rev-parse", "HEAD"]), !commit.isEmpty else { return nil }
    let isDirty = run(["git", "status", "--porcelain", "--untracked-files=no"])?.isEmpty == false
    return commit + (isDirty ? "+" : "")
  }

  private static func run(_ command: [String]) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

/// The processor's name as the system tells it.
public func cpuName() -> String {
  let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
  for line in info.split(separator: "\n") where line.hasPrefix("model name") {
    return line.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }
  return "unknown"
}

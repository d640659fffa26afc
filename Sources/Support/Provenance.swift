import Foundation

/// What made a thing: which program, where, when, with what. Two makings of one thing may differ in all of it.
public struct Provenance: Codable, Sendable, Hashable {
  /// Version of the program.
  public var program: String
  /// Commit it was built from, with "+" for a changed tree; nil where it was built outside a checkout.
  public var commit: String?
  public var host: String
  public var cpu: String
  public var cores: Int
  public var system: String
  /// Versions of what computed: the kernel set, OpenBLAS, oneDNN, zlib, ….
  public var libraries: [String: String]
  public var threads: Int
  /// ISO 8601, UTC.
  public var started: String
  public var ended: String
  /// What was measured on the way and would be measured anew: seconds, MB/s, ….
  public var measurements: [String: Double]

  private static let thisCPU = cpuName()

  /// A program on this machine, now.
  public init(_ program: Program, libraries: [String: String], threads: Int) {
    self.program = program.version
    commit = program.commit
    host = hostName()
    cpu = Self.thisCPU
    cores = ProcessInfo.processInfo.activeProcessorCount
    system = ProcessInfo.processInfo.operatingSystemVersionString
    self.libraries = libraries
    self.threads = threads
    started = timestamp()
    ended = started
    measurements = [:]
  }
}

/// Which build of which version runs.
public struct Program: Sendable, Hashable {
  public let version: String
  /// As in ``Provenance/commit``.
  public let commit: String?

  /// - Parameter commit: "" for none.
  public init(version: String, commit: String) {
    self.version = version
    self.commit = commit.isEmpty ? nil : commit
  }
}

/// Now, as ISO 8601 in UTC with milliseconds: sorts as it passes.
public func timestamp() -> String {
  Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
}

/// The processor's name as the system tells it.
public func cpuName() -> String {
  let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
  for line in info.split(separator: "\n") where line.hasPrefix("model name") {
    return line.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }
  return "unknown"
}

import Foundation
import Records
import Support
import Testing
import Tokenizers

/// The built command: it lies beside the test bundle.
let harnessURL: URL = {
  let beside = Bundle.main.bundleURL.deletingLastPathComponent().appendingPathComponent("harness")
  if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
  return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("harness")
}()

/// The package.
let sourceRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../.."

/// Runs the built `harness` as a user would.
func harness(
  _ arguments: [String], input: Data? = nil, environment: [String: String] = [:]
) throws -> (status: Int32, output: Data, errors: String) {
  signal(SIGPIPE, SIG_IGN)  // a command that ends before it has read its input
  let process = Process()
  process.executableURL = harnessURL
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let output = Pipe(), errors = Pipe(), source = Pipe()
  process.standardOutput = output
  process.standardError = errors
  process.standardInput = source
  try process.run()
  // Written from another thread: input and output may both be larger than a pipe holds.
  let writer = source.fileHandleForWriting
  DispatchQueue.global().async {
    if let input { try? writer.write(contentsOf: input) }
    try? writer.close()
  }
  let data = output.fileHandleForReading.readDataToEndOfFile()
  let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, data, text)
}

/// A folder that goes away.
final class Scratch {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString)").path
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func write(_ name: String, _ data: Data) throws -> String {
    try data.write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }
}

let text: Data = {
  var generator = SeededGenerator(seed: 2)
  let words = ["alpha", "beta", "gamma", "delta", "of", "the", "and", "\n\n"]
  return Data((0..<60_000).map { _ in words[generator.below(words.count)] }.joined(separator: " ").utf8)
}()

/// The newest record of every cell of a run, by cell folder: its content's hash.
func contentHashes(_ run: String) throws -> [String: String] {
  var hashes: [String: String] = [:]
  for cell in try FileManager.default.contentsOfDirectory(atPath: run + "/records") {
    let newest = try FileManager.default.contentsOfDirectory(atPath: "\(run)/records/\(cell)")
      .filter { $0.hasSuffix(".json") }.map { try RunRecord(file: "\(run)/records/\(cell)/\($0)") }
      .max { $0.circumstances.written < $1.circumstances.written }
    hashes[cell] = newest?.contentSHA256
  }
  return hashes
}

import Crypto
import Foundation

/// Writes beside the target, then renames: a reader never sees half a file.
func writeAtomically(_ data: Data, to path: String) throws {
  do { try data.write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
    throw HarnessError.file(path, reason: "cannot be written: \(error.localizedDescription)")
  }
}

func makeFolder(_ path: String) throws {
  do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
    throw HarnessError.file(path, reason: "cannot be made: \(error.localizedDescription)")
  }
}

/// Builds a folder beside its place, then renames it there; a folder that exists is complete.
///
/// What a killed process left beside it is removed first.
func buildFolder(_ path: String, _ body: (String) throws -> Void) throws {
  let parent = (path as NSString).deletingLastPathComponent
  let stem = (path as NSString).lastPathComponent + ".partial-"
  for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.isEmpty ? "." : parent)) ?? []
  where name.hasPrefix(stem) {
    guard let owner = pid_t(name.dropFirst(stem.count)), kill(owner, 0) != 0 else { continue }
    try? FileManager.default.removeItem(atPath: (parent.isEmpty ? "." : parent) + "/" + name)
  }
  let beside = path + ".partial-\(getpid())"
  try? FileManager.default.removeItem(atPath: beside)
  try makeFolder(beside)
  do {
    try body(beside)
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: beside, toPath: path)
  } catch {
    try? FileManager.default.removeItem(atPath: beside)
    throw error
  }
}

let prettyEncoder: JSONEncoder = {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return encoder
}()

/// SHA-256 in hexadecimal.
func hash(_ data: Data) -> String { hex(SHA256.hash(data: data)) }
func hex(_ digest: some Sequence<UInt8>) -> String { digest.map { String(format: "%02x", $0) }.joined() }

/// A cache key: 16 hexadecimal digits of the hash of everything that determines a stage.
func cacheKey(_ parts: any Encodable...) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys]
  var all = Data()
  for part in parts {
    all.append(try encoder.encode(part))
    all.append(0)
  }
  return String(hash(all).prefix(16))
}

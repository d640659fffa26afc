import CSystem
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Writes beside the target, syncs, then renames: a reader never sees half a file, not after a power cut either.
/// - Throws: ``FileError``.
public func writeAtomically(_ data: some ContiguousBytes, to path: String) throws {
  try writeAtomically(to: path) { file in try data.withUnsafeBytes { try file.write($0) } }
}

/// As ``writeAtomically(_:to:)``, for what is written in parts.
/// - Throws: ``FileError``, and whatever `body` throws.
public func writeAtomically(to path: String, _ body: (borrowing FileWriter) throws -> Void) throws {
  let beside = besideName(path)
  do {
    try writeFile(beside, body)
    guard rename(beside, path) == 0 else { throw FileError(path, "cannot be written: \(systemMessage())") }
  } catch {
    unlink(beside)
    throw error
  }
  syncToDisk(parentFolder(path))
}

/// Writes a file unless there is one: true where it was written, false where another was faster.
/// - Parameter synced: whether it must survive a power cut.
/// - Throws: ``FileError``.
public func writeIfAbsent(_ data: some ContiguousBytes, to path: String, synced: Bool = true) throws -> Bool {
  let beside = besideName(path)
  defer { unlink(beside) }  // gone already where it was renamed
  try writeFile(beside, synced: synced) { file in try data.withUnsafeBytes { try file.write($0) } }
  return try renameIfAbsent(beside, to: path, synced: synced)
}

/// Makes a file, lets `body` write it, and syncs it to disk.
/// - Parameter synced: whether it must survive a power cut.
/// - Throws: ``FileError``, and whatever `body` throws.
public func writeFile(_ path: String, synced: Bool = true, _ body: (borrowing FileWriter) throws -> Void) throws {
  let file = try FileWriter(path)
  try body(file)
  if synced { try file.sync() }
}

/// A copy of a file, not synced to disk.
/// - Throws: ``FileError``.
public func copyFile(_ source: String, to target: String) throws {
  do { try FileManager.default.copyItem(atPath: source, toPath: target) } catch {
    throw FileError(target, "cannot be copied from \(source): \(error.localizedDescription)")
  }
}

/// An open file that bytes are appended to. Closed when it ends; ``sync()`` before that makes the bytes durable.
public struct FileWriter: ~Copyable {
  private let descriptor: Int32
  private let path: String

  /// - Throws: ``FileError`` where the file cannot be made.
  public init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(path, "cannot be written: \(systemMessage())") }
  }
  deinit { close(descriptor) }

  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    var left = bytes
    while let start = left.baseAddress, left.count > 0 {
      #if canImport(Glibc)
        let count = Glibc.write(descriptor, start, left.count)
      #else
        let count = Darwin.write(descriptor, start, left.count)
      #endif
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileError(path, "cannot be written: \(systemMessage())") }
      left = UnsafeRawBufferPointer(rebasing: left[count...])
    }
  }
  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  public func sync() throws {
    guard fsync(descriptor) == 0 else { throw FileError(path, "cannot be synced to disk: \(systemMessage())") }
  }
}

/// Renames a file or folder unless the target exists. False where it does: nothing is changed then.
/// - Throws: ``FileError`` for anything else.
public func renameIfAbsent(_ source: String, to target: String, synced: Bool = true) throws -> Bool {
  let result = csystem_rename_if_absent(source, target)
  if result == 0 {
    if synced { syncToDisk(parentFolder(target)) }
    return true
  }
  if errno == EEXIST || errno == ENOTEMPTY { return false }
  throw FileError(target, "cannot be made: \(systemMessage())")
}

/// Sets a file's time of change to now, by the file system's clock.
public func touch(_ path: String) { utimes(path, nil) }

/// Makes a folder and those above it.
/// - Throws: ``FileError``.
public func makeFolder(_ path: String) throws {
  do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
    throw FileError(path, "cannot be made: \(error.localizedDescription)")
  }
}

/// Makes a file, or the entries of a folder, durable. Some file systems cannot; that is no error.
public func syncToDisk(_ path: String) { try? syncWritten(path) }

/// Makes what was written to a file durable.
/// - Throws: ``FileError`` where it was not: a full disk, or one beyond a network, may say so only now.
public func syncWritten(_ path: String) throws {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FileError(path, "cannot be read: \(systemMessage())") }
  defer { close(descriptor) }
  // Some file systems cannot sync.
  guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
    throw FileError(path, "cannot be synced to disk: \(systemMessage())")
  }
}

/// The folder a path lies in; "." for a bare name. A trailing slash does not count.
public func parentFolder(_ path: String) -> String {
  let parent = (withoutTrailingSlash(path) as NSString).deletingLastPathComponent
  return parent.isEmpty ? "." : parent
}

/// The way from a folder to a file: "../runs/quick/report.md". Both may be relative to the current folder.
public func relativePath(of file: String, from folder: String) -> String {
  func parts(_ path: String) -> [String] { URL(fileURLWithPath: path).standardizedFileURL.pathComponents }
  let (target, start) = (parts(file), parts(folder))
  let common = zip(target, start).prefix { $0 == $1 }.count
  return ([String](repeating: "..", count: start.count - common) + target.dropFirst(common)).joined(separator: "/")
}

/// "a/b/" → "a/b".
public func withoutTrailingSlash(_ path: String) -> String {
  var path = path
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  return path
}

/// A name beside `path` that no other process or thread uses, for what is renamed to `path` when it is whole.
public func besideName(_ path: String) -> String {
  "\(withoutTrailingSlash(path)).partial-\(hostName())-\(getpid())-\(String(UInt32.random(in: 0...(.max)), radix: 16))"
}

/// This machine's name, up to the first dot.
public func hostName() -> String {
  var name = [CChar](repeating: 0, count: 256)
  guard gethostname(&name, 255) == 0 else { return "unknown" }
  let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return String(text.prefix { $0 != "." })
}

/// What the last failed system call says.
public func systemMessage() -> String { String(cString: strerror(errno)) }

/// JSON as this program writes it for people and files: sorted keys, so that equal values are equal bytes.
public func jsonEncoder(pretty: Bool = true) -> JSONEncoder {
  let encoder = JSONEncoder()
  encoder.outputFormatting =
    pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
  return encoder
}

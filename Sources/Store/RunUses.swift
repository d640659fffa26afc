import Foundation
import Support
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What of the store a run uses: `users/<id>` in the store, a first line with the host and path of the run folder, then a
/// line for each entry. It lies in the store, so that every machine that may prune can read it.
public final class RunUses: Sendable {
  public let runFolder: String
  private let noted = Mutex<Set<String>>([])

  /// - Parameter runFolder: need not exist yet.
  public init(runFolder: String) {
    self.runFolder = URL(fileURLWithPath: runFolder).resolvingSymlinksInPath().path
  }

  private func file(in root: String) -> String {
    "\(root)/users/\(sha256(Array("\(hostName()) \(runFolder)".utf8)).prefix(16))"
  }

  func register(in root: String) throws {
    guard !runFolder.contains(where: \.isNewline) else {
      throw FileError(printable(runFolder), "has a line break in its path, which the store cannot note; give another")
    }
    try makeFolder(root + "/users")
    let file = file(in: root)
    if try !writeIfAbsent(Data("\(hostName()) \(runFolder)\n".utf8), to: file) {
      let known = Self.read(file)?.entries ?? []
      noted.withLock { $0.formUnion(known) }
    }
  }

  /// Notes a use before the entry is read or built, so that no one prunes it meanwhile.
  func note(_ entry: String, in root: String) throws {
    guard noted.withLock({ $0.insert(entry).inserted }) else { return }
    // One short append: lines of two processes do not mix.
    let file = file(in: root)
    let descriptor = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(file, "cannot be written: \(systemMessage())") }
    defer { close(descriptor) }
    let line = Array("\(entry)\n".utf8)
    guard write(descriptor, line, line.count) == line.count else {
      throw FileError(file, "cannot be written: \(systemMessage())")
    }
  }

  /// A user's run folder, where it lies, and the entries it uses; nil for what is no user's file.
  static func read(_ file: String) -> (host: String, run: String, entries: [String])? {
    guard let bytes = try? readFile(file), let text = String(validating: bytes, as: UTF8.self) else { return nil }
    let lines = text.split(separator: "\n").map(String.init)
    guard let first = lines.first, let space = first.firstIndex(of: " ") else { return nil }
    return (String(first[..<space]), String(first[first.index(after: space)...]), Array(lines.dropFirst()))
  }
}

import Foundation
import Support
import Synchronization

/// What of the store a run folder uses: a line for each entry in `<run>/uses.txt`, and a note of the run in the store.
public final class RunUses: Sendable {
  public let runFolder: String
  private let noted: Mutex<Set<String>>
  static let fileName = "uses.txt"

  /// - Throws: ``FileError`` where the run folder cannot be made.
  public init(runFolder: String) throws {
    self.runFolder = URL(fileURLWithPath: runFolder).standardizedFileURL.path
    try makeFolder(self.runFolder)
    noted = Mutex(Set(Self.read(self.runFolder)))
  }

  /// Paths of the entries that a run folder uses, as in `m1/0123…`.
  static func read(_ runFolder: String) -> [String] {
    ((try? String(contentsOfFile: runFolder + "/" + fileName, encoding: .utf8)) ?? "").split(separator: "\n").map(
      String.init)
  }

  func register(in root: String) throws {
    try makeFolder(root + "/users")
    let name = String(sha256(Array(runFolder.utf8)).prefix(16))
    try writeAtomically(Data(runFolder.utf8), to: "\(root)/users/\(name)")
  }

  /// Notes a use before the entry is read or built, so that no one prunes it meanwhile.
  func note(_ entry: String) throws {
    guard noted.withLock({ $0.insert(entry).inserted }) else { return }
    let path = runFolder + "/" + Self.fileName
    // Lines of two processes do not mix: each is one short append.
    guard let file = fopen(path, "a") else { throw FileError(path, "cannot be written: \(systemMessage())") }
    defer { fclose(file) }
    guard fputs(entry + "\n", file) >= 0 else {
      throw FileError(path, "cannot be written: \(systemMessage())")
    }
  }
}

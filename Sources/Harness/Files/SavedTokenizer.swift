import Foundation
import Support
import Tokenizers
import Transformer

/// A trained tokenizer as a self-contained folder: `tokenizer.json` and the backend's own files.
public struct SavedTokenizer: Sendable {
  struct Description: Codable {
    var format: Int
    var tokenizer: SpecTable
    /// Of the backend, and of the libraries that may change a token, when it was trained.
    var version: Int
    var libraries: [String: String]
    /// SHA-256 of every other file of the folder, by name.
    var files: [String: String]
  }
  public let tokenizer: any Tokenizer
  /// SHA-256 of the description, which holds the parameters and the hashes of all files: 64 hexadecimal digits.
  public let sha256: String

  static let format = 2
  package static let descriptionName = "tokenizer.json"

  /// Makes a new folder of a trained tokenizer.
  /// - Throws: ``FileError`` where the folder exists or cannot be written; nothing half-written is left.
  public static func save(_ tokenizer: any Tokenizer, registry: Registry, to folder: String) throws {
    let folder = withoutTrailingSlash(folder)
    let descriptor = try registry.backend(named: tokenizer.spec.name).descriptor
    try makeFolder(parentFolder(folder))
    let beside = besideName(folder)
    do {
      try makeFolder(beside)
      try write(tokenizer, descriptor, into: beside)
      guard try renameIfAbsent(beside, to: folder) else { throw FileError(folder, "exists already; give a new folder") }
    } catch {
      try? FileManager.default.removeItem(atPath: beside)
      throw error
    }
  }

  /// Writes a trained tokenizer's files into an existing folder.
  static func write(_ tokenizer: any Tokenizer, _ descriptor: TokenizerDescriptor, into folder: String) throws {
    try tokenizer.save(to: folder)
    var files: [String: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != descriptionName {
      files[name] = try Support.sha256(file: folder + "/" + name)
      syncToDisk(folder + "/" + name)
    }
    // Where the parameters' files lay says nothing of the tokenizer.
    var table = tokenizer.spec.table
    table.files = table.files.mapValues { SpecTable.File(path: $0.baseName, sha256: $0.sha256) }
    let description = Description(
      format: format, tokenizer: table, version: descriptor.version, libraries: descriptor.libraries, files: files)
    try writeAtomically(try jsonEncoder().encode(description), to: folder + "/" + descriptionName)
  }

  /// - Throws: ``FileError`` for a folder that is no tokenizer, or whose files have changed.
  public init(folder: String, registry: Registry, threads: Int) throws {
    let path = folder + "/" + Self.descriptionName
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw FileError(folder, "no tokenizer here (\(Self.descriptionName) is missing); make one with 'harness train'")
    }
    struct Version: Decodable { var format: Int }
    func damaged(_ error: any Error) -> FileError {
      FileError(path, "is damaged: \(decodingProblem(error)); train the tokenizer again, or copy the folder anew")
    }
    let version: Version
    do { version = try JSONDecoder().decode(Version.self, from: data) } catch { throw damaged(error) }
    guard version.format == Self.format else {
      throw FileError(
        path, "format \(version.format); this program reads format \(Self.format); train the tokenizer again")
    }
    let description: Description
    do { description = try JSONDecoder().decode(Description.self, from: data) } catch { throw damaged(error) }
    for (name, expected) in description.files.sorted(by: { $0.key < $1.key }) {
      guard !name.contains("/"), let found = try? Support.sha256(file: folder + "/" + name) else {
        throw FileError(folder + "/" + name, "is missing")
      }
      guard found == expected else {
        throw FileError(
          folder + "/" + name, "has changed since the tokenizer was trained; its text would not come back")
      }
    }
    let spec: ResolvedSpec
    do { spec = try registry.resolve(description.tokenizer) } catch TokenizerError.unknownTokenizer(let name, _, _) {
      throw FileError(
        path,
        "a tokenizer '\(name)', which this program does not have; if a plug-in made it, name its program: "
          + "--plugin 'python3 my.py'")
    }
    let descriptor = try registry.backend(named: spec.name).descriptor
    guard description.version == descriptor.version else {
      throw FileError(
        path,
        "made by version \(description.version) of \(spec.name), which is at \(descriptor.version) now; train the tokenizer again"
      )
    }
    let context = LoadingContext(byteModel: { try NeuralByteModel.load(from: $0) }, threads: threads)
    tokenizer = try registry.backend(named: spec.name).load(spec, from: folder, context: context)
    sha256 = Support.sha256(try jsonEncoder().encode(description))
  }
}

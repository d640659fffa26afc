import Foundation
import Support
import Tokenizers
import Transformer

/// A trained tokenizer as a self-contained folder: `tokenizer.json` and the backend's own files.
public struct SavedTokenizer: Sendable {
  struct Manifest: Codable {
    var format: Int
    var tokenizer: SpecTable
    /// SHA-256 of every other file of the folder, by name.
    var files: [String: String]
  }
  public let tokenizer: any Tokenizer
  /// SHA-256 of the canonical name and all files: 64 hexadecimal digits.
  public let sha256: String

  static let format = 2
  package static let manifestName = "tokenizer.json"

  public static func save(_ tokenizer: any Tokenizer, to folder: String) throws {
    try makeFolder(
      (folder as NSString).deletingLastPathComponent.isEmpty ? "." : (folder as NSString).deletingLastPathComponent)
    try buildFolder(folder) { beside in
      try tokenizer.save(to: beside)
      let manifest = Manifest(
        format: format, tokenizer: tokenizer.spec.table, files: try hashes(of: beside))
      try writeAtomically(try jsonEncoder().encode(manifest), to: beside + "/" + manifestName)
    }
  }

  private static func hashes(of folder: String) throws -> [String: String] {
    var files: [String: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != manifestName {
      files[name] = Support.sha256(
        try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name), options: .mappedIfSafe))
    }
    return files
  }

  /// - Throws: ``HarnessError/file(_:reason:)`` for a folder that is no tokenizer, or whose files have changed.
  public init(folder: String, registry: Registry) throws {
    let path = folder + "/" + Self.manifestName
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw HarnessError.file(
        folder, reason: "no tokenizer here (\(Self.manifestName) is missing); make one with 'harness train'")
    }
    guard let manifest = try? JSONDecoder().decode(Manifest.self, from: data) else {
      throw HarnessError.file(path, reason: "damaged: not a tokenizer's description")
    }
    guard manifest.format == Self.format else {
      throw HarnessError.file(path, reason: "format \(manifest.format); this program reads format \(Self.format)")
    }
    for (name, expected) in manifest.files.sorted(by: { $0.key < $1.key }) {
      guard !name.contains("/"),
        let content = try? Data(contentsOf: URL(fileURLWithPath: folder + "/" + name), options: .mappedIfSafe)
      else { throw HarnessError.file(folder + "/" + name, reason: "is missing") }
      guard Support.sha256(content) == expected else {
        throw HarnessError.file(
          folder + "/" + name, reason: "has changed since the tokenizer was trained; its text would not come back")
      }
    }
    let resolved = try registry.resolve(manifest.tokenizer)
    let context = LoadingContext(byteModel: { try NeuralByteModel.load(from: $0) }, threads: 1)
    tokenizer = try registry.backend(named: resolved.name).load(resolved, from: folder, context: context)
    let listing = manifest.files.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    sha256 = Support.sha256(Data(([resolved.canonicalName] + listing).joined(separator: "\n").utf8))
  }
}

import Analysis
import Foundation
import Support

/// What a run folder's parts were last asked of: `paper.json`. A later command that leaves an option out means the same,
/// and a copy of the folder's records and measurements needs nothing else for its report.
public struct PaperRequest: Sendable, Hashable, Codable {
  public var scale: PaperScale
  public var corpus: CorpusOptions
  /// Further texts that trained models are scored on, by name.
  public var texts: [String: [String]]

  public init(scale: PaperScale, corpus: CorpusOptions, texts: [String: [String]]) {
    self.scale = scale
    self.corpus = corpus
    self.texts = texts
  }

  private static func file(_ folder: RunFolder) -> String { folder.path + "/paper.json" }

  /// The folder's; nil where no part was run.
  /// - Throws: ``FileError`` for a damaged file.
  public init?(of folder: RunFolder) throws {
    let file = Self.file(folder)
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    do { self = try JSONDecoder().decode(Self.self, from: Data(readFile(file))) } catch let error as DecodingError {
      throw FileError(file, "is damaged: \(decodingProblem(error)); remove it, and say again what it is of")
    }
  }

  /// Makes it the folder's.
  public func keep(in folder: RunFolder) throws {
    try makeFolder(folder.path)
    try writeAtomically(try jsonEncoder().encode(self), to: Self.file(folder))
  }
}

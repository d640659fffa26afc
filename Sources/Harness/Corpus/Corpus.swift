import Foundation
import Store
import Support

/// The prepared corpus: both splits as files of the store, memory-mapped.
public struct Corpus: Sendable {
  public let train: TextSplit
  public let heldOut: TextSplit
  public let documents: Int

  static let trainName = "train.bin", heldOutName = "held-out.bin", factsName = "corpus.json"
  private struct Facts: Codable {
    var documents: Int
  }

  /// Opens what ``build(_:training:heldOut:in:)`` made.
  init(_ entry: StoreEntry, exampleBytes: Int, seed: UInt64) throws {
    func split(_ name: String) throws -> TextSplit {
      guard let file = entry.manifest.files[name] else { throw FileError(entry.file(name), "is missing") }
      return TextSplit(
        try MappedFile(path: entry.file(name)), sha256: file.sha256, exampleBytes: exampleBytes, seed: seed)
    }
    train = try split(Self.trainName)
    heldOut = try split(Self.heldOutName)
    documents = try entry.decode(Facts.self, Self.factsName).documents
  }

  /// Raised when the same files give other splits.
  static let version = 1

  /// Everything that determines both splits: contents of the files, not their names.
  struct Ingredients: Encodable {
    var training: [String]
    var heldOut: [String]
    /// Held out of the training files; 0 where there are files of their own.
    var share: Double
    var separator: String

    init(_ options: CorpusOptions, training: DocumentReader, heldOut: DocumentReader) throws {
      self.training = try training.identities()
      self.heldOut = try heldOut.identities()
      share = heldOut.files.isEmpty ? options.validationShare : 0
      separator = options.separator
    }
  }

  /// Writes both splits.
  static func build(
    _ ingredients: Ingredients, training: DocumentReader, heldOut: DocumentReader, in folder: String
  ) throws {
    var documents = 0
    let separator = Array(ingredients.separator.utf8)
    var train = try SplitWriter(folder + "/" + trainName, separator: separator)
    var validation = try SplitWriter(folder + "/" + heldOutName, separator: separator)
    try training.forEach { piece in
      if !piece.goesOn { documents += 1 }
      if ingredients.share > 0, uniform(piece.bytes) < ingredients.share {
        try validation.add(piece)
        train.breakOff()
      } else {
        try train.add(piece)
        validation.breakOff()
      }
    }
    validation.breakOff()
    try heldOut.forEach { piece in
      if !piece.goesOn { documents += 1 }
      try validation.add(piece)
    }
    try train.finish()
    try validation.finish()
    try writeAtomically(try jsonEncoder().encode(Facts(documents: documents)), to: folder + "/" + factsName)
  }

  /// A number in [0, 1) that depends on the bytes alone.
  static func uniform(_ bytes: [UInt8]) -> Double {
    let value = SHA256Hash.digest(bytes).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Double(value >> 11) * 0x1p-53
  }
}

/// Appends documents to a file, the separator between them.
private struct SplitWriter: ~Copyable {
  private let file: FileWriter
  private let separator: [UInt8]
  private var buffer: [UInt8] = []
  private var isEmpty = true
  /// Whether the last piece written is the last one read: only then may its continuation follow without a separator.
  private var isUnbroken = false

  init(_ path: String, separator: [UInt8]) throws {
    file = try FileWriter(path)
    self.separator = separator
  }

  mutating func add(_ piece: DocumentReader.Piece) throws {
    if !isEmpty, !(piece.goesOn && isUnbroken) { buffer += separator }
    buffer += piece.bytes
    isEmpty = false
    isUnbroken = true
    if buffer.count > 1 << 22 { try flush() }
  }
  /// What comes next does not follow what was written last.
  mutating func breakOff() { isUnbroken = false }

  private mutating func flush() throws {
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }
  consuming func finish() throws {
    try file.write(buffer)
    try file.sync()
  }
}

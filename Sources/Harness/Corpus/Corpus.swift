import Foundation
import Support
import Tokenizers

/// What text an experiment runs on, and how it is cut.
public struct CorpusOptions: Sendable, Hashable, Codable {
  public var paths: [String]
  /// Separate held-out files; empty to split by a hash of each document.
  public var validationPaths: [String] = []
  public var validationShare = 0.02
  public var separator = "\n\n"
  public var exampleBytes = 10_240
  /// Seeds the order of the examples.
  public var seed: UInt64 = 0
  public init(paths: [String]) { self.paths = paths }
}

/// The prepared corpus: both splits as files, memory-mapped, cut into examples in a seeded order.
public struct Corpus: Sendable {
  /// The examples of one split.
  public struct Split: Sendable {
    public let file: MappedFile
    public let exampleBytes: Int
    /// Example numbers in shuffled order.
    let order: [Int]

    init(_ file: MappedFile, exampleBytes: Int, seed: UInt64) {
      self.file = file
      self.exampleBytes = exampleBytes
      var order = Array(0..<(file.bytes.count + exampleBytes - 1) / exampleBytes)
      var generator = SeededGenerator(seed: seed, purpose: "example order")
      generator.shuffle(&order)
      self.order = order
    }

    public var count: Int { order.count }
    public var byteCount: Int { file.bytes.count }
    /// The bytes of the i-th example in shuffled order.
    public subscript(i: Int) -> [UInt8] {
      let start = order[i] * exampleBytes
      return Array(file.bytes[start..<min(start + exampleBytes, file.bytes.count)])
    }
    /// The first examples in shuffled order that together hold at least `bytes`, or all.
    public func first(bytes: Int) -> [[UInt8]] {
      var result: [[UInt8]] = []
      var total = 0
      for i in 0..<count where total < bytes {
        result.append(self[i])
        total += result[result.count - 1].count
      }
      return result
    }
    public var examples: AnySequence<[UInt8]> { AnySequence((0..<count).lazy.map { self[$0] }) }
  }

  /// Facts of the preparation, stored beside the files.
  struct Manifest: Codable {
    var documents: Int
    var files: [String]
    var trainBytes: Int
    var validationBytes: Int
    /// SHA-256 of both files' bytes.
    var sha256: String
  }

  public let train: Split
  public let validation: Split
  public let documents: Int
  public let sha256: String

  /// Reads the corpus into `folder`/<key>, or finds it there.
  /// - Parameter requiresValidation: whether an empty validation split is an error.
  /// - Throws: ``HarnessError`` for unreadable files, bad lines, or a split that is empty.
  public init(
    _ options: CorpusOptions, cache folder: String, requiresValidation: Bool = true,
    report: (String) -> Void = { _ in }
  ) throws {
    let training = try DocumentReader(paths: options.paths)
    let heldOut = try DocumentReader(paths: options.validationPaths)
    let stamps = try (training.files + heldOut.files).map { path in
      let attributes = try FileManager.default.attributesOfItem(
        atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
      let modified = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
      return "\(path) \(attributes[.size] ?? 0) \(modified)"
    }
    let share = options.validationPaths.isEmpty ? options.validationShare : 0
    let path = folder + "/" + (try cacheKey("corpus 1", stamps, heldOut.files.count, share, options.separator))
    if !FileManager.default.fileExists(atPath: path) {
      try makeFolder(folder)
      report("reading \(training.files.count + heldOut.files.count) corpus file(s)")
      try buildFolder(path) {
        try Self.prepare(
          training: training, heldOut: heldOut, share: share, separator: Array(options.separator.utf8), in: $0)
      }
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: path + "/corpus.json"))
    let manifest = try JSONDecoder().decode(Manifest.self, from: data)
    documents = manifest.documents
    sha256 = manifest.sha256
    train = Split(
      try MappedFile(path: path + "/train.bin"), exampleBytes: options.exampleBytes, seed: options.seed)
    validation = Split(
      try MappedFile(path: path + "/validation.bin"), exampleBytes: options.exampleBytes, seed: options.seed)
    for (name, split) in [("training", train), ("validation", validation)]
    where split.byteCount == 0 && (requiresValidation || name == "training") {
      throw HarnessError.corpus(
        file: options.paths.joined(separator: ", "), place: nil,
        reason: "the \(name) split is empty; give more text, or change validationShare or validationPaths")
    }
  }

  private static func prepare(
    training: DocumentReader, heldOut: DocumentReader, share: Double, separator: [UInt8], in folder: String
  ) throws {
    var digest = SHA256Hash()
    var documents = 0
    let train = try SplitWriter(folder + "/train.bin"), validation = try SplitWriter(folder + "/validation.bin")
    try training.forEach { document in
      documents += 1
      let isHeldOut = share > 0 && Self.uniform(document) < share
      try (isHeldOut ? validation : train).add(document, separator)
    }
    try heldOut.forEach { document in
      documents += 1
      try validation.add(document, separator)
    }
    for writer in [train, validation] {
      try writer.finish()
      let file = try MappedFile(path: writer.path)
      digest.update(file.bytes)
    }
    let manifest = Manifest(
      documents: documents, files: (training.files + heldOut.files).map { ($0 as NSString).lastPathComponent },
      trainBytes: train.written, validationBytes: validation.written, sha256: digest.finish())
    try writeAtomically(try jsonEncoder().encode(manifest), to: folder + "/corpus.json")
  }

  /// A number in [0, 1) that depends on the document alone.
  static func uniform(_ document: [UInt8]) -> Double {
    let value = SHA256Hash.digest(document).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Double(value >> 11) * 0x1p-53
  }
}

/// Appends documents to a file, the separator between them.
private final class SplitWriter {
  let path: String
  private let handle: FileHandle
  private var buffer = Data()
  private(set) var written = 0

  init(_ path: String) throws {
    self.path = path
    guard FileManager.default.createFile(atPath: path, contents: nil), let handle = FileHandle(forWritingAtPath: path)
    else { throw HarnessError.file(path, reason: "cannot be written") }
    self.handle = handle
  }

  func add(_ document: [UInt8], _ separator: [UInt8]) throws {
    if written > 0 {
      buffer.append(contentsOf: separator)
      written += separator.count
    }
    buffer.append(contentsOf: document)
    written += document.count
    if buffer.count > 1 << 22 { try flush() }
  }
  private func flush() throws {
    do { try handle.write(contentsOf: buffer) } catch {
      throw HarnessError.file(path, reason: "cannot be written: \(error.localizedDescription)")
    }
    buffer.removeAll(keepingCapacity: true)
  }
  func finish() throws {
    try flush()
    try handle.close()
  }
}

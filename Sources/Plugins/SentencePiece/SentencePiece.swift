import Foundation
import Tokenizers

/// A SentencePiece model with byte fallback, lossless on every byte string: what the library itself cannot carry
/// (invalid UTF-8, NUL, U+2581) goes through the byte pieces.
struct SentencePieceTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let library: SentencePieceLibrary
  let byteIDs: [Token]
  var vocabularySize: Int { library.vocabularySize }
  static let fileName = "spiece.model"

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    var tokens: [Token] = []
    for (range, isText) in SentencePieceRuns(bytes) {
      if isText {
        let ids = try library.encode(bytes[range], tokenizer: spec.canonicalName)
        if text(of: ids).elementsEqual(bytes[range]) {
          tokens += ids
          continue
        }
      }
      for byte in bytes[range] { tokens.append(byteIDs[Int(byte)]) }
    }
    return tokens
  }

  private func text(of tokens: [Token]) -> [UInt8] { tokens.flatMap { library.pieceBytes[Int($0)] ?? [] } }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try checkRange(tokens)
    let bytes = text(of: tokens)
    guard bytes.count == byteCount else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "they make \(bytes.count) bytes, not \(byteCount)")
    }
    return bytes
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    Array(text(of: tokens.filter { $0 < vocabularySize }).prefix(maximumBytes))
  }

  func save(to folder: String) throws {
    try library.model.write(to: URL(fileURLWithPath: folder + "/" + Self.fileName), options: .atomic)
  }
}

/// An existing model used as it is: its own normalisation, its own unknown piece.
struct PretrainedSentencePiece: Tokenizer {
  let spec: ResolvedSpec
  let library: SentencePieceLibrary
  var vocabularySize: Int { library.vocabularySize }
  var isLossless: Bool { false }

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    // The library takes UTF-8 only; what is not becomes U+FFFD, as any reader of such a model would do.
    let repaired = Array(String(decoding: bytes, as: UTF8.self).utf8)
    return try library.encode(repaired[...], tokenizer: spec.canonicalName)
  }
  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try checkRange(tokens)
    return try library.decode(tokens, tokenizer: spec.canonicalName)
  }
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    let known = tokens.filter { $0 < vocabularySize }
    return Array(((try? library.decode(known, tokenizer: spec.canonicalName)) ?? []).prefix(maximumBytes))
  }
  func save(to folder: String) throws {
    try library.model.write(
      to: URL(fileURLWithPath: folder + "/" + SentencePieceTokenizer.fileName), options: .atomic)
  }
}

/// Cuts bytes into maximal runs of what the library can carry (valid UTF-8 without NUL and U+2581) and of what it cannot.
struct SentencePieceRuns: Sequence, IteratorProtocol {
  let bytes: [UInt8]
  var position = 0
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Length of the valid scalar at i, or 0.
  private func scalarLength(_ i: Int) -> Int {
    let first = bytes[i]
    if first < 0x80 { return first == 0 ? 0 : 1 }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2, first <= 0xF4, i + length <= bytes.count else { return 0 }
    let second = bytes[i + 1]
    let low: UInt8 = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80
    let high: UInt8 = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF
    guard second >= low, second <= high else { return 0 }
    for j in 2..<Swift.max(2, length) where bytes[i + j] & 0xC0 != 0x80 { return 0 }
    if first == 0xE2, second == 0x96, bytes[i + 2] == 0x81 { return 0 }
    return length
  }

  mutating func next() -> (Range<Int>, Bool)? {
    guard position < bytes.count else { return nil }
    let start = position
    let isText = scalarLength(start) > 0
    while position < bytes.count {
      let length = scalarLength(position)
      if (length > 0) != isText { break }
      position += Swift.max(1, length)
    }
    return (start..<position, isText)
  }
}

public struct SentencePieceBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "SentencePiece", summary: "libsentencepiece, trained on the training split, or a model read from a file",
    parameters: [
      Parameter("v", .integer(300...1_000_000, thousand: 1000), default: "32k", alwaysShown: true, summary: "pieces"),
      Parameter("model", .choice(["unigram", "bpe"]), default: "unigram", summary: "the library's model type"),
      Parameter(
        "path", .path, default: nil, summary: "an existing .model file, used as it is (v and model do not apply)"),
    ], isLossless: true, source: "Kudo & Richardson 2018; \(paper), section 3.2")

  /// Bytes of training text that the trainer sees.
  static let trainingBytes = 16 << 20

  public func validate(_ spec: ResolvedSpec) throws {
    guard let path = spec["path"] else { return }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw TokenizerError.invalidParameter(
        "path", value: path, tokenizer: spec.name, reason: "no such file, or not readable")
    }
  }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    if let path = spec["path"] { return try read(spec, path: path) }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spm-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var lines = Data()
    var seen = 0
    for example in try context.examples() where seen < Self.trainingBytes {
      seen += example.count
      for line in example.split(separator: 0x0A) {
        for (range, isText) in SentencePieceRuns(Array(line)) where isText {
          lines.append(contentsOf: Array(line)[range])
          lines.append(0x0A)
        }
      }
    }
    guard !lines.isEmpty else { throw TokenizerError.training(spec.canonicalName, reason: "there is no training text") }
    try lines.write(to: URL(fileURLWithPath: folder + "/text"))
    try SentencePieceLibrary.train(
      [
        "input=\(folder)/text", "model_prefix=\(folder)/spiece", "vocab_size=\(spec.integer("v") ?? 32_000)",
        "model_type=\(spec["model"] ?? "unigram")", "byte_fallback=true", "normalization_rule_name=identity",
        "add_dummy_prefix=false", "remove_extra_whitespaces=false", "allow_whitespace_only_pieces=true",
        "character_coverage=0.9995",
        "max_sentence_length=65536", "minloglevel=2",
        "num_threads=2",  // fixed: the library's sums depend on it
        "bos_id=-1", "eos_id=-1", "pad_id=-1",
      ], tokenizer: spec.canonicalName)
    return try read(spec, path: folder + "/spiece.model")
  }

  public func load(_ spec: ResolvedSpec, from folder: String) throws -> any Tokenizer {
    try read(spec, path: folder + "/" + SentencePieceTokenizer.fileName)
  }

  private func read(_ spec: ResolvedSpec, path: String) throws -> any Tokenizer {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw TokenizerError.damagedFile(path, reason: "cannot be read")
    }
    let library = try SentencePieceLibrary(model: data, path: path)
    if spec["path"] == nil, let byteIDs = library.byteIDs {
      return SentencePieceTokenizer(spec: spec, library: library, byteIDs: byteIDs)
    }
    return PretrainedSentencePiece(spec: spec, library: library)
  }
}

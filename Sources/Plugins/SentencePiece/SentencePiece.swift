import Support
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
    for (range, isText) in TextRuns(bytes, without: SentencePieceLibrary.notCarried) {
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
    try check(tokens, byteCount: byteCount)
    let bytes = text(of: tokens)
    guard bytes.count == byteCount else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "they make \(bytes.count) bytes, not \(byteCount)")
    }
    return bytes
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    Array(text(of: tokens.filter { $0 < vocabularySize }).prefix(max(0, maximumBytes)))
  }

  func byteCounts(of tokens: [Token], in example: [UInt8]) -> [Int]? {
    tokens.map { library.pieceBytes[Int($0)]?.count ?? 0 }
  }

  func save(to folder: String) throws {
    try writeAtomically(library.model, to: folder + "/" + Self.fileName)
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
    try check(tokens, byteCount: byteCount)
    return try library.decode(tokens, tokenizer: spec.canonicalName)
  }
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    let known = tokens.filter { $0 < vocabularySize }
    return Array(((try? library.decode(known, tokenizer: spec.canonicalName)) ?? []).prefix(max(0, maximumBytes)))
  }
  func save(to folder: String) throws {
    try writeAtomically(library.model, to: folder + "/" + SentencePieceTokenizer.fileName)
  }
}

public struct SentencePieceBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "SentencePiece", summary: "libsentencepiece, trained on the training split, or a model read from a file",
    parameters: [
      Parameter(
        "v", .integer(300...1_000_000, thousand: 1000), default: "32k", alwaysShown: true, unless: "path",
        summary: "pieces"),
      Parameter(
        "model", .choice(["unigram", "bpe"]), default: "unigram", unless: "path", summary: "the library's model type"),
      Parameter("path", .file, summary: "an existing .model file, used as it is"),
    ], source: "Kudo & Richardson 2018; \(paper), section 3.2")

  /// Bytes of training text that the trainer sees.
  static let trainingBytes = 8 << 20

  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.integer("v") }
  /// A model from a file has its own normalisation.
  public func isLossless(_ spec: ResolvedSpec) -> Bool { spec.files.isEmpty }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    if let model = try spec.contents(of: "path") { return try make(spec, model, path: spec["path"] ?? "") }
    let sentences = Self.sentences(of: try context.examples())
    guard !sentences.isEmpty else {
      throw TokenizerError.training(spec.canonicalName, reason: "there is no training text")
    }
    let model = try SentencePieceLibrary.train(
      [
        "vocab_size=\(spec.integer("v") ?? 32_000)", "model_type=\(spec["model"] ?? "unigram")", "byte_fallback=true",
        "normalization_rule_name=identity", "add_dummy_prefix=false", "remove_extra_whitespaces=false",
        "allow_whitespace_only_pieces=true", "character_coverage=0.9995", "max_sentence_length=65536", "minloglevel=2",
        "num_threads=2",  // fixed: the library's sums depend on it
        "bos_id=-1", "eos_id=-1", "pad_id=-1",
      ], text: sentences, tokenizer: spec.canonicalName)
    return try make(spec, model, path: "the trained model")
  }

  /// What the trainer reads of the first ``trainingBytes``: what the library can carry of every line, each run on a line
  /// of its own.
  private static func sentences(of examples: some Sequence<[UInt8]>) -> [UInt8] {
    let newline = UInt8(ascii: "\n")
    var sentences: [UInt8] = []
    var seen = 0
    for example in examples {
      for line in example.split(separator: newline) {
        for (range, isText) in TextRuns(example, in: line.indices, without: SentencePieceLibrary.notCarried)
        where isText {
          sentences += example[range]
          sentences.append(newline)
        }
      }
      seen += example.count
      if seen >= trainingBytes { break }
    }
    return sentences
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let path = folder + "/" + SentencePieceTokenizer.fileName
    return try make(spec, try readFile(path), path: path)
  }

  private func make(_ spec: ResolvedSpec, _ model: [UInt8], path: String) throws -> any Tokenizer {
    let library = try SentencePieceLibrary(model: model, path: path)
    if !isLossless(spec) { return PretrainedSentencePiece(spec: spec, library: library) }
    guard let byteIDs = library.byteIDs else {
      throw TokenizerError.damagedFile(path, reason: "a model without byte pieces, which \(spec.canonicalName) has")
    }
    return SentencePieceTokenizer(spec: spec, library: library, byteIDs: byteIDs)
  }
}

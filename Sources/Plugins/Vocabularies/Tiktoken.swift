import Foundation
import Support
import Tokenizers

/// Where text is cut before a rank file's tokens are merged: the file does not say.
enum TiktokenSplit {
  /// Patterns that tokenizers of this project are trained with, and one of others' files.
  static let names = SplitPattern.allCases.map(\.rawValue) + ["qwen"]

  /// For PCRE2; nil where nothing is cut.
  static func expression(_ name: String) throws -> String? {
    if let pattern = SplitPattern(rawValue: name) { return pattern.expression }
    return try OnigurumaExpression.translated(qwen)
  }

  /// Bai et al. 2023, Qwen Technical Report, section 2.2: cl100k's with single digits, as the published code has it.
  private static let qwen =
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
}

/// A rank file: a line for a token, its bytes in base64, a space, and its rank, which is its id.
///
/// Ranks may have holes, where special tokens lie; those are not in the file, and never in text.
struct TiktokenFile {
  /// By rank; nil for a hole.
  let texts: [[UInt8]?]

  /// - Throws: ``VocabularyError`` naming the line.
  init(_ file: [UInt8]) throws {
    var texts: [[UInt8]?] = []
    var lines = ByteStringTable(capacity: 1 << 16)
    var lineNumbers: [Int] = []
    for (index, line) in file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      func refuse(_ what: String) -> VocabularyError {
        VocabularyError(
          "line \(index + 1): \(what); a rank file has lines of '<base64> <rank>', as tiktoken reads them")
      }
      let parts = line.split { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }
      if parts.isEmpty { continue }
      guard parts.count == 2 else { throw refuse("\(parts.count) words, not a token and its rank") }
      let encoded = String(decoding: parts[0], as: UTF8.self)
      // Whisper's file has an empty token, which is never chosen, in the form that Python reads.
      guard let data = encoded == "=" ? Data() : Data(base64Encoded: encoded) else {
        throw refuse("'\(encoded)' is no base64")
      }
      let digits = String(decoding: parts[1], as: UTF8.self)
      guard let rank = Int(digits), (0..<TokenTexts.mostTokens).contains(rank) else {
        throw refuse("'\(digits)' is no rank (0 to \(TokenTexts.mostTokens - 1))")
      }
      let (place, isNew) = lines.insert(Array(data))
      guard isNew else { throw refuse("the token stands in line \(lineNumbers[place]) already") }
      lineNumbers.append(index + 1)
      if rank >= texts.count { texts += [[UInt8]?](repeating: nil, count: rank + 1 - texts.count) }
      guard texts[rank] == nil else { throw refuse("an earlier line has the rank \(rank), too") }
      texts[rank] = Array(data)
    }
    guard !texts.isEmpty else { throw VocabularyError("it is empty; a rank file has lines of '<base64> <rank>'") }
    self.texts = texts
  }

  func tokenizer(_ spec: ResolvedSpec, split: String, _ source: ImportedTokenizer.Source) throws -> ImportedTokenizer {
    let ids = texts.indices.filter { texts[$0]?.isEmpty == false }.map { Token($0) }
    let vocabulary = try BPEVocabulary(ranked: ids.map { texts[Int($0)] ?? [] })
    let merges = MergeSegmenter(vocabulary, takesWholeTokens: true)
    let encoder = PreTokenEncoder(
      try PreTokenizer(expression: TiktokenSplit.expression(split)), RenamingSegmenter(base: merges, ids: ids))
    return ImportedTokenizer(spec: spec, source: source, texts: try TokenTexts(texts), encoder: encoder)
  }
}

public struct TiktokenBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "Tiktoken", summary: "an existing rank file, with tiktoken's ids",
    parameters: [
      Parameter("file", .file, summary: "lines of '<base64> <rank>'"),
      Parameter(
        "split", .choice(TiktokenSplit.names), default: "gpt2", alwaysShown: true,
        summary: "pre-tokens, across which no token reaches: the pattern that the ranks were made for"),
    ], source: "docs/vocabularies.md; Radford et al. 2019, section 2.2",
    libraries: ["pcre2": PreTokenizer.libraryVersion])

  /// Of a saved tokenizer.
  static let fileName = "ranks.tiktoken"

  public func validate(_ spec: ResolvedSpec) throws { try spec.requireFile("file", example: "ranks.tiktoken") }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    try make(spec, try spec.contents(of: "file") ?? [], path: spec["file"] ?? "")
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let path = folder + "/" + Self.fileName
    return try make(spec, try readFile(path), path: path)
  }

  private func make(_ spec: ResolvedSpec, _ bytes: [UInt8], path: String) throws -> any Tokenizer {
    do {
      return try TiktokenFile(bytes).tokenizer(
        spec, split: spec["split"] ?? "gpt2", ImportedTokenizer.Source(name: Self.fileName, bytes: bytes))
    } catch let error as VocabularyError {
      throw TokenizerError.damagedFile(path, reason: error.description)
    }
  }
}

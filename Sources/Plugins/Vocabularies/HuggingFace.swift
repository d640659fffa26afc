import Support
import Tokenizers

public struct HuggingFaceBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "HuggingFace", summary: "an existing tokenizer.json (BPE or Unigram), with the ids of the tokenizers library",
    parameters: [Parameter("file", .file, summary: "the tokenizer.json, as Tokenizer.save writes it")],
    source: "docs/vocabularies.md; BPE: Sennrich et al. 2016, section 3.2; Unigram: Kudo 2018, section 3.1",
    version: 3, libraries: ["pcre2": PreTokenizer.libraryVersion])

  /// Of a saved tokenizer; `tokenizer.json` there is this program's own.
  static let fileName = "huggingface.json"

  public func validate(_ spec: ResolvedSpec) throws { try spec.requireFile("file", example: "tokenizer.json") }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    try make(spec, try spec.contents(of: "file") ?? [], path: spec["file"] ?? "")
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let path = folder + "/" + Self.fileName
    return try make(spec, try readFile(path), path: path)
  }

  private func make(_ spec: ResolvedSpec, _ bytes: [UInt8], path: String) throws -> any Tokenizer {
    do {
      return try HuggingFaceFile(bytes).tokenizer(spec, ImportedTokenizer.Source(name: Self.fileName, bytes: bytes))
    } catch let error as VocabularyError {
      throw TokenizerError.damagedFile(path, reason: error.description)
    }
  }
}

extension ResolvedSpec {
  /// - Throws: ``TokenizerError/invalidParameter(_:value:tokenizer:reason:)`` where a file that must be given is not.
  func requireFile(_ key: String, example: String) throws {
    guard files[key] == nil else { return }
    throw TokenizerError.invalidParameter(
      key, value: "", tokenizer: name, reason: "it must be given, as in \(name)[\(key)=\(example)]")
  }
}

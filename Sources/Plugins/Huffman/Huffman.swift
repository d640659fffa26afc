import Tokenizers

/// A Huffman code of the training split's byte frequencies, cut into tokens of log2 v bits: `StaticAC` in whole bits, so
/// that a byte has one code wherever it stands.
struct HuffmanTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int
  let model: UnigramByteModel
  private let code: HuffmanCode

  init(spec: ResolvedSpec, vocabularySize: Int, model: UnigramByteModel) {
    (self.spec, self.vocabularySize, self.model) = (spec, vocabularySize, model)
    // Bytes that the training text lacks have a code too.
    code = HuffmanCode(weights: model.counts.map { $0 + 1 })
  }

  private var width: Int { BitPacking.width(vocabularySize: vocabularySize) }

  func encode(_ bytes: [UInt8]) -> [Token] {
    let bits = code.encode(bytes)
    return BitPacking.tokens(fromBits: bits.bytes, bitCount: bits.bitCount, width: width)
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    let (text, _) = code.decode(BitPacking.bytes(fromTokens: tokens, width: width), count: byteCount)
    guard text.count == byteCount, encode(text) == tokens else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName,
        reason: "no text of \(byteCount) bytes has them; the tokens or the byte count are damaged")
    }
    return text
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    code.decode(BitPacking.bytes(fromTokens: tokens, width: width), count: max(0, maximumBytes)).symbols
  }

  func save(to folder: String) throws { try model.save(to: folder) }
}

public struct HuffmanBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "Huffman", summary: "a Huffman code of the training split's byte frequencies, cut into tokens of log2 v bits",
    parameters: [chunkVocabulary], source: "Huffman 1952")
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.chunkVocabularySize }
  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    HuffmanTokenizer(
      spec: spec, vocabularySize: spec.chunkVocabularySize, model: UnigramByteModel(of: try context.examples()))
  }
  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    HuffmanTokenizer(
      spec: spec, vocabularySize: spec.chunkVocabularySize, model: try UnigramByteModel.load(from: folder))
  }
}

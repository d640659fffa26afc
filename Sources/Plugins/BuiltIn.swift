import Tokenizers

/// Every tokenizer family of this project, in one visible list. Add yours here, or pass a longer list to your own
/// program (docs/adding-a-tokenizer.md).
public let builtInBackends: [any TokenizerBackend] = [
  BytesBackend(),
  SentencePieceBackend(),
  BPEBackend(),
  SuperBPEBackend(),
  PickyBPEBackend(),
  ByteSpanBackend(),
  GZipBackend(),
  ArithmeticCodingBackend(),
  StaticArithmeticCodingBackend(),
  EqualInfoBackend(),
  M1DictionaryBackend(),
  LZWBackend(),
  LZWDictionaryBackend(),
  HuffmanBackend(),
  RankBackend(),
  TiktokenBackend(),
  HuggingFaceBackend(),
]

let paper = "Lester et al. 2024, Training LLMs over Neurally Compressed Text"

/// `v` of the backends that cut bits into tokens.
let chunkVocabulary = Parameter(
  "v", .powerOfTwo(2...65_536), default: "65k", alwaysShown: true,
  summary: "vocabulary size; tokens carry log2 v bits")

extension ResolvedSpec {
  /// The value of ``chunkVocabulary``.
  var chunkVocabularySize: Int { integer(chunkVocabulary.key) ?? 65_536 }
}

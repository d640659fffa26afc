import Tokenizers

/// Arithmetic coding of the whole example under byte frequencies that never change, cut into tokens of log2 v bits: the
/// same codes as ``ArithmeticCodingTokenizer`` writes under that model, without asking it at every byte.
struct StaticArithmeticCodingTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int
  let model: UnigramByteModel
  /// Of each byte.
  private let intervals: [SymbolInterval]
  /// The byte that owns each of the 2^precision places.
  private let symbols: [UInt8]

  init(spec: ResolvedSpec, vocabularySize: Int, model: UnigramByteModel) {
    (self.spec, self.vocabularySize, self.model) = (spec, vocabularySize, model)
    var below: UInt32 = 0
    let intervals = model.frequencies(precision: ArithmeticCodingTokenizer.precision).map { frequency in
      defer { below += frequency }
      return SymbolInterval(cumulative: below, frequency: frequency)
    }
    self.intervals = intervals
    symbols = intervals.indices.flatMap { [UInt8](repeating: UInt8($0), count: Int(intervals[$0].frequency)) }
  }

  private var width: Int { BitPacking.width(vocabularySize: vocabularySize) }

  func encode(_ bytes: [UInt8]) -> [Token] {
    let code = arithmeticCode(of: bytes.lazy.map { intervals[Int($0)] })
    return BitPacking.tokens(fromBits: code.bytes, bitCount: code.bitCount, width: width)
  }

  private func next(_ decoder: inout ArithmeticDecoder) -> UInt8 {
    decoder.decode(precision: ArithmeticCodingTokenizer.precision) { place in
      let symbol = symbols[Int(place)]
      return (symbol, intervals[Int(symbol)])
    }.symbol
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    var decoder = ArithmeticDecoder(BitPacking.bytes(fromTokens: tokens, width: width))
    let text = (0..<byteCount).map { _ in next(&decoder) }
    // Codes are canonical: a text whose own code is another one was not encoded by this tokenizer.
    guard encode(text) == tokens else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName,
        reason: "no text of \(byteCount) bytes has them; the tokens or the byte count are damaged")
    }
    return text
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    var decoder = ArithmeticDecoder(BitPacking.bytes(fromTokens: tokens, width: width))
    var text: [UInt8] = []
    while text.count < maximumBytes, !decoder.isPastEnd { text.append(next(&decoder)) }
    return text
  }

  func save(to folder: String) throws { try model.save(to: folder) }
}

public struct StaticArithmeticCodingBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "StaticAC", summary: "arithmetic coding under the training split's byte frequencies",
    parameters: [chunkVocabulary], source: "\(paper), section 3.3")
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.chunkVocabularySize }
  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    StaticArithmeticCodingTokenizer(
      spec: spec, vocabularySize: spec.chunkVocabularySize, model: UnigramByteModel(of: try context.examples()))
  }
  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    StaticArithmeticCodingTokenizer(
      spec: spec, vocabularySize: spec.chunkVocabularySize, model: try UnigramByteModel.load(from: folder))
  }
}

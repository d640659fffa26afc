import Support
import Tokenizers

/// Arithmetic coding of the whole example under a byte model, cut into tokens of log2 v bits.
struct ArithmeticCodingTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int
  let model: any ByteModel
  static let precision = QuantisedDistribution.codingPrecision
  /// Examples that one thread decodes side by side.
  static let streams = 64

  var width: Int { BitPacking.width(vocabularySize: vocabularySize) }
  var flopsPerByte: Double { model.flopsPerByte(meanContext: nil) }

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    tokens(try checkedIntervals(of: bytes, under: model))
  }

  private func tokens(_ intervals: [SymbolInterval]) -> [Token] {
    let code = arithmeticCode(of: intervals)
    return BitPacking.tokens(fromBits: code.bytes, bitCount: code.bitCount, width: width)
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try decode(examples: [(tokens, byteCount)], threads: 1)[0]
  }

  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    for example in examples { try check(example.tokens, byteCount: example.byteCount) }
    let groups = evenGroups(examples.count, largest: Self.streams, threads: threads)
    let parts = try parallelMap(groups.count, threads: threads) { g in
      try decode(group: Array(examples[groups[g]]))
    }
    return Array(parts.joined())
  }

  private func decode(group: [(tokens: [Token], byteCount: Int)]) throws -> [[UInt8]] {
    var decoders = group.map { ArithmeticDecoder(BitPacking.bytes(fromTokens: $0.tokens, width: width)) }
    var intervals = [[SymbolInterval]](repeating: [], count: group.count)
    let texts = try model.texts(ofBytes: group.map(\.byteCount), precision: Self.precision) { stream, distribution in
      let (byte, interval) = decoders[stream].decode(distribution)
      intervals[stream].append(interval)
      return byte
    }
    // Codes are canonical: a text whose own code is another one was not encoded by this tokenizer.
    for (stream, example) in group.enumerated() where tokens(intervals[stream]) != example.tokens {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName,
        reason: "no text of \(example.byteCount) bytes has them; the tokens or the byte count are damaged")
    }
    return texts
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    var decoder = ArithmeticDecoder(BitPacking.bytes(fromTokens: tokens, width: width))
    let streams = model.makeStreams(count: 1)
    let buffer = DistributionBuffer()
    var text: [UInt8] = []
    while text.count < maximumBytes, !decoder.isPastEnd,
      let distribution = try? buffer.read(0, of: streams, precision: Self.precision)
    {
      text.append(decoder.decode(distribution).symbol)
      streams.append(text[text.count - 1], to: 0)
      streams.evaluate()
    }
    return text
  }

  func save(to folder: String) throws { try model.save(to: folder) }
}

private func checkedIntervals(of text: [UInt8], under model: any ByteModel) throws -> [SymbolInterval] {
  let intervals = try model.intervals(of: text, precision: ArithmeticCodingTokenizer.precision)
  guard intervals.count == text.count,
    intervals.allSatisfy({ $0.isPossible(precision: ArithmeticCodingTokenizer.precision) })
  else { throw TokenizerError.invalidDistribution(reason: "the intervals of a text are not one a byte, or too wide") }
  return intervals
}

func arithmeticCode(of intervals: some Sequence<SymbolInterval>) -> (bytes: [UInt8], bitCount: Int) {
  var encoder = ArithmeticEncoder()
  for interval in intervals { encoder.encode(interval, precision: ArithmeticCodingTokenizer.precision) }
  return encoder.finish()
}

/// Bits of the texts' arithmetic codes under the model, and the Σ -log2 q that no code can undercut.
public func codeLength(of texts: [[UInt8]], under model: any ByteModel, threads: Int) throws -> (
  bits: Int, ideal: Double
) {
  let lengths = try parallelMap(texts.count, threads: threads) { index in
    let intervals = try checkedIntervals(of: texts[index], under: model)
    return (
      bits: arithmeticCode(of: intervals).bitCount,
      ideal: model.informationBits(of: intervals, precision: ArithmeticCodingTokenizer.precision)
    )
  }
  return (lengths.reduce(0) { $0 + $1.bits }, lengths.reduce(0) { $0 + $1.ideal })
}

public struct ArithmeticCodingBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "AC", summary: "arithmetic coding of the whole example under M1", parameters: [chunkVocabulary],
    needsByteModel: true, source: "\(paper), section 3.3")
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.chunkVocabularySize }
  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    ArithmeticCodingTokenizer(
      spec: spec, vocabularySize: spec.chunkVocabularySize, model: try context.byteModel())
  }
  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    ArithmeticCodingTokenizer(
      spec: spec, vocabularySize: spec.chunkVocabularySize, model: try context.byteModel(folder))
  }
}

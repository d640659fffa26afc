import Foundation
import Support
import Tokenizers
import Transformer

/// Arithmetic coding of the whole example under a byte model, cut into tokens of log2 v bits.
struct ArithmeticCodingTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int
  let model: any ByteModel
  static let precision = 14
  /// Examples that one thread decodes side by side.
  static let streams = 64

  var width: Int { BitPacking.width(vocabularySize: vocabularySize) }
  var flopsPerByte: Double { model.flopsPerByte }

  func encode(_ bytes: [UInt8]) throws -> [Token] { tokens(model.intervals(of: bytes, precision: Self.precision)) }

  private func tokens(_ intervals: [SymbolInterval]) -> [Token] {
    var encoder = ArithmeticEncoder()
    for interval in intervals { encoder.encode(interval, precision: Self.precision) }
    let code = encoder.finish()
    return BitPacking.tokens(fromBits: code.bytes, bitCount: code.bitCount, width: width)
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try decode(examples: [(tokens, byteCount)], threads: 1)[0]
  }

  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    for example in examples { try checkRange(example.tokens) }
    let groups = evenGroups(examples.count, largest: Self.streams, threads: threads)
    let parts = try parallelMap(groups.count, threads: threads) { g in
      try decode(group: Array(examples[groups[g]]))
    }
    return Array(parts.joined())
  }

  private func decode(group: [(tokens: [Token], byteCount: Int)]) throws -> [[UInt8]] {
    var decoders = group.map { ArithmeticDecoder(BitPacking.bytes(fromTokens: $0.tokens, width: width)) }
    let streams = model.makeStreams(count: group.count)
    var texts = [[UInt8]](repeating: [], count: group.count)
    var intervals = [[SymbolInterval]](repeating: [], count: group.count)
    let table = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
    defer { table.deallocate() }
    for position in 0..<(group.map(\.byteCount).max() ?? 0) {
      for stream in group.indices where position < group[stream].byteCount {
        streams.frequencies(of: stream, precision: Self.precision, into: table)
        let (byte, interval) = decoders[stream].decode(UnsafeBufferPointer(table), precision: Self.precision)
        texts[stream].append(byte)
        intervals[stream].append(interval)
        if position + 1 < group[stream].byteCount { streams.append(byte, to: stream) }
      }
      streams.evaluate()
    }
    // Codes are canonical: a text whose own code is another one was not encoded by this tokenizer.
    for (stream, example) in group.enumerated() where tokens(intervals[stream]) != example.tokens {
      throw corrupt(example.byteCount)
    }
    return texts
  }

  private func corrupt(_ byteCount: Int) -> TokenizerError {
    .corruptTokens(
      tokenizer: spec.canonicalName,
      reason: "no text of \(byteCount) bytes has them; the tokens or the byte count are damaged")
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    let valid = tokens.map { $0 & Token(vocabularySize - 1) }
    var decoder = ArithmeticDecoder(BitPacking.bytes(fromTokens: valid, width: width))
    let streams = model.makeStreams(count: 1)
    let table = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
    defer { table.deallocate() }
    var text: [UInt8] = []
    while text.count < maximumBytes, !decoder.isPastEnd {
      streams.frequencies(of: 0, precision: Self.precision, into: table)
      text.append(decoder.decode(UnsafeBufferPointer(table), precision: Self.precision).symbol)
      streams.append(text[text.count - 1], to: 0)
      streams.evaluate()
    }
    return text
  }

  func save(to folder: String) throws { try model.save(to: folder) }
}

/// Bits of the texts' arithmetic codes under the model, and the Σ -log2 q that no code can undercut.
public func codeLength(of texts: [[UInt8]], under model: any ByteModel, threads: Int) throws -> (
  bits: Int, ideal: Double
) {
  let precision = ArithmeticCodingTokenizer.precision
  let lengths = try parallelMap(texts.count, threads: threads) { index in
    var encoder = ArithmeticEncoder()
    var ideal = 0.0
    for interval in model.intervals(of: texts[index], precision: precision) {
      encoder.encode(interval, precision: precision)
      ideal += Double(precision) - log2(Double(interval.frequency))
    }
    return (bits: encoder.finish().bitCount, ideal: ideal)
  }
  return (lengths.reduce(0) { $0 + $1.bits }, lengths.reduce(0) { $0 + $1.ideal })
}

public struct ArithmeticCodingBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "AC", summary: "arithmetic coding of the whole example under M1", parameters: [chunkVocabulary],
    needsByteModel: true, source: "\(paper), section 3.3")
  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    make(spec, try context.byteModel())
  }
  public func load(_ spec: ResolvedSpec, from folder: String) throws -> any Tokenizer {
    make(spec, try NeuralByteModel.load(from: folder))
  }
  private func make(_ spec: ResolvedSpec, _ model: any ByteModel) -> any Tokenizer {
    ArithmeticCodingTokenizer(spec: spec, vocabularySize: spec.integer("v") ?? 65_536, model: model)
  }
}

public struct StaticArithmeticCodingBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "StaticAC", summary: "arithmetic coding under the training split's byte frequencies",
    parameters: [chunkVocabulary], source: "\(paper), section 3.3")
  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    var counts = [Int](repeating: 0, count: 256)
    for example in try context.examples() {
      for byte in example { counts[Int(byte)] += 1 }
    }
    return make(spec, UnigramByteModel(counts: counts))
  }
  public func load(_ spec: ResolvedSpec, from folder: String) throws -> any Tokenizer {
    make(spec, try UnigramByteModel.load(from: folder))
  }
  private func make(_ spec: ResolvedSpec, _ model: any ByteModel) -> any Tokenizer {
    ArithmeticCodingTokenizer(spec: spec, vocabularySize: spec.integer("v") ?? 65_536, model: model)
  }
}

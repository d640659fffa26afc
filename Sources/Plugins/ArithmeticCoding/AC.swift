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

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    var encoder = ArithmeticEncoder()
    for interval in model.intervals(of: bytes, precision: Self.precision) {
      encoder.encode(interval, precision: Self.precision)
    }
    let code = encoder.finish()
    return BitPacking.tokens(fromBits: code.bytes, bitCount: code.bitCount, width: width)
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try decode(examples: [(tokens, byteCount)], threads: 1)[0]
  }

  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    let group = max(1, min(Self.streams, (examples.count + threads - 1) / max(1, threads)))
    let groups = (examples.count + group - 1) / group
    let parts = try parallelMap(groups, threads: threads) { g in
      try decode(group: Array(examples[g * group..<min(examples.count, (g + 1) * group)]))
    }
    return Array(parts.joined())
  }

  private func decode(group: [(tokens: [Token], byteCount: Int)]) throws -> [[UInt8]] {
    var decoders: [ArithmeticDecoder] = []
    for example in group {
      try checkRange(example.tokens)
      decoders.append(ArithmeticDecoder(BitPacking.bytes(fromTokens: example.tokens, width: width)))
    }
    let longest = group.map(\.byteCount).max() ?? 0
    let streams = model.makeStreams(count: group.count, horizon: longest)
    var texts = group.map { example -> [UInt8] in
      var text: [UInt8] = []
      text.reserveCapacity(example.byteCount)
      return text
    }
    let table = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
    defer { table.deallocate() }
    for position in 0..<longest {
      for stream in group.indices where position < group[stream].byteCount {
        streams.frequencies(of: stream, precision: Self.precision, into: table)
        let byte = decoders[stream].decode(UnsafeBufferPointer(table), precision: Self.precision)
        texts[stream].append(byte)
        if position + 1 < group[stream].byteCount { streams.append(byte, to: stream) }
      }
      streams.evaluate()
    }
    // A code is canonical: text that encodes to other tokens was not encoded by this tokenizer.
    for (index, example) in group.enumerated() where example.byteCount == 0 && !example.tokens.isEmpty {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "example \(index) has \(example.tokens.count) tokens for no bytes")
    }
    return texts
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    let valid = tokens.map { $0 & Token(vocabularySize - 1) }
    var decoder = ArithmeticDecoder(BitPacking.bytes(fromTokens: valid, width: width))
    let streams = model.makeStreams(count: 1, horizon: maximumBytes)
    let table = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
    defer { table.deallocate() }
    var text: [UInt8] = []
    while text.count < maximumBytes, !decoder.isPastEnd {
      streams.frequencies(of: 0, precision: Self.precision, into: table)
      text.append(decoder.decode(UnsafeBufferPointer(table), precision: Self.precision))
      streams.append(text[text.count - 1], to: 0)
      streams.evaluate()
    }
    return text
  }

  func save(to folder: String) throws { try model.save(to: folder) }

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

import Foundation
import Support
import Tokenizers
import Transformer

/// Text cut into windows that each code into exactly b bits; the bits cut into tokens of log2 v.
struct EqualInfoTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int
  let coder: WindowCoder
  /// Present where the windows are a fixed dictionary of at most 2^20 texts.
  let codebook: WindowDictionary?

  var bits: Int { coder.bits }
  var width: Int { BitPacking.width(vocabularySize: vocabularySize) }
  /// A compiled codebook runs no model.
  var flopsPerByte: Double { codebook == nil ? coder.model.flopsPerByte : 0 }
  /// The paper's rule does not decode every window.
  var isLossless: Bool { coder.rule != .greedy }

  func encode(_ bytes: [UInt8]) throws -> [Token] { try encode(examples: [bytes], threads: 1)[0] }

  func encode(examples: [[UInt8]], threads: Int) throws -> [[Token]] {
    if let codebook {
      return try parallelMap(examples.count, threads: threads) { index in
        let codes = codebook.encode(examples[index])
        return width == bits ? codes : tokens(codes.map { UInt128($0) })
      }
    }
    return try coder.encode(examples: examples, threads: threads).map { tokens($0.codes) }
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try decode(examples: [(tokens, byteCount)], threads: 1)[0]
  }

  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    for example in examples { try checkRange(example.tokens) }
    if let codebook, width == bits {
      return try parallelMap(examples.count, threads: threads) { index in
        let (tokens, byteCount) = examples[index]
        let (text, used, isWhole) = codebook.decode(tokens, byteCount: byteCount)
        guard text.count == byteCount, isWhole, used == tokens.count else { throw corrupt(byteCount) }
        return text
      }
    }
    let codes = examples.map { self.codes($0.tokens) }
    let decoded: [(text: [UInt8], used: Int, isWhole: Bool)]
    if let codebook {
      decoded = try parallelMap(examples.count, threads: threads) { index in
        codebook.decode(codes[index].map { UInt32($0) }, byteCount: examples[index].byteCount)
      }
    } else {
      decoded = try coder.decode(examples: zip(codes, examples).map { ($0, $1.byteCount) }, threads: threads).map {
        ($0.text, $0.lengths.count, $0.isWhole)
      }
    }
    // The windows that make the text have these very tokens, padding included.
    return try decoded.indices.map { i in
      let (text, used, isWhole) = decoded[i]
      guard text.count == examples[i].byteCount, isWhole, tokens(Array(codes[i].prefix(used))) == examples[i].tokens
      else { throw corrupt(examples[i].byteCount) }
      return text
    }
  }

  private func corrupt(_ byteCount: Int) -> TokenizerError {
    .corruptTokens(
      tokenizer: spec.canonicalName,
      reason: "their windows do not make \(byteCount) bytes; the tokens or the byte count are damaged")
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    let codes = codes(tokens.map { $0 & Token(vocabularySize - 1) })
    if let codebook { return codebook.decode(codes.map { UInt32($0) }, byteCount: maximumBytes).text }
    return (try? coder.decode(examples: [(codes, maximumBytes)], threads: 1)[0].text) ?? []
  }

  /// Codes of b bits each, most significant bit first, packed into tokens.
  func tokens(_ codes: [UInt128]) -> [Token] {
    var result: [Token] = []
    result.reserveCapacity((codes.count * bits + width - 1) / width)
    var pending: Token = 0
    var held = 0
    for code in codes {
      var left = bits
      while left > 0 {
        let count = min(left, width - held)
        left -= count
        pending = pending << Token(count) | Token(truncatingIfNeeded: code >> UInt128(left)) & (1 << Token(count) - 1)
        held += count
        if held == width {
          result.append(pending)
          (pending, held) = (0, 0)
        }
      }
    }
    if held > 0 { result.append(pending << Token(width - held)) }
    return result
  }

  /// The whole codes in the tokens. Where a token holds several windows, the last one's padding may make up to
  /// (width - 1) / b codes too many; the byte count stops decoding before them.
  func codes(_ tokens: [Token]) -> [UInt128] {
    var result: [UInt128] = []
    result.reserveCapacity(tokens.count * width / bits)
    var code: UInt128 = 0
    var held = 0
    for token in tokens {
      var left = width
      while left > 0 {
        let count = min(left, bits - held)
        left -= count
        code = code << UInt128(count) | UInt128(token >> Token(left)) & (1 << UInt128(count) - 1)
        held += count
        if held == bits {
          result.append(code)
          (code, held) = (0, 0)
        }
      }
    }
    return result
  }

  /// Windows, bytes per window, and the share of windows whose code decodes to another text.
  func facts(about examples: [[UInt8]]) throws -> [String: Double] {
    var windows = 0
    var undecodable = 0
    let bytes = examples.reduce(0) { $0 + $1.count }
    if let codebook {
      for example in examples { windows += codebook.encode(example).count }
    } else {
      let coded = try coder.encode(examples: examples, threads: 2)
      windows = coded.reduce(0) { $0 + $1.codes.count }
      undecodable = coded.reduce(0) { $0 + $1.ambiguous }
    }
    guard windows > 0 else { return [:] }
    return [
      "windows": Double(windows), "bytesPerWindow": Double(bytes) / Double(windows),
      "undecodableWindowShare": Double(undecodable) / Double(windows),
    ]
  }

  func save(to folder: String) throws {
    try coder.model.save(to: folder)
    try codebook?.write(to: folder + "/" + WindowDictionary.fileName)
  }
}

public struct EqualInfoBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "EqualInfoAC", summary: "windows of text that each code into exactly b bits under M1",
    parameters: [
      Parameter("b", .integer(8...128, thousand: 1000), default: "16", alwaysShown: true, summary: "bits of a window"),
      chunkVocabulary,
      Parameter(
        "end", .choice(WindowRule.allCases.map(\.rawValue)), default: "reserve",
        summary: "how a window ends: reserve is lossless by construction, greedy is the paper's, delay looks ahead"),
      Parameter("reset", .countOr(word: "never"), default: "1", summary: "M1 starts afresh every so many windows"),
    ], needsByteModel: true, source: "\(paper), section 3.3 and appendix A")

  public func validate(_ spec: ResolvedSpec) throws {
    if spec["end"] == "delay", spec["reset"] != "1" {
      throw TokenizerError.invalidParameter(
        "reset", value: spec["reset"] ?? "", tokenizer: spec.name, reason: "end=delay looks ahead and needs reset=1")
    }
  }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    let model = try context.byteModel()
    return try make(spec, model) { bits in
      context.report("compiling the codebook of \(spec.canonicalName)")
      return try WindowDictionary(codebookOf: bits, model: model, threads: context.threads)
    }
  }

  public func load(_ spec: ResolvedSpec, from folder: String) throws -> any Tokenizer {
    let model = try NeuralByteModel.load(from: folder)
    return try make(spec, model) { bits in
      try WindowDictionary(
        path: folder + "/" + WindowDictionary.fileName, count: 1 << bits, fingerprint: model.fingerprint)
    }
  }

  private func make(_ spec: ResolvedSpec, _ model: any ByteModel, codebook: (Int) throws -> WindowDictionary)
    throws -> any Tokenizer
  {
    let bits = spec.integer("b") ?? 16
    let coder = WindowCoder(
      model: model, bits: bits, rule: WindowRule(rawValue: spec["end"] ?? "reserve") ?? .reserve,
      reset: spec["reset"] == "never" ? nil : spec.integer("reset") ?? 1)
    return EqualInfoTokenizer(
      spec: spec, vocabularySize: spec.integer("v") ?? 65_536, coder: coder,
      codebook: coder.rule == .reserve && coder.reset == 1 && bits <= 20 ? try codebook(bits) : nil)
  }
}

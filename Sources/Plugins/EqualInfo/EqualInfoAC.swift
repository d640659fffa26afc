import Support
import Tokenizers

/// Text cut into windows that each code into exactly b bits; the bits cut into tokens of log2 v.
struct EqualInfoTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int
  let coder: WindowCoder
  let runs: Runs

  /// What finds the windows.
  enum Runs: Sendable {
    /// A fixed dictionary of at most 2^20 texts. No model is run.
    case codebook(PrefixDictionary)
    /// M1, at that cost.
    case model(WindowCost)
  }

  var bits: Int { coder.bits }
  var width: Int { BitPacking.width(vocabularySize: vocabularySize) }
  var isLossless: Bool { coder.rule != .greedy }
  /// Finding the cuts, and M1 where it runs. Cuts cost nothing in decoding.
  var flopsPerByte: Double {
    switch runs {
    case .codebook: coder.cuts.flopsPerByte
    case .model(let cost): coder.cuts.flopsPerByte + cost.flopsPerByte(under: coder.model)
    }
  }

  // MARK: Encoding

  func encode(_ bytes: [UInt8]) throws -> [Token] { try encode(examples: [bytes], threads: 1)[0] }

  func encode(examples: [[UInt8]], threads: Int) throws -> [[Token]] {
    switch runs {
    case .codebook(let codebook):
      return try parallelMap(examples.count, threads: threads) { packed(try codes(of: examples[$0], codebook)) }
    case .model:
      return try coder.encode(examples: examples, threads: threads).map { packed($0.codes) }
    }
  }

  /// Windows between the cuts.
  private func codes(of text: [UInt8], _ codebook: PrefixDictionary) throws -> [UInt32] {
    if case .none = coder.cuts.rule { return codebook.encode(text) }
    var codes: [UInt32] = []
    var start = 0
    for end in try coder.cuts.ends(of: text) {
      codes += codebook.encode(Array(text[start..<end]))
      start = end
    }
    return codes
  }

  /// Codes of b bits each, cut into tokens.
  private func packed<Code: FixedWidthInteger & UnsignedInteger>(_ codes: [Code]) -> [Token] {
    if width == bits, let tokens = codes as? [Token] { return tokens }
    return BitPacking.repack(codes, of: bits, into: width, padded: true)
  }

  /// The whole codes in the tokens. Where a token holds several windows, the last one's padding may make up to
  /// (width - 1) / b codes too many; the byte count stops decoding before them.
  private func codes<Code: FixedWidthInteger & UnsignedInteger>(_ tokens: [Token], as type: Code.Type) -> [Code] {
    if width == bits, let codes = tokens as? [Code] { return codes }
    return BitPacking.repack(tokens, of: width, into: bits, padded: false)
  }

  // MARK: Decoding

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try decode(examples: [(tokens, byteCount)], threads: 1)[0]
  }

  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    for example in examples { try check(example.tokens, byteCount: example.byteCount) }
    switch runs {
    case .codebook(let codebook):
      return try parallelMap(examples.count, threads: threads) { index in
        let codes = codes(examples[index].tokens, as: UInt32.self)
        let (text, used, isWhole) = codebook.decode(codes, byteCount: examples[index].byteCount)
        try checkWhole(examples[index], text, isWhole, used == codes.count ? codes : Array(codes[..<used]))
        return text
      }
    case .model:
      let codes = examples.map { self.codes($0.tokens, as: UInt128.self) }
      let decoded = try coder.decode(examples: zip(codes, examples).map { ($0, $1.byteCount) }, threads: threads)
      for (index, decoding) in decoded.enumerated() {
        try checkWhole(
          examples[index], decoding.text, decoding.isWhole, Array(codes[index].prefix(decoding.lengths.count)))
      }
      return decoded.map(\.text)
    }
  }

  /// The windows that make the text have these very tokens, padding included.
  private func checkWhole<Code: FixedWidthInteger & UnsignedInteger>(
    _ example: (tokens: [Token], byteCount: Int), _ text: [UInt8], _ isWhole: Bool, _ used: [Code]
  ) throws {
    guard text.count == example.byteCount, isWhole, packed(used) == example.tokens else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName,
        reason: "their windows do not make \(example.byteCount) bytes; "
          + (isLossless
            ? "the tokens or the byte count are damaged"
            : "this tokenizer's codes do not always decode (docs/equal-info-windows.md), or they are damaged"))
    }
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    let tokens = tokens.map { $0 & Token(vocabularySize - 1) }
    let byteCount = max(0, maximumBytes)
    switch runs {
    case .codebook(let codebook): return codebook.decode(codes(tokens, as: UInt32.self), byteCount: byteCount).text
    case .model:
      let decoded = try? coder.decode(examples: [(codes(tokens, as: UInt128.self), byteCount)], threads: 1)
      return decoded?.first?.text ?? []
    }
  }

  // MARK: What tokens stand for

  /// A window's bytes are known with its last token: the ones before stand for none. nil where windows and tokens do not
  /// fit into each other, and where codes do not decode.
  func byteCounts(of tokens: [Token], in example: [UInt8]) throws -> [Int]? {
    guard isLossless, width % bits == 0 || bits % width == 0 else { return nil }
    let windows: [Int]
    switch runs {
    case .codebook(let codebook): windows = codebook.byteCounts(of: try codes(of: example, codebook))
    case .model:
      let codes = [(codes(tokens, as: UInt128.self), example.count)]
      windows = try coder.decode(examples: codes, threads: 1)[0].lengths
    }
    return tokens.indices.map { token in
      if width >= bits {
        let each = width / bits
        return windows.dropFirst(token * each).prefix(each).reduce(0, +)
      }
      let each = bits / width
      return (token + 1) % each == 0 ? windows[token / each] : 0
    }
  }

  // MARK: Facts

  /// Windows, bytes per window, and under `greedy` the share of windows whose code decodes to another text.
  func facts(about examples: [[UInt8]], tokens: [[Token]], threads: Int) throws -> [String: Double] {
    let bytes = examples.reduce(0) { $0 + $1.count }
    // A token of several windows does not tell how many of them are padding.
    if isLossless, width <= bits {
      return windowFacts(windows: tokens.reduce(0) { $0 + $1.count * width / bits }, bytes: bytes)
    }
    if case .codebook(let codebook) = runs {
      return windowFacts(windows: try examples.reduce(0) { $0 + (try codes(of: $1, codebook)).count }, bytes: bytes)
    }
    let encodings = try coder.encode(examples: examples, threads: threads)
    let windows = encodings.reduce(0) { $0 + $1.codes.count }
    var facts = windowFacts(windows: windows, bytes: bytes)
    if !isLossless, windows > 0 {
      facts["undecodableWindowShare"] = Double(encodings.reduce(0) { $0 + $1.ambiguous }) / Double(windows)
    }
    return facts
  }

  func save(to folder: String) throws {
    try coder.model.save(to: folder)
    switch runs {
    case .codebook(let codebook): try codebook.write(to: folder + "/" + PrefixDictionary.fileName)
    case .model(let cost): try cost.save(to: folder)
    }
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
        "end", .choice(WindowRule.allCases.map(\.rawValue)), default: WindowRule.reserve.rawValue,
        summary: "how a window ends: reserve is lossless by construction, greedy is the paper's, delay looks ahead"),
      Parameter("reset", .countOr(word: "never"), default: "1", summary: "M1 starts afresh every so many windows"),
    ] + Cuts.parameters, needsByteModel: true,
    source: "\(paper), section 3.3 and appendix A; cuts: this project, docs/equal-info-windows.md; \(Cuts.source)",
    libraries: ["pcre2": PreTokenizer.libraryVersion])

  private func bits(_ spec: ResolvedSpec) -> Int { spec.integer("b") ?? 16 }
  private func rule(_ spec: ResolvedSpec) -> WindowRule { spec["end"].flatMap(WindowRule.init) ?? .reserve }

  public func validate(_ spec: ResolvedSpec) throws {
    if rule(spec) == .delay, spec.integer("reset") != 1 {
      throw TokenizerError.invalidParameter(
        "reset", value: spec["reset"] ?? "", tokenizer: spec.name, reason: "end=delay looks ahead and needs reset=1")
    }
    try Cuts.validate(spec)
    if let cut = spec["cut"], cut != "none", rule(spec) != .reserve {
      throw TokenizerError.invalidParameter(
        "cut", value: cut, tokenizer: spec.name,
        reason: "a cut ends a window that is not full, which only end=reserve has a code for")
    }
  }

  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.chunkVocabularySize }
  /// To find peaks of its entropy, M1 reads whole examples.
  public func windowBits(of spec: ResolvedSpec) -> Int? {
    spec["cut"] == "entropy" ? nil : spec.integer("reset").map { $0 * bits(spec) }
  }
  public func isLossless(_ spec: ResolvedSpec) -> Bool { rule(spec) != .greedy }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    let model = try context.byteModel()
    return try make(spec, model) { coder in
      context.report("compiling the codebook of \(spec.canonicalName)")
      return try PrefixDictionary(
        codebookOf: coder.bits, model: model, followers: coder.cuts.followers, threads: context.threads)
    } cost: { coder in
      try WindowCost(of: coder, on: context.examples(), threads: context.threads)
    }
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let model = try context.byteModel(folder)
    return try make(spec, model) { coder in
      try PrefixDictionary(
        path: folder + "/" + PrefixDictionary.fileName, count: 1 << coder.bits, fingerprint: model.fingerprint)
    } cost: { _ in
      try WindowCost.load(from: folder)
    }
  }

  private func make(
    _ spec: ResolvedSpec, _ model: any ByteModel, codebook: (WindowCoder) throws -> PrefixDictionary,
    cost: (WindowCoder) throws -> WindowCost
  ) throws -> any Tokenizer {
    let coder = WindowCoder(
      model: model, bits: bits(spec), rule: rule(spec), reset: spec.integer("reset"), cuts: try Cuts(spec, model))
    let isFixed = coder.rule == .reserve && coder.reset == 1 && PrefixDictionary.codebookBits.contains(coder.bits)
    return EqualInfoTokenizer(
      spec: spec, vocabularySize: spec.chunkVocabularySize, coder: coder,
      runs: isFixed ? .codebook(try codebook(coder)) : .model(try cost(coder)))
  }
}

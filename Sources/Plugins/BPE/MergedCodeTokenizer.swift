import Support
import Tokenizers

/// BPE over the tokens of another tokenizer instead of over bytes: `BPE[base=…]`.
///
/// Merges run over all of an example's tokens, since a code has no words; undone, they leave the other tokenizer's tokens,
/// which it decodes.
struct MergedCodeTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let base: any Tokenizer
  let tokens: ByteStringTable
  let rules: [BPEVocabulary.Rule]
  private let merges: PairTable
  /// Of each token, those of the base that it stands for.
  private let expansions: [[Token]]

  var vocabularySize: Int { tokens.count }
  var flopsPerByte: Double { base.flopsPerByte }
  var isLossless: Bool { base.isLossless }

  /// Tokens of the base that training reads: they are held in memory as they stand.
  static let trainingTokens = 1 << 24

  /// - Parameter tokens: of each token, those of the base that it stands for, four bytes each (``identity(of:)``).
  /// - Throws: ``BPEVocabularyError`` where they are not the base's tokens and what the rules make of them.
  init(_ spec: ResolvedSpec, base: any Tokenizer, tokens: ByteStringTable, rules: [BPEVocabulary.Rule]) throws {
    guard tokens.count >= base.vocabularySize,
      (0..<base.vocabularySize).allSatisfy({ tokens[$0].elementsEqual(Self.identity(of: Token($0))) })
    else { throw BPEVocabularyError("its first tokens are not those of \(base.spec)") }
    var known = base.vocabularySize
    for rule in rules {
      let (left, right, result) = (Int(rule.left), Int(rule.right), Int(rule.result))
      guard max(left, right) < known, result <= known, result < tokens.count,
        tokens[result].elementsEqual(Array(tokens[left]) + Array(tokens[right]))
      else { throw BPEVocabularyError("merge \(rule.rank) is impossible") }
      known = max(known, result + 1)
    }
    guard known == tokens.count else { throw BPEVocabularyError("token \(known) is made by no merge") }
    self.spec = spec
    self.base = base
    self.tokens = tokens
    self.rules = rules
    merges = PairTable(rules)
    expansions = (0..<tokens.count).map { token in
      let bytes = Array(tokens[token])
      return stride(from: 0, to: bytes.count, by: 4).map { i in
        bytes[i..<i + 4].reduce(0) { $0 << 8 | Token($1) }
      }
    }
  }

  /// What a token of the base is called in the table of tokens.
  static func identity(of token: Token) -> [UInt8] { withUnsafeBytes(of: token.bigEndian) { Array($0) } }

  private func merged(_ code: [Token]) -> [Token] {
    var code = code
    MergeSegmenter.mergeMany(&code, merges)
    return code
  }

  private func expanded(_ tokens: [Token]) -> [Token] { tokens.flatMap { expansions[Int($0)] } }

  func encode(_ bytes: [UInt8]) throws -> [Token] { merged(try base.encode(bytes)) }

  func encode(examples: [[UInt8]], threads: Int) throws -> [[Token]] {
    let codes = try base.encode(examples: examples, threads: threads)
    return try parallelMap(codes.count, threads: threads) { merged(codes[$0]) }
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    return try base.decode(expanded(tokens), byteCount: byteCount)
  }

  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    for example in examples { try check(example.tokens, byteCount: example.byteCount) }
    return try base.decode(examples: examples.map { (expanded($0.tokens), $0.byteCount) }, threads: threads)
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    base.decodeGenerated(expanded(tokens.filter { $0 < vocabularySize }), maximumBytes: maximumBytes)
  }

  func save(to folder: String) throws {
    try base.save(to: folder)
    try VocabularyFile(tokens: tokens, rules: rules.map { ($0.left, $0.right, $0.result) }).write(
      .mergedCode, to: folder)
  }
}

extension MergedCodeTokenizer {
  /// Names of what `base=` may be: codes that need no M1, and whose tokens are few enough to merge.
  static let bases = ["GZip[v=2]", "GZip[v=256]", "StaticAC[v=2]", "StaticAC[v=256]"]

  private static func backend(_ name: String) throws -> (any TokenizerBackend, ResolvedSpec) {
    let registry = try Registry([GZipBackend(), StaticArithmeticCodingBackend()])
    let spec = try registry.resolve(name)
    return (try registry.backend(named: spec.name), spec)
  }

  static func train(_ spec: ResolvedSpec, base name: String, context: TrainingContext) throws -> MergedCodeTokenizer {
    let (backend, baseSpec) = try backend(name)
    let base = try backend.train(baseSpec, context: context)
    context.report("merging the tokens of \(name) for \(spec.canonicalName)")
    var code: [Token] = []
    for example in try context.examples() {
      code += try base.encode(example)
      code.append(PairMerger.separator)
      if code.count >= trainingTokens { break }
    }
    guard code.contains(where: { $0 != PairMerger.separator }) else {
      throw TokenizerError.training(spec.canonicalName, reason: "there is no training text")
    }
    var merger = PairMerger(separated: code)
    var tokens = ByteStringTable(capacity: spec.mergeVocabularySize)
    for token in 0..<base.vocabularySize { _ = tokens.insert(identity(of: Token(token))) }
    var rules: [BPEVocabulary.Rule] = []
    try BPETraining.learn(spec.mergeVocabularySize, &merger, &tokens, &rules, name: spec.canonicalName)
    return try MergedCodeTokenizer(spec, base: base, tokens: tokens, rules: rules)
  }

  static func load(
    _ spec: ResolvedSpec, base name: String, from folder: String, context: LoadingContext
  ) throws -> MergedCodeTokenizer {
    let (backend, baseSpec) = try backend(name)
    let base = try backend.load(baseSpec, from: folder, context: context)
    let file = try VocabularyFile(.mergedCode, from: folder)
    return try VocabularyFile.checked(in: folder) {
      guard file.tokens.count == spec.mergeVocabularySize else {
        throw BPEVocabularyError("\(file.tokens.count) tokens, not \(spec.mergeVocabularySize)")
      }
      return try MergedCodeTokenizer(spec, base: base, tokens: file.tokens, rules: file.mergeRules)
    }
  }
}

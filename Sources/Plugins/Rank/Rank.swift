import Support
import Tokenizers

/// How M1 ranks each byte of the whole example, most probable first: a token is a run of bytes that M1 expected (rank
/// 0) and the rank of the byte after them.
///
/// With runs of at most R - 1, token = 256·run + rank, v = 256·R. A token covers run + 1 bytes, whose last has any rank
/// where the run is as long as a run can be, a rank above 0 where it is shorter; only the text's last token may end a
/// shorter run with rank 0.
/// Source: Valmeekam et al. 2023, LLMZip, section 3; ranks are of the quantised distribution, equally probable bytes in
/// byte order, so that they are the same on every machine.
struct RankTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int
  let model: any ByteModel

  private var longestRun: Int { vocabularySize / 256 - 1 }
  private static let precision = QuantisedDistribution.codingPrecision
  var flopsPerByte: Double { model.flopsPerByte(meanContext: nil) }

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    var tokens: [Token] = []
    var run = 0
    try model.distributions(along: bytes, precision: Self.precision) { place, frequencies in
      let rank = try QuantisedDistribution(frequencies, precision: Self.precision).rank(of: bytes[place])
      if rank == 0, run < longestRun, place + 1 < bytes.count {
        run += 1
      } else {
        tokens.append(Token(256 * run + rank))
        run = 0
      }
    }
    return tokens
  }

  /// The rank of every byte that tokens cover.
  private func ranks(_ tokens: [Token]) -> [UInt8] {
    tokens.flatMap { [UInt8](repeating: 0, count: Int($0 >> 8)) + [UInt8(truncatingIfNeeded: $0)] }
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try decode(examples: [(tokens, byteCount)], threads: 1)[0]
  }

  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    for (tokens, byteCount) in examples {
      try check(tokens, byteCount: byteCount)
      let isCanonical = tokens.dropLast().allSatisfy { $0 & 255 > 0 || $0 >> 8 == longestRun }
      guard isCanonical, tokens.reduce(0, { $0 + Int($1 >> 8) + 1 }) == byteCount else {
        throw TokenizerError.corruptTokens(
          tokenizer: spec.canonicalName,
          reason: "no text of \(byteCount) bytes has them; the tokens or the byte count are damaged")
      }
    }
    let ranks = examples.map { self.ranks($0.tokens) }
    let groups = evenGroups(examples.count, largest: ArithmeticCodingTokenizer.streams, threads: threads)
    let parts = try parallelMap(groups.count, threads: threads) { g in
      let group = Array(ranks[groups[g]])
      var places = [Int](repeating: 0, count: group.count)
      return try model.texts(ofBytes: group.map(\.count), precision: Self.precision) { stream, distribution in
        defer { places[stream] += 1 }
        return distribution.byte(ofRank: Int(group[stream][places[stream]]))
      }
    }
    return Array(parts.joined())
  }

  func byteCounts(of tokens: [Token], in example: [UInt8]) -> [Int]? { tokens.map { Int($0 >> 8) + 1 } }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    let limit = max(0, maximumBytes)
    // A token covers a byte at least.
    let ranks = ranks(tokens.prefix(limit).map { min($0, Token(vocabularySize - 1)) }).prefix(limit)
    var place = 0
    let texts = try? model.texts(ofBytes: [ranks.count], precision: Self.precision) { _, distribution in
      defer { place += 1 }
      return distribution.byte(ofRank: Int(ranks[place]))
    }
    return texts?.first ?? []
  }

  func save(to folder: String) throws { try model.save(to: folder) }
}

extension QuantisedDistribution {
  /// How many bytes are more probable, or as probable and lower: 0 … 255.
  func rank(of byte: UInt8) -> Int {
    let own = frequencies[Int(byte)]
    var rank = 0
    for other in 0..<256 where frequencies[other] > own || frequencies[other] == own && other < byte { rank += 1 }
    return rank
  }

  /// The byte that has a rank of 0 … 255.
  func byte(ofRank rank: Int) -> UInt8 {
    if rank == 0 { return UInt8(frequencies.indices.max { (frequencies[$0], $1) < (frequencies[$1], $0) } ?? 0) }
    let sorted = frequencies.indices.sorted { (frequencies[$1], $0) < (frequencies[$0], $1) }
    return UInt8(sorted[rank])
  }
}

public struct RankBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "Rank", summary: "runs of bytes that M1 ranks first, and the rank of the byte after each run",
    parameters: [
      Parameter(
        "v", .powerOfTwo(256...65_536), default: "4k", alwaysShown: true,
        summary: "256 ranks times the lengths that a run can have")
    ], needsByteModel: true, source: "Valmeekam et al. 2023, LLMZip, section 3")
  private func size(_ spec: ResolvedSpec) -> Int { spec.integer("v") ?? 4096 }
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { size(spec) }
  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    RankTokenizer(spec: spec, vocabularySize: size(spec), model: try context.byteModel())
  }
  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    RankTokenizer(spec: spec, vocabularySize: size(spec), model: try context.byteModel(folder))
  }
}

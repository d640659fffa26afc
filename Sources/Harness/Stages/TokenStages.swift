import Foundation
import Store
import Support
import Tokenizers

/// Tokens of a text that is scored, and what the tokenizer did with it.
struct HeldOutTokens: Sendable {
  static let version = 1
  static let tokensName = "tokens.bin", factsName = "facts.json"

  struct Ingredients: Encodable {
    var tokenizer: String
    var text: String
    var exampleBytes: Int
    var seed: UInt64
    var bytes: Int
    /// First example and the one after the last, where the split is a part of the text.
    var part: [Int]?
  }
  struct Facts: Codable, Sendable {
    /// Of each example.
    var tokens: [Int]
    var bytes: [Int]
    /// SHA-256 of the scored bytes.
    var text: String
    /// Why the text does not come back from its tokens; nil where it does.
    var roundTripProblem: String?
    /// The backend's own numbers.
    var backend: [String: Double]
  }
  let tokens: TokenStore
  let facts: Facts
  /// Of the entry.
  let sha256: String

  var tokenCount: Int { facts.tokens.reduce(0, +) }
  var byteCount: Int { facts.bytes.reduce(0, +) }
  /// Examples that together hold at least `bytes`, or all.
  func examples(bytes: Int) -> Int {
    var sum = 0
    for (index, count) in facts.bytes.enumerated() {
      if sum >= bytes { return index }
      sum += count
    }
    return facts.bytes.count
  }
  /// Tokens of each of the first so many.
  func examples(tokensOf count: Int) -> [[Int32]] {
    var start = 0
    return facts.tokens.prefix(count).map { length in
      defer { start += length }
      return (start..<start + length).map { tokens[$0] }
    }
  }
}

/// The first tokens of the training text, for one cell.
struct TrainingTokens: Sendable {
  static let version = 1
  /// A shard is the whole examples that fit into so many bytes: text is tokenized a shard at a time, as far as needed,
  /// and a cell that needs more adds shards without touching what is there.
  static let shardBytes = 2 << 20
  static let tokensName = "tokens.bin", factsName = "facts.json"

  struct Ingredients: Encodable {
    var tokenizer: String
    var text: String
    var exampleBytes: Int
    var seed: UInt64
    var shard: Int
    var shardExamples: Int
    /// Examples of the whole split, where it is a part of the text that ends inside this shard.
    var end: Int?
  }
  struct Facts: Codable {
    var tokens: Int
    var bytes: Int
  }
  let tokens: TokenStore
  /// Text that these tokens stand for; a shard that is used in part counts in proportion.
  let bytes: Int
  let shards: [Shard]
  /// Of the shards.
  var sha256: [String] { shards.map(\.entry.sha256) }

  struct Shard: Sendable {
    let entry: StoreEntry
    let tokens: Int
    /// How many of them, from the first on.
    let used: Int
    var path: String { entry.file(TrainingTokens.tokensName) }
  }
}

/// How often each id occurs in a shard: counted once, whatever trains on it.
enum TokenCounts {
  static let version = 1
  static let countsName = "counts.bin"

  struct Ingredients: Encodable {
    /// Of the shard's content.
    var tokens: String
    var vocabularySize: Int
  }
}

extension Stages {
  /// Tokenizes the first examples of a split that hold at least `bytes`, and decodes them again.
  func heldOutTokens(_ saved: SavedTokenizer, _ split: TextSplit, bytes: Int, _ trace: Trace) throws -> HeldOutTokens {
    let tokenizer = saved.tokenizer
    let key = try StoreKey(
      .heldOutTokens, version: HeldOutTokens.version,
      ingredients: HeldOutTokens.Ingredients(
        tokenizer: saved.sha256, text: split.sha256, exampleBytes: split.exampleBytes, seed: split.seed, bytes: bytes,
        part: split.part.map { [$0.lowerBound, $0.upperBound] }))
    let entry = try entry(key, trace) { building in
      let examples = split.first(bytes: bytes)
      let megabytes = Double(examples.reduce(0) { $0 + $1.count }) / 1e6
      progress.line(String(format: "%@: tokenizing %.2f MB of text to be scored", "\(tokenizer.spec)", megabytes))
      var watch = Stopwatch()
      let encoded = try tokenizer.encode(examples: examples, threads: threads)
      if megabytes > 0 { building.measurements["encodeMegabytesPerSecond"] = megabytes / watch.seconds }
      try checkEncoded(encoded, examples, tokenizer)
      watch.restart()
      let problem = roundTripProblem(tokenizer, examples, encoded, threads: threads)
      if megabytes > 0, problem == nil { building.measurements["decodeMegabytesPerSecond"] = megabytes / watch.seconds }
      let facts = HeldOutTokens.Facts(
        tokens: encoded.map(\.count), bytes: examples.map(\.count), text: sha256(Array(examples.joined())),
        roundTripProblem: problem, backend: try tokenizer.facts(about: examples, tokens: encoded, threads: threads))
      try TokenStore.write(
        encoded, vocabularySize: tokenizer.vocabularySize, to: building.folder + "/" + HeldOutTokens.tokensName)
      try building.write(try jsonEncoder().encode(facts), to: HeldOutTokens.factsName)
    }
    let facts = try entry.decode(HeldOutTokens.Facts.self, HeldOutTokens.factsName)
    let tokens = try TokenStore(
      paths: [entry.file(HeldOutTokens.tokensName)], vocabularySize: tokenizer.vocabularySize, limit: .max)
    guard tokens.count == facts.tokens.reduce(0, +) else {
      throw FileError(entry.path, "tokens and facts differ in number; remove the folder")
    }
    return HeldOutTokens(tokens: tokens, facts: facts, sha256: entry.sha256)
  }

  /// The first `wanted` tokens of the training split in its seeded order, or all where there are fewer.
  func trainingTokens(_ saved: SavedTokenizer, _ split: TextSplit, wanted: Int, _ trace: Trace) throws -> TrainingTokens
  {
    var shards: [TrainingTokens.Shard] = []
    var tokens = 0, bytes = 0.0
    while tokens < wanted,
      let (entry, facts) = try trainingShard(shards.count, saved, split, trace, done: tokens, of: wanted)
    {
      let used = min(facts.tokens, wanted - tokens)
      shards.append(TrainingTokens.Shard(entry: entry, tokens: facts.tokens, used: used))
      bytes += Double(facts.bytes) * Double(used) / Double(max(1, facts.tokens))
      tokens += used
    }
    return TrainingTokens(
      tokens: try TokenStore(
        paths: shards.map(\.path), vocabularySize: saved.tokenizer.vocabularySize, limit: wanted),
      bytes: Int(bytes.rounded()), shards: shards)
  }

  /// How often each id occurs in training tokens. Counts of whole shards are kept in the store; no record names them.
  func histogram(of training: TrainingTokens, vocabularySize: Int) throws -> [Int] {
    var sum = [Int](repeating: 0, count: vocabularySize)
    for shard in training.shards {
      let counts =
        shard.used == shard.tokens
        ? try histogram(of: shard, vocabularySize: vocabularySize)
        : try TokenStore(paths: [shard.path], vocabularySize: vocabularySize, limit: shard.used).histogram()
      for id in sum.indices { sum[id] += counts[id] }
    }
    return sum
  }

  /// Of a whole shard.
  private func histogram(of shard: TrainingTokens.Shard, vocabularySize: Int) throws -> [Int] {
    let key = try StoreKey(
      .tokenCounts, version: TokenCounts.version,
      ingredients: TokenCounts.Ingredients(tokens: shard.entry.sha256, vocabularySize: vocabularySize))
    let entry = try entry(key, Trace()) { building in
      let counts = try TokenStore(paths: [shard.path], vocabularySize: vocabularySize, limit: .max).histogram()
      try writeFile(building.folder + "/" + TokenCounts.countsName) { file in
        try counts.map { Int64($0).littleEndian }.withUnsafeBytes { try file.write($0) }
      }
    }
    let file = try MappedFile(path: entry.file(TokenCounts.countsName))
    guard file.bytes.count == 8 * vocabularySize else {
      throw FileError(entry.path, "counts another vocabulary; remove it")
    }
    return file.withBytes { bytes in
      (0..<vocabularySize).map {
        Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)))
      }
    }
  }

  /// Tokenizes every `parts`-th shard of the training split from the `part`-th on, as far as `wanted` tokens take them, so
  /// that several processes share the work. How many shards lie before is told from this part's own; ``trainingTokens``
  /// makes what is missing in the end.
  func trainingShards(
    _ saved: SavedTokenizer, _ split: TextSplit, wanted: Int, part: Int, of parts: Int, _ trace: Trace
  ) throws {
    var tokens = 0, shards = 0
    while true {
      let shard = part + shards * parts
      let before = shards == 0 ? 0 : Double(tokens) / Double(shards) * Double(shard)
      guard before < Double(wanted),
        let (entry, facts) = try trainingShard(shard, saved, split, trace, done: Int(before), of: wanted)
      else { return }
      tokens += facts.tokens
      shards += 1
      _ = try histogram(
        of: TrainingTokens.Shard(entry: entry, tokens: facts.tokens, used: facts.tokens),
        vocabularySize: saved.tokenizer.vocabularySize)
    }
  }

  /// Bytes per token of the first training shard: what a budget in bytes is turned into steps by.
  func trainingBytesPerToken(_ saved: SavedTokenizer, _ split: TextSplit, _ trace: Trace) throws -> Double? {
    guard let (_, facts) = try trainingShard(0, saved, split, trace, done: 0, of: 1), facts.tokens > 0 else {
      return nil
    }
    return Double(facts.bytes) / Double(facts.tokens)
  }

  /// The tokens of the first training shard; nil without text.
  func firstTrainingShard(_ saved: SavedTokenizer, _ split: TextSplit, _ trace: Trace) throws -> TokenStore? {
    try trainingShard(0, saved, split, trace, done: 0, of: 1).map { entry, _ in
      try TokenStore(
        paths: [entry.file(TrainingTokens.tokensName)], vocabularySize: saved.tokenizer.vocabularySize, limit: .max)
    }
  }

  /// A backend's word is not taken: as many token sequences as examples, every id in range.
  private func checkEncoded(_ encoded: [[Token]], _ examples: [[UInt8]], _ tokenizer: any Tokenizer) throws {
    guard encoded.count == examples.count else {
      throw TokenizerError.encoding(
        tokenizer: tokenizer.spec.canonicalName,
        reason: "it gave \(encoded.count) results for \(examples.count) examples")
    }
    for tokens in encoded { try tokenizer.checkRange(tokens) }
  }

  /// nil past the end of the text.
  private func trainingShard(
    _ shard: Int, _ saved: SavedTokenizer, _ split: TextSplit, _ trace: Trace, done: Int, of wanted: Int
  ) throws -> (StoreEntry, TrainingTokens.Facts)? {
    let perShard = max(1, TrainingTokens.shardBytes / split.exampleBytes)
    guard shard * perShard < split.count else { return nil }
    let range = shard * perShard..<min(split.count, (shard + 1) * perShard)
    let tokenizer = saved.tokenizer
    let key = try StoreKey(
      .trainingTokens, version: TrainingTokens.version,
      ingredients: TrainingTokens.Ingredients(
        tokenizer: saved.sha256, text: split.sha256, exampleBytes: split.exampleBytes, seed: split.seed, shard: shard,
        shardExamples: perShard, end: split.part != nil && range.count < perShard ? split.count : nil))
    let entry = try entry(key, trace) { building in
      progress.update("\(tokenizer.spec)", "tokenizing training text, \(min(100, 100 * done / max(1, wanted)))%")
      let examples = range.map { split[$0] }
      let encoded = try tokenizer.encode(examples: examples, threads: threads)
      try checkEncoded(encoded, examples, tokenizer)
      try TokenStore.write(
        encoded, vocabularySize: tokenizer.vocabularySize, to: building.folder + "/" + TrainingTokens.tokensName)
      let facts = TrainingTokens.Facts(
        tokens: encoded.reduce(0) { $0 + $1.count }, bytes: examples.reduce(0) { $0 + $1.count })
      try building.write(try jsonEncoder().encode(facts), to: TrainingTokens.factsName)
    }
    return (entry, try entry.decode(TrainingTokens.Facts.self, TrainingTokens.factsName))
  }
}

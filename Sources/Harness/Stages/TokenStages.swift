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
  /// Of the shards.
  let sha256: [String]
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
      try writeAtomically(try jsonEncoder().encode(facts), to: building.folder + "/" + HeldOutTokens.factsName)
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
    var paths: [String] = [], hashes: [String] = []
    var tokens = 0, bytes = 0.0, shard = 0
    while tokens < wanted, let (entry, facts) = try trainingShard(shard, saved, split, trace, done: tokens, of: wanted)
    {
      paths.append(entry.file(TrainingTokens.tokensName))
      hashes.append(entry.sha256)
      let used = min(facts.tokens, wanted - tokens)
      bytes += Double(facts.bytes) * Double(used) / Double(max(1, facts.tokens))
      tokens += used
      shard += 1
    }
    return TrainingTokens(
      tokens: try TokenStore(paths: paths, vocabularySize: saved.tokenizer.vocabularySize, limit: wanted),
      bytes: Int(bytes.rounded()), sha256: hashes)
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
      try writeAtomically(try jsonEncoder().encode(facts), to: building.folder + "/" + TrainingTokens.factsName)
    }
    return (entry, try entry.decode(TrainingTokens.Facts.self, TrainingTokens.factsName))
  }
}

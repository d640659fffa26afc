import Foundation
import Support
import Tokenizers

/// A tokenizer in another process that takes any bytes.
struct ExternalTokenizer: Tokenizer, PluginTokenizer {
  let spec: ResolvedSpec
  let program: PluginProgram
  let pool: PluginPool
  var vocabularySize: Int { pool.loaded.vocabulary }
  var isLossless: Bool { program.hello.lossless ?? true }

  func encode(examples: [[UInt8]], threads: Int) throws -> [[Token]] {
    try encoding { try pool.checkedEncode(examples, threads: threads) }
  }

  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    for (tokens, byteCount) in examples { try check(tokens, byteCount: byteCount) }
    let texts = try decoding {
      try pool.decode(examples.map(\.tokens), .decode, byteCounts: examples.map(\.byteCount), threads: threads)
    }
    if isLossless { for (text, example) in zip(texts, examples) { try checkLength(text, example.byteCount) } }
    return texts
  }

  func byteCounts(of tokens: [Token], in example: [UInt8]) throws -> [Int]? {
    guard program.hello.spans == true else { return nil }
    return try encoding { try pool.byteCounts(of: [tokens.count], in: [example])[0] }
  }

  func generated(_ tokens: [Token], maximumBytes: Int) throws -> [UInt8] {
    let most = min(max(0, maximumBytes), longestExample)
    let known = tokens.filter { $0 < vocabularySize }
    let text = try decoding { try pool.decode([known], .decodeGenerated, byteCounts: [most], threads: 1)[0] }
    return Array(text.prefix(most))
  }
}

/// What the tokenizers of a plug-in share, whatever it takes.
protocol PluginTokenizer: Tokenizer {
  var program: PluginProgram { get }
  var pool: PluginPool { get }
  /// As ``Tokenizer/decodeGenerated(_:maximumBytes:)``, but what is wrong with the plug-in is thrown.
  func generated(_ tokens: [Token], maximumBytes: Int) throws -> [UInt8]
}

extension PluginTokenizer {
  var flopsPerByte: Double { pool.loaded.flopsPerByte ?? 0 }

  func encode(_ bytes: [UInt8]) throws -> [Token] { try encode(examples: [bytes], threads: 1)[0] }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try decode(examples: [(tokens, byteCount)], threads: 1)[0]
  }

  /// Nothing where the plug-in fails; whoever asks it next is told.
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    (try? generated(tokens, maximumBytes: maximumBytes)) ?? []
  }

  func save(to folder: String) throws { try SavedPluginState.write(pool.state, program, to: folder) }

  /// - Throws: ``TokenizerError/corruptTokens(tokenizer:reason:)`` where a text is not as long as it must be.
  func checkLength(_ text: [UInt8], _ byteCount: Int) throws {
    guard text.count == byteCount else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "they make \(text.count) bytes, not \(byteCount)")
    }
  }

  /// A plug-in's refusal and failure as what the protocol promises of encoding.
  func encoding<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let refusal as PluginRefusal {
      throw TokenizerError.encoding(tokenizer: spec.canonicalName, reason: "\(refusal)")
    } catch let failure as PluginFailure {
      throw TokenizerError.plugin(tokenizer: spec.canonicalName, reason: "\(failure)")
    }
  }

  /// The same of decoding.
  func decoding<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let refusal as PluginRefusal {
      throw TokenizerError.corruptTokens(tokenizer: spec.canonicalName, reason: "\(refusal)")
    } catch let failure as PluginFailure {
      throw TokenizerError.plugin(tokenizer: spec.canonicalName, reason: "\(failure)")
    }
  }
}

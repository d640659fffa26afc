import Foundation
import Synchronization
import Tokenizers
import Transformer

/// The v texts most probable under a freshly started M1, in the texts' order; greedy longest match.
///
/// Lossless for the reason that a codebook is: every single byte is a text, and so is every prefix of one.
struct M1DictionaryTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let dictionary: WindowDictionary
  let model: NeuralByteModel

  var vocabularySize: Int { dictionary.count }

  func encode(_ bytes: [UInt8]) throws -> [Token] { dictionary.encode(bytes) }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try checkRange(tokens)
    let (text, used, isWhole) = dictionary.decode(tokens, byteCount: byteCount)
    guard text.count == byteCount, used == tokens.count, isWhole else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName, reason: "their texts make another number of bytes than \(byteCount)")
    }
    return text
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    dictionary.decode(tokens.map { min($0, Token(vocabularySize - 1)) }, byteCount: maximumBytes).text
  }

  func facts(about examples: [[UInt8]]) throws -> [String: Double] {
    let windows = examples.reduce(0) { $0 + dictionary.encode($1).count }
    let bytes = examples.reduce(0) { $0 + $1.count }
    return windows > 0 ? ["windows": Double(windows), "bytesPerWindow": Double(bytes) / Double(windows)] : [:]
  }

  func save(to folder: String) throws {
    try model.save(to: folder)
    try dictionary.write(to: folder + "/" + WindowDictionary.fileName)
  }
}

extension WindowDictionary {
  /// The `count` ≥ 256 texts most probable under a freshly started model, with all single bytes first; among equally
  /// probable ones the lower text.
  ///
  /// A text is at least as probable as any that begins with it, so all texts above a probability are found by
  /// extending those above it; the probability is lowered until there are enough.
  init(mostProbable count: Int, model: any ByteModel, threads: Int) {
    /// A text one byte longer than a text that was extended; its probability in units of 2^-62, an exact integer.
    struct Candidate: Sendable {
      var parent: Int
      var byte: UInt8
      var probability: UInt64
    }
    var texts: [[UInt8]] = [[]]  // extended so far
    var probabilities: [UInt64] = [1 << 62]
    func text(_ candidate: Candidate) -> [UInt8] { texts[candidate.parent] + [candidate.byte] }
    func extend(from first: Int) -> [Candidate] {
      let prefixes = Array(texts[first...]), weights = Array(probabilities[first...])
      let found = Mutex([[Candidate]](repeating: [], count: prefixes.count))
      model.distributions(after: prefixes, precision: 14, threads: threads) { index, frequencies in
        let children = (0..<256).map { byte in
          let product = weights[index].multipliedFullWidth(by: UInt64(frequencies[byte]) << 50)
          return Candidate(parent: first + index, byte: UInt8(byte), probability: product.high)
        }
        found.withLock { $0[index] = children }
      }
      return Array(found.withLock { $0 }.joined())
    }
    let single = extend(from: 0)  // always in
    var waiting = single
    var taken: [Candidate] = []  // longer than a byte and at least as probable as the bound
    var bound: UInt64 = 1 << 54
    while 256 + taken.count < count {
      let pivot = waiting.partition { $0.probability >= bound }
      let chosen = Array(waiting[pivot...])
      waiting.removeSubrange(pivot...)
      guard !chosen.isEmpty else {
        bound -= bound / 5
        continue
      }
      taken += chosen.filter { $0.parent > 0 }
      let first = texts.count
      texts += chosen.map(text)
      probabilities += chosen.map(\.probability)
      waiting += extend(from: first)
      if waiting.count > 4 * count {  // those below `count` others are out for good
        waiting.sort { $0.probability > $1.probability }
        let last = waiting[count - 1].probability
        waiting.removeSubrange((waiting.firstIndex { $0.probability < last } ?? waiting.count)...)
      }
    }
    let best = taken.map { (probability: $0.probability, text: text($0)) }.sorted {
      $0.probability != $1.probability
        ? $0.probability > $1.probability : $0.text.lexicographicallyPrecedes($1.text)
    }
    let chosen = single.map(text) + best.prefix(count - 256).map(\.text)
    self.init(
      sortedTexts: chosen.sorted { $0.lexicographicallyPrecedes($1) }, fingerprint: model.fingerprint)
  }
}

public struct M1DictionaryBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "M1Dictionary", summary: "the v texts most probable under M1, longest match",
    parameters: [
      Parameter("v", .powerOfTwo(256...65_536), default: "65k", alwaysShown: true, summary: "number of texts")
    ], needsByteModel: true, source: "this project; docs/equal-info-windows.md")

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    guard let model = try context.byteModel() as? NeuralByteModel else {
      throw TokenizerError.training(spec.name, reason: "it needs a neural M1")
    }
    context.report("collecting the most probable texts for \(spec.canonicalName)")
    let dictionary = WindowDictionary(mostProbable: spec.integer("v") ?? 65_536, model: model, threads: context.threads)
    return M1DictionaryTokenizer(spec: spec, dictionary: dictionary, model: model)
  }

  public func load(_ spec: ResolvedSpec, from folder: String) throws -> any Tokenizer {
    let model = try NeuralByteModel.load(from: folder)
    let dictionary = try WindowDictionary(
      path: folder + "/" + WindowDictionary.fileName, count: spec.integer("v") ?? 65_536,
      fingerprint: model.fingerprint)
    return M1DictionaryTokenizer(spec: spec, dictionary: dictionary, model: model)
  }
}

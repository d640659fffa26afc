import Foundation
import Support
import Tokenizers

/// A frame's header as this program writes it: keys sorted, no space outside of strings, so that a plug-in in C finds
/// `"counts":[` without a JSON library.
struct PluginRequest: Encodable, Sendable {
  enum Kind: String, Encodable { case hello, train, load, encode, decode, decodeGenerated, spans }
  /// A tokenizer's parameter: an integer where it is one.
  enum Value: Encodable, Sendable, Equatable {
    case number(Int)
    case word(String)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .number(let number): try container.encode(number)
      case .word(let word): try container.encode(word)
      }
    }
  }
  let request: Kind
  var id = 0
  var payload = 0
  /// Of `hello`: versions of the protocol that this program speaks.
  var protocols: [Int]?
  /// Of `train` and `load`.
  var parameters: [String: Value]?
  /// Where `train` writes what `load` reads.
  var folder: String?
  /// Of `train`: a file of the training text, and one of the lengths of its examples as little-endian uint32.
  var corpus, lengths: String?
  var seed: UInt64?
  var threads: Int?
  /// Of each item of a batch: its bytes, or its tokens.
  var counts: [Int]?
  /// Of `decode`: the bytes that each item decodes to; of `decodeGenerated`: the most that are wanted.
  var bytes: [Int]?

  init(_ request: Kind) { self.request = request }
}

/// What every header of a plug-in says.
struct PluginEnvelope: Decodable {
  struct Problem: Decodable { var message: String }
  /// Of the request that it answers.
  var id: Int
  /// In a frame before the answer: the plug-in is at work.
  var progress: String?
  /// Instead of an answer.
  var error: Problem?
}

/// The answer to `train`, which is that it is done.
struct PluginTrained: Decodable {}

/// The answer to `load`.
struct PluginLoaded: Decodable, Equatable {
  var vocabulary: Int
  var flopsPerByte: Double?
}

/// The answer to a batch: of each item its tokens, or its bytes.
struct PluginBatch: Decodable {
  var counts: [Int]
}

/// "4k" or 4000.
struct PluginText: Decodable, Equatable {
  let text: String
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      text = "\(number)"
    } else {
      text = try container.decode(String.self)
    }
  }
}

/// What a plug-in says of itself.
struct PluginHello: Decodable, Sendable, Equatable {
  enum Input: String, Decodable { case bytes, text }
  /// The vocabulary before anything is trained: a number, or the parameter that says it.
  enum Vocabulary: Decodable, Equatable {
    case number(Int)
    case parameter(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int.self) {
        self = .number(number)
      } else {
        self = .parameter(try container.decode(String.self))
      }
    }
  }
  /// Version of the protocol.
  var `protocol`: Int
  var name: String
  /// Of the plug-in: another makes all its tokenizers and tokens anew.
  var version: PluginText
  var summary: String?
  var source: String?
  var parameters: [PluginParameter]?
  /// What it encodes: any bytes, or valid UTF-8 alone.
  var takes: Input?
  /// Whether every byte string comes back.
  var lossless: Bool?
  /// The most that it reads of the training text; all where it says nothing.
  var trainingBytes: Int?
  var vocabulary: Vocabulary?
  /// Whether it answers `spans`.
  var spans: Bool?

  static let speaks = [1]
  static let keys = [
    "id", "payload", "protocol", "name", "version", "summary", "source", "parameters", "takes", "lossless",
    "trainingBytes", "vocabulary", "spans",
  ]

  /// Why this program cannot work with it; nil where it can.
  var problem: String? {
    guard Self.speaks.contains(self.protocol) else {
      let spoken = Self.speaks.map(String.init).joined(separator: ", ")
      return "it speaks version \(self.protocol) of the protocol; this program speaks \(spoken)"
    }
    if let problem = Self.nameProblem(name) { return problem }
    let keys = (parameters ?? []).map(\.key)
    guard Set(keys).count == keys.count else { return "it names a parameter twice" }
    if let problem = (parameters ?? []).lazy.compactMap(\.problem).first { return problem }
    switch vocabulary {
    case .parameter(let key):
      guard keys.contains(key) else { return "its vocabulary is the parameter '\(key)', which it does not have" }
    case .number(let number):
      guard (1...1 << 31).contains(number) else { return "its vocabulary is \(number)" }
    case nil: break
    }
    guard trainingBytes ?? 0 >= 0 else { return "its trainingBytes are below 0" }
    return nil
  }

  /// Why a word cannot begin a tokenizer's name; nil where it can.
  static func nameProblem(_ name: String) -> String? {
    let isName =
      !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    return isName ? nil : "its name '\(name)' must be letters, digits, - and _"
  }
}

/// A parameter as a plug-in declares it.
struct PluginParameter: Decodable, Sendable, Equatable {
  enum Kind: String, Decodable { case integer, powerOfTwo, count, choice, file }
  var key: String
  var kind: Kind
  /// The least and the most of an `integer` or a `powerOfTwo`.
  var from, to: Int?
  /// What `k` means in an `integer`: 1000 or 1024.
  var thousand: Int?
  /// The values of a `choice`; the one word of a `count`.
  var words: [String]?
  var `default`: PluginText?
  /// Whether names show it at its default, too.
  var shown: Bool?
  var summary: String?

  /// What is wrong with the declaration; nil for a good one.
  var problem: String? {
    let isKey = !key.isEmpty && key.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
    guard isKey else { return "the parameter's key '\(key)' must be letters, digits, - and _" }
    switch kind {
    case .integer, .powerOfTwo:
      guard let from, let to, 0 <= from, from <= to, to <= 1 << 40 else {
        return "parameter '\(key)' needs from and to, the least and the most, at least 0"
      }
      guard from >= 1 || (kind == .integer && key != "v") else { return "parameter '\(key)' must be at least 1" }
      guard [nil, 1000, 1024].contains(thousand) else { return "parameter '\(key)': thousand is 1000 or 1024" }
      let powers = sequence(first: 1) { $0 * 2 }.prefix { $0 <= to }
      guard kind == .integer || powers.contains(where: { $0 >= from }) else {
        return "parameter '\(key)' can have no value: no power of two is from \(from) to \(to)"
      }
    case .count:
      guard let words, words.count == 1, !words[0].isEmpty, Int(words[0]) == nil else {
        return "parameter '\(key)' needs words with its one word, such as [\"never\"]"
      }
    case .choice:
      guard let words, !words.isEmpty, !words.contains(""), Set(words).count == words.count else {
        return "parameter '\(key)' needs words, the values it may have, each once and none empty"
      }
    case .file: break
    }
    return nil
  }

  /// - Requires: no ``problem``.
  var parameter: Parameter {
    let range = (from ?? 0)...max(from ?? 0, to ?? 0), words = words ?? []
    let kind: Parameter.Kind =
      switch kind {
      case .integer: .integer(range, thousand: thousand ?? 1000)
      case .powerOfTwo: .powerOfTwo(range)
      case .count: .countOr(word: words.first ?? "")
      case .choice: .choice(words)
      case .file: .file
      }
    return Parameter(
      key, kind, default: self.default?.text, alwaysShown: shown ?? (key == "v"),
      summary: printable(summary ?? ""))
  }
}

import Tokenizers

extension PrefixDictionary {
  /// The single bytes and those `count` - 256 phrases of the text that its own parse into growing phrases (Lempel & Ziv
  /// 1978; each example begins a new one) passes through most often; among equals those met first.
  ///
  /// A phrase is passed through at least as often as any that begins with it, and met before it: so the set holds all
  /// prefixes of its texts.
  /// - Parameter count: at least 256.
  /// - Returns: nil where the text makes fewer phrases.
  init?(mostUsedPhrasesOf examples: some Sequence<[UInt8]>, count: Int, trainingBytes: Int) {
    precondition(count >= 256, "every single byte is a text")
    var phrases = PhraseTree()
    /// Of each phrase beyond the bytes: the one that it makes longer, by which byte, and how often it was passed.
    var made: [(shorter: UInt32, byte: UInt8, visits: Int)] = []
    var seen = 0
    for example in examples {
      var phrase: UInt32?
      for byte in example {
        guard let current = phrase else {
          phrase = UInt32(byte)
          continue
        }
        phrase = phrases.longer(current, byte, adding: true)
        if let phrase { made[Int(phrase) - 256].visits += 1 } else { made.append((current, byte, 1)) }
      }
      seen += example.count
      if seen >= trainingBytes { break }
    }
    guard made.count >= count - 256 else { return nil }
    let most = made.indices.sorted { (made[$1].visits, $0) < (made[$0].visits, $1) }.prefix(count - 256)
    func text(_ phrase: UInt32) -> [UInt8] {
      var text: [UInt8] = []
      var phrase = phrase
      while phrase >= 256 {
        text.append(made[Int(phrase) - 256].byte)
        phrase = made[Int(phrase) - 256].shorter
      }
      return [UInt8(phrase)] + text.reversed()
    }
    let texts = (0...255).map { [UInt8($0)] } + most.map { text(UInt32($0) + 256) }
    self.init(sortedTexts: texts.sorted { $0.lexicographicallyPrecedes($1) }, fingerprint: "")
  }
}

public struct LZWDictionaryBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "LZWDictionary",
    summary: "the v phrases that Lempel-Ziv's parse of the training split uses most, longest match",
    parameters: [
      Parameter("v", .powerOfTwo(256...65_536), default: "4k", alwaysShown: true, summary: "bytes and phrases")
    ], source: "Lempel & Ziv 1978; Welch 1984; this project")

  /// Bytes of training text that are parsed.
  static let trainingBytes = 16 << 20

  private func size(_ spec: ResolvedSpec) -> Int { spec.integer("v") ?? 4096 }
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { size(spec) }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    let examples = try context.examples()
    guard
      let dictionary = PrefixDictionary(
        mostUsedPhrasesOf: examples, count: size(spec), trainingBytes: Self.trainingBytes)
    else {
      throw TokenizerError.training(
        spec.canonicalName, reason: "the training text has fewer phrases; take a smaller v or more text")
    }
    return LongestMatchTokenizer(spec: spec, dictionary: dictionary, model: nil)
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    let dictionary = try PrefixDictionary(
      path: folder + "/" + PrefixDictionary.fileName, count: size(spec), fingerprint: "")
    return LongestMatchTokenizer(spec: spec, dictionary: dictionary, model: nil)
  }
}

import Foundation
import Harness
@_spi(Fuzzing) import Plugins
import Tokenizers
import Transformer

/// What the fuzzer gives to decoders and readers, and what must hold of their answers.
///
/// The first byte of an input chooses: a file to read, a text to round-trip, or tokens to decode; see ``check(_:)``.
public struct FuzzTargets: Sendable {
  private let tokenizers: [any Tokenizer]
  private let registry: Registry
  /// Where a vocabulary lies while it is read.
  private let vocabulary = FileManager.default.temporaryDirectory.appendingPathComponent(
    "fuzz-\(ProcessInfo.processInfo.processIdentifier)")

  /// Small vocabularies and small M1s, so that thousands of inputs a second are tried.
  static let names = [
    "Bytes", "GZip[v=256]", "GZip[v=65k,header=off]", "StaticAC[v=256]", "AC[v=256]", "AC[v=65k]", "AC[v=2]",
    "EqualInfoAC[b=8,v=65k]", "EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=11,v=128]", "EqualInfoAC[b=32,v=65k]",
    "EqualInfoAC[b=128,v=256]", "EqualInfoAC[b=24,v=256,end=delay]", "EqualInfoAC[b=40,v=8,reset=never]",
    "M1Dictionary[v=512]", "LZW[v=512]", "LZWDictionary[v=256]", "Huffman[v=8]", "Huffman[v=65k]", "Rank[v=256]",
    "Rank[v=1k]", "BPE[v=270]", "BPE[v=280,split=none]", "BPE[v=270,segmenter=greedy]",
    "BPE[v=280,split=o200k,segmenter=path]",
    "BPE[v=260,base=\"GZip[v=256]\"]", "SuperBPE[v=275,t=268]", "PickyBPE[v=270]", "ByteSpan[v=260]",
    "M1Dictionary[v=512,cut=pretoken,segmenter=unigram,texts=used]", "EqualInfoAC[b=12,v=4k,cut=pretoken]",
  ]
  private static let trainingText = """
    she sells sea shells by the sea shore; the shells she sells are sea shells, she is sure. how many cookies could a \
    good cook cook, if a good cook could cook cookies? peter piper picked a peck of pickled peppers.
    """

  /// - Parameter m1: folder of the small M1 that the golden tests use.
  public init(m1 folder: String) throws {
    let registry = try Registry(builtInBackends)
    self.registry = registry
    let model = try NeuralByteModel.load(from: folder)
    let context = TrainingContext(
      // So often that every pair occurs twice.
      examples: { AnySequence([[UInt8]](repeating: Array(Self.trainingText.utf8), count: 3)) }, byteModel: { model },
      seed: 0, threads: 1)
    tokenizers = try Self.names.map {
      let spec = try registry.resolve($0)
      return try registry.backend(named: spec.name).train(spec, context: context)
    }
  }

  /// nil, or the property that the input breaks. A crash is a find, too.
  ///
  /// - 0xF0: the rest comes from a plug-in; 0xF1, 0xF2: it is a rank file, with the 256 bytes before it or as it is; 0xF3:
  ///   a tokenizer.json; 0xF4: an expression in one. What reads as a vocabulary gives texts back, and what reads as an
  ///   expression cuts them.
  /// - 0 modulo 3 of all others: the rest is a token file. If it reads, it writes to bytes that read to the same.
  /// - 1, 2 modulo 3: the next byte chooses a tokenizer. Then for 1, a text that must come back; for 2, a byte count in
  ///   two bytes and tokens in two bytes each: whatever decodes has these tokens and no others.
  public func check(_ input: [UInt8]) -> String? {
    guard input.count >= 2 else { return nil }
    switch input[0] {
    case 0xF0: return PluginReaders.problem(Array(input[1...]))
    case 0xF1: return checkVocabulary(Self.singleBytes + input[1...], "Tiktoken[split=none,file=")
    case 0xF2: return checkVocabulary(Array(input[1...]), "Tiktoken[split=none,file=")
    case 0xF3: return checkVocabulary(Array(input[1...]), "HuggingFace[file=")
    case 0xF4: return ExpressionReaders.problem(Array(input[1...]))
    default: break
    }
    if input[0] % 3 == 0 { return checkTokenFile(Data(input[1...])) }
    let tokenizer = tokenizers[Int(input[1]) % tokenizers.count], name = tokenizer.spec.canonicalName
    if input[0] % 3 == 1 {
      let text = Array(input[2...])
      do {
        let tokens = try tokenizer.encode(text)
        guard tokens.allSatisfy({ $0 < tokenizer.vocabularySize }) else { return "\(name) emits a token ≥ v" }
        return try tokenizer.decode(tokens, byteCount: text.count) == text ? nil : "\(name) gives another text back"
      } catch { return "\(name) refuses its own work: \(error)" }
    }
    guard input.count >= 4 else { return nil }
    // Absurd byte counts, too.
    let byteCount = input[2] == 0xFF ? (Int(input[3]) - 128) << 40 : Int(input[2]) << 4 | Int(input[3])
    let tokens = stride(from: 4, to: input.count - 1, by: 2).map { i -> Token in
      let value = Token(input[i]) << 8 | Token(input[i + 1])
      // Mostly possible tokens; some that are not.
      return value == 0xFFFF ? Token(tokenizer.vocabularySize) : value % Token(tokenizer.vocabularySize)
    }
    if tokenizer.decodeGenerated(tokens.map { min($0, Token(tokenizer.vocabularySize - 1)) }, maximumBytes: 50).count
      > 50
    {
      return "\(name) generates more than it may"
    }
    guard let text = try? tokenizer.decode(tokens, byteCount: byteCount) else { return nil }
    guard text.count == byteCount else { return "\(name) decodes to \(text.count) bytes, not \(byteCount)" }
    guard let again = try? tokenizer.encode(text) else { return "\(name) refuses a text that it decoded" }
    guard (try? tokenizer.decode(again, byteCount: byteCount)) == text else { return "\(name) gives another text back" }
    // Bytes and arithmetic codes are one to one. zlib streams are many for one text, and windows need not be the
    // longest that fit.
    guard name == "Bytes" || name.hasPrefix("AC") || name.hasPrefix("StaticAC") else { return nil }
    return again == tokens ? nil : "\(name) decodes tokens that are no text's"
  }

  /// The lines of a rank file that every text needs.
  private static let singleBytes = (0..<256).flatMap { byte in
    Array("\(Data([UInt8(byte)]).base64EncodedString()) \(byte)\n".utf8)
  }

  private func checkVocabulary(_ file: [UInt8], _ name: String) -> String? {
    let context = TrainingContext(
      examples: { AnySequence([]) }, byteModel: { preconditionFailure("a vocabulary asks for M1") }, seed: 0, threads: 1
    )
    let tokenizer: any Tokenizer
    do {
      try Data(file).write(to: vocabulary)
      let spec = try registry.resolve("\(name)\"\(vocabulary.path)\"]")
      tokenizer = try registry.backend(named: spec.name).train(spec, context: context)
    } catch is TokenizerError {
      return nil
    } catch { return "an error of another kind: \(error)" }
    let texts = [
      [], Array("sea shells, she sells 12\u{301} \u{2581}日本\n".utf8), [0x20, 0xFF, 0x61, 0xC3], Array(file.suffix(40)),
    ]
    do {
      for text in texts {
        let tokens = try tokenizer.encode(text)
        guard tokens.allSatisfy({ $0 < tokenizer.vocabularySize }) else { return "a token is not below the vocabulary" }
        guard try tokenizer.decode(tokens, byteCount: text.count) == text else { return "another text comes back" }
        guard tokenizer.decodeGenerated(tokens + tokens, maximumBytes: 9).count <= 9 else { return "too much text" }
      }
    } catch { return "a vocabulary that reads does not code: \(error)" }
    return nil
  }

  private func checkTokenFile(_ data: Data) -> String? {
    guard let file = try? TokenFile(data, path: "input") else { return nil }
    for format in TokenFormat.allCases {
      guard let written = try? file.serialized(format) else { continue }  // tokens too wide for u16
      guard let again = try? TokenFile(written, path: "again"), again == file else {
        return "a token file does not survive \(format)"
      }
    }
    return nil
  }
}

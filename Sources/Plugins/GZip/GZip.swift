import Support
import Tokenizers

/// zlib at its default level, one stream an example, cut into tokens of log2 v bits.
struct GZipTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int
  let wrapper: Zlib.Wrapper
  var width: Int { BitPacking.width(vocabularySize: vocabularySize) }

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    do {
      let stream = try Zlib.deflate(bytes, wrapper: wrapper)
      return BitPacking.tokens(fromBits: stream, bitCount: stream.count * 8, width: width)
    } catch {
      throw TokenizerError.encoding(tokenizer: spec.canonicalName, reason: error.description)
    }
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try check(tokens, byteCount: byteCount)
    let stream = BitPacking.bytes(fromTokens: tokens, width: width)
    let (bytes, isWhole) = Zlib.inflate(stream, wrapper: wrapper, maximumBytes: byteCount + 1)
    guard isWhole, bytes.count == byteCount else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName,
        reason: isWhole || bytes.count > byteCount
          ? "the stream holds another number of bytes than \(byteCount)"
          : "zlib stops after \(bytes.count) of \(byteCount) bytes; the stream is damaged or cut short")
    }
    return bytes
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    let stream = BitPacking.bytes(fromTokens: tokens, width: width)
    return Zlib.inflate(stream, wrapper: wrapper, maximumBytes: max(0, maximumBytes)).bytes
  }
}

public struct GZipBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "GZip", summary: "zlib's default level, one stream an example, cut into tokens of log2 v bits",
    parameters: [
      chunkVocabulary,
      Parameter("header", .choice(["on", "off"]), default: "on", summary: "zlib's header and checksum kept, or not"),
    ], source: "\(paper), section 3.2 and appendix D", libraries: ["zlib": Zlib.version])
  public func vocabularySize(of spec: ResolvedSpec) -> Int? { spec.chunkVocabularySize }
  public func train(_ spec: ResolvedSpec, context: TrainingContext) -> any Tokenizer { make(spec) }
  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) -> any Tokenizer { make(spec) }
  private func make(_ spec: ResolvedSpec) -> GZipTokenizer {
    GZipTokenizer(
      spec: spec, vocabularySize: spec.chunkVocabularySize, wrapper: spec["header"] == "off" ? .none : .zlib)
  }
}

import CZlib
import Tokenizers

/// zlib at its default level, one stream an example, cut into tokens of log2 v bits.
struct GZipTokenizer: Tokenizer {
  let spec: ResolvedSpec
  let vocabularySize: Int
  /// 15 with the zlib header and checksum, -15 without.
  let windowBits: Int32
  var width: Int { BitPacking.width(vocabularySize: vocabularySize) }

  func encode(_ bytes: [UInt8]) throws -> [Token] {
    let stream = try deflate(bytes)
    return BitPacking.tokens(fromBits: stream, bitCount: stream.count * 8, width: width)
  }

  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    try checkRange(tokens)
    let (bytes, status) = inflate(BitPacking.bytes(fromTokens: tokens, width: width), maximumBytes: byteCount + 1)
    guard status == Z_STREAM_END, bytes.count == byteCount else {
      throw TokenizerError.corruptTokens(
        tokenizer: spec.canonicalName,
        reason: status == Z_STREAM_END || bytes.count > byteCount
          ? "the stream holds another number of bytes than \(byteCount)"
          : "zlib stops after \(bytes.count) of \(byteCount) bytes; the stream is damaged or cut short")
    }
    return bytes
  }

  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    inflate(
      BitPacking.bytes(fromTokens: tokens.map { $0 & Token(vocabularySize - 1) }, width: width),
      maximumBytes: maximumBytes
    ).bytes
  }

  private func deflate(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    guard czlib_deflate_init(&stream, windowBits) == Z_OK else {
      throw TokenizerError.encoding(tokenizer: spec.canonicalName, reason: "zlib has no memory")
    }
    defer { deflateEnd(&stream) }
    let (output, status) = Self.run(&stream, bytes, capacity: Int(deflateBound(&stream, uLong(bytes.count)))) {
      CZlib.deflate($0, Z_FINISH)
    }
    guard status == Z_STREAM_END else {
      throw TokenizerError.encoding(tokenizer: spec.canonicalName, reason: "zlib answers \(status)")
    }
    return output
  }

  private func inflate(_ bytes: [UInt8], maximumBytes: Int) -> (bytes: [UInt8], status: Int32) {
    var stream = z_stream()
    guard czlib_inflate_init(&stream, windowBits) == Z_OK else { return ([], Z_MEM_ERROR) }
    defer { inflateEnd(&stream) }
    // A deflate stream grows by 1,032 at most: no more room than that, whatever is claimed.
    return Self.run(&stream, bytes, capacity: min(maximumBytes, 1032 * bytes.count + 64)) {
      CZlib.inflate($0, Z_SYNC_FLUSH)
    }
  }

  /// One call of the library with all input at hand and room for `capacity` bytes.
  private static func run(
    _ stream: inout z_stream, _ bytes: [UInt8], capacity: Int, call: (UnsafeMutablePointer<z_stream>) -> Int32
  ) -> (bytes: [UInt8], status: Int32) {
    var input = bytes
    var output = [UInt8](repeating: 0, count: max(1, capacity))
    let status = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = uInt(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = uInt(target.count)
        return call(&stream)
      }
    }
    return (Array(output.prefix(min(capacity, Int(stream.total_out)))), status)
  }
}

public struct GZipBackend: TokenizerBackend {
  public init() {}
  public let descriptor = TokenizerDescriptor(
    name: "GZip", summary: "zlib's default level, one stream an example, cut into tokens of log2 v bits",
    parameters: [
      chunkVocabulary,
      Parameter("header", .choice(["on", "off"]), default: "on", summary: "zlib's header and checksum kept, or not"),
    ], source: "\(paper), section 3.2 and appendix D")
  public func train(_ spec: ResolvedSpec, context: TrainingContext) -> any Tokenizer { make(spec) }
  public func load(_ spec: ResolvedSpec, from folder: String) -> any Tokenizer { make(spec) }
  private func make(_ spec: ResolvedSpec) -> GZipTokenizer {
    GZipTokenizer(
      spec: spec, vocabularySize: spec.integer("v") ?? 65_536, windowBits: spec["header"] == "off" ? -15 : 15)
  }
}

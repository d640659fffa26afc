import CZlib
import Support
import Testing
import Tokenizers

@testable import Plugins

/// zlib's own one-call function, under the tokenizer.
@Test func gzipTokensAreZlibsBytes() throws {
  let text = Array(sampleText.prefix(10_240))
  var size = compressBound(UInt(text.count))
  var expected = [UInt8](repeating: 0, count: Int(size))
  #expect(compress(&expected, &size, text, UInt(text.count)) == Z_OK)
  #expect(try trained("GZip[v=256]").encode(text) == expected.prefix(Int(size)).map(Token.init))
}

@Test func aStreamCutShortIsNotWhole() throws {
  let text = Array(sampleText.prefix(1000))
  let stream = try Zlib.deflate(text)
  #expect(Zlib.inflate(stream, maximumBytes: 2000) == (text, true))
  #expect(!Zlib.inflate(stream.dropLast(5), maximumBytes: 2000).isWhole)
  #expect(Zlib.inflate(stream, maximumBytes: 10) == (Array(text.prefix(10)), false))
  #expect(Zlib.inflate([1, 2, 3], maximumBytes: .max) == ([], false))
}

/// The check value of the CRC catalogue.
@Test func crc32IsZlibs() { #expect(crc32("123456789".utf8) == 0xCBF4_3926) }

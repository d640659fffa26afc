import Foundation
import Testing
import Tokenizers

@testable import Plugins

/// What libraries that nobody here wrote make of a vocabulary, of texts and of ``sampleText``.
struct BPEGolden: Decodable {
  /// Tokens in order of rank, in hexadecimal.
  var ranks: [String]
  /// In hexadecimal, of UTF-8.
  var texts: [String]
  /// Of every text, the ids that tiktoken gives under each pattern.
  var ids: [String: [[Token]]]
  /// The merges that Hugging Face's BpeTrainer learns of ``sampleText``, in their order, in hexadecimal.
  var merges: [[String]]
  /// Of the libraries.
  var versions: [String: String]

  static func read() throws -> BPEGolden {
    let folder = try #require(Bundle.module.path(forResource: "Golden", ofType: nil))
    return try JSONDecoder().decode(
      BPEGolden.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/bpe.json")))
  }
}

func bytes(hexadecimal text: String) -> [UInt8] {
  let digits = Array(text.utf8)
  return stride(from: 0, to: digits.count, by: 2).compactMap {
    UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
  }
}

func pieces(_ text: [UInt8], _ pattern: SplitPattern) throws -> [[UInt8]] {
  var pieces: [[UInt8]] = []
  let matcher = PreTokenMatcher(try PreTokenizer(pattern))
  try text.withUnsafeBufferPointer { try matcher.forEach(in: $0) { pieces.append(Array($0)) } }
  return pieces
}

func segment(_ piece: [UInt8], _ segmenter: some PreTokenSegmenter) -> [Token] {
  var tokens: [Token] = []
  piece.withUnsafeBufferPointer { segmenter.segment($0, into: &tokens) }
  return tokens
}

import Testing
import Tokenizers

@testable import Plugins

private func lzw(_ size: Int) throws -> LZWTokenizer {
  LZWTokenizer(spec: try registry.resolve("LZW"), vocabularySize: size)
}

/// The example that textbooks and Rosetta Code print.
@Test func phrasesAreThoseOfWelch() throws {
  let expected: [Token] = [84, 79, 66, 69, 79, 82, 78, 79, 84, 256, 258, 260, 265, 259, 261, 263]
  #expect(try lzw(4096).encode(Array("TOBEORNOTTOBEORTOBEORNOT".utf8)) == expected)
  // A phrase that the token which names it completes: KwKwK.
  #expect(try lzw(4096).encode(Array("aaaaaaa".utf8)) == [97, 256, 257, 97])
  #expect(try lzw(4096).decode([97, 256, 257, 97], byteCount: 7) == Array("aaaaaaa".utf8))
}

@Test func phrasesEndAtTheVocabulary() throws {
  #expect(try lzw(258).encode(Array("ababababab".utf8)) == [97, 98, 256, 256, 256, 256])
  #expect(try lzw(257).encode(Array("ababababab".utf8)) == [97, 98, 256, 256, 256, 256])
  #expect(try lzw(256).encode(Array("abab".utf8)) == [97, 98, 97, 98])
}

@Test func tokensOfNoTextAreRefused() throws {
  for (tokens, bytes) in [([97, 257], 3), ([256], 1), ([97, 97, 97], 3), ([97, 256], 2), ([97, 256], 4)] {
    #expect(throws: TokenizerError.self, "\(tokens)") {
      try lzw(512).decode(tokens.map { Token($0) }, byteCount: bytes)
    }
  }
  #expect(try lzw(512).decodeGenerated([97, 98, 300, 99], maximumBytes: 9) == Array("ab".utf8))
}

/// "abab…": the parse makes ab, a·ba, b·ab …; every prefix of a text is one.
@Test func theDictionaryHoldsTheMostUsedPhrases() throws {
  let text = Array(String(repeating: "the cat sat. ", count: 400).utf8)
  let dictionary = try #require(PrefixDictionary(mostUsedPhrasesOf: [text], count: 280, trainingBytes: .max))
  #expect(dictionary.count == 280)
  let tokenizer = LongestMatchTokenizer(spec: try registry.resolve("LZWDictionary"), dictionary: dictionary, model: nil)
  let tokens = try tokenizer.encode(text)
  #expect(tokens.count < text.count / 2)
  #expect(try tokenizer.decode(tokens, byteCount: text.count) == text)
  // The texts of one example are 24 phrases only where the parse goes that far.
  #expect(PrefixDictionary(mostUsedPhrasesOf: [Array("abab".utf8)], count: 512, trainingBytes: .max) == nil)
}

@Test func aTextOfTooFewPhrasesIsAnError() throws {
  let context = TrainingContext(
    examples: { AnySequence([Array("abab".utf8)]) }, byteModel: { randomM1 }, seed: 1, threads: 1)
  #expect(throws: TokenizerError.self) {
    try LZWDictionaryBackend().train(try registry.resolve("LZWDictionary[v=4k]"), context: context)
  }
}

import Support
import Testing
import Tokenizers

@testable import Plugins

/// Cormen, Leiserson, Rivest & Stein, Introduction to Algorithms, section 16.3.
@Test func lengthsAreThoseOfTheTextbook() {
  #expect(HuffmanCode(weights: [45, 13, 12, 16, 9, 5]).lengths == [1, 3, 3, 3, 4, 4])
}

/// Fibonacci weights make the deepest tree: 40 symbols would need 39 bits.
@Test func noCodeIsTooLong() {
  var weights = [1, 1]
  while weights.count < 40 { weights.append(weights[weights.count - 1] + weights[weights.count - 2]) }
  let lengths = HuffmanCode(weights: weights).lengths
  #expect(lengths.allSatisfy { (1...HuffmanCode.longest).contains($0) })
  #expect(lengths.reduce(0) { $0 + 1 << (HuffmanCode.longest - $1) } == 1 << HuffmanCode.longest)
}

/// Within a bit of the entropy, and no longer than one code of eight bits for all.
@Test func theCodeIsShort() throws {
  let tokenizer = try #require(try trained("Huffman[v=2]") as? HuffmanTokenizer)
  let bits = Double(tokenizer.encode(sampleText).count) / Double(sampleText.count)
  let ac = Double(try trained("StaticAC[v=2]").encode(sampleText).count) / Double(sampleText.count)
  #expect(bits >= ac - 0.01 && bits < ac + 1 && bits < 8, "\(bits) bits a byte, \(ac) by arithmetic coding")
}

/// The same codes as the generic coder under the same model, which ``GoldenTests`` pins for other models.
@Test func staticCodesAreThoseOfTheGenericCoder() throws {
  let tokenizer = try #require(try trained("StaticAC[v=4k]") as? StaticArithmeticCodingTokenizer)
  let generic = ArithmeticCodingTokenizer(spec: tokenizer.spec, vocabularySize: 4096, model: tokenizer.model)
  var generator = SeededGenerator(seed: 5)
  for count in [0, 1, 2, 100, 5000] {
    let text = (0..<count).map { $0 % 3 == 0 ? UInt8(generator.below(256)) : sampleText[$0] }
    let tokens = try generic.encode(text)
    #expect(tokenizer.encode(text) == tokens)
    #expect(try tokenizer.decode(tokens, byteCount: count) == text)
    #expect(try generic.decode(tokens, byteCount: count) == text)
    #expect(tokenizer.decodeGenerated(tokens, maximumBytes: 50) == generic.decodeGenerated(tokens, maximumBytes: 50))
  }
}

import Support
import Testing
import Tokenizers

@testable import Plugins

/// By brute force: all texts above a probability that is lowered until there are enough, sorted.
/// - Parameter isWhole: whether a text has no cut inside; if it has, so has all that begins with it.
private func mostProbable(
  _ count: Int, _ model: MarkovModel, where isWhole: ([UInt8]) throws -> Bool = { _ in true }
) rethrows -> [[UInt8]] {
  let tables = ([nil] + (0...255).map { Optional(UInt8($0)) }).map { model.frequencies($0, 14) }
  func collect(_ text: [UInt8], _ probability: UInt64, least: UInt64, into found: inout [(UInt64, [UInt8])]) throws {
    let table = tables[text.last.map { Int($0) + 1 } ?? 0]
    for byte in 0..<256 {
      let product = probability.multipliedFullWidth(by: UInt64(table[byte]) << 50).high
      if product < least { continue }
      guard try isWhole(text + [UInt8(byte)]) else { continue }
      found.append((product, text + [UInt8(byte)]))
      try collect(text + [UInt8(byte)], product, least: least, into: &found)
    }
  }
  var least: UInt64 = 1 << 56
  while true {
    var found: [(UInt64, [UInt8])] = []
    try collect([], 1 << 62, least: least, into: &found)
    let longer = found.filter { $0.1.count > 1 }
    if longer.count >= count - 256 {
      let best = longer.sorted { $0.0 != $1.0 ? $0.0 > $1.0 : $0.1.lexicographicallyPrecedes($1.1) }
      return (0...255).map { [UInt8($0)] } + best.prefix(count - 256).map(\.1)
    }
    least /= 2
  }
}

/// Nine tenths of the probability on one byte, again and again: the best texts are long, and found late.
@Test(arguments: [256, 257, 1024, 4096])
func theDictionaryHoldsTheMostProbableTexts(count: Int) throws {
  let dictionary = try PrefixDictionary(mostProbable: count, model: peakedModel, threads: 2)
  let texts = (0..<count).map { dictionary.decode([UInt32($0)], byteCount: 1000).text }
  let expected = try mostProbable(count, peakedModel).sorted { $0.lexicographicallyPrecedes($1) }
  let isTheSame = texts == expected  // apart, so that a failure does not print them all
  #expect(isTheSame)
}

/// All of them together, so that a change of any is seen.
@Test func theGoldenDictionaryIsTheSame() throws {
  let dictionary = try PrefixDictionary(mostProbable: 1024, model: peakedModel, threads: 1)
  let texts = (0..<1024).map { dictionary.decode([UInt32($0)], byteCount: 1000).text }
  #expect(texts.map(\.count).max() == 39)
  #expect(sha256(Array(texts.joined(separator: [0]))).prefix(16) == "6b753ccc17f01f1a")
}

/// Bytes that a pre-token never goes on with end a text: here, on random bytes, mostly those between ASCII's classes.
@Test(arguments: [SplitPattern.gpt2, .o200k])
func theTextsInPreTokensAreTheMostProbable(pattern: SplitPattern) throws {
  let cuts = try Cuts(preTokens: pattern)
  let followers = try #require(cuts.followers)
  let texts = try mostProbableTexts(1500, within: cuts, model: peakedModel, threads: 2).map(\.bytes)
  let expected = try mostProbable(1500, peakedModel) {
    try $0.count == 1 || followers.after($0.dropLast())[Int($0[$0.count - 1])]
  }.sorted { $0.lexicographicallyPrecedes($1) }
  let isTheSame = texts == expected
  #expect(isTheSame)
  let free = try mostProbableTexts(1500, model: peakedModel, threads: 1).map(\.bytes)
  #expect(Set(texts) != Set(free))
}

/// Entropies in floating point; a text's own have no peak before its last byte.
@Test func theTextsWithoutPeaksAreTheMostProbable() throws {
  let entropies = ([nil] + (0...255).map { Optional(UInt8($0)) }).map { naiveEntropy(peakedModel.frequencies($0, 14)) }
  func hasNoPeak(_ text: [UInt8]) -> Bool {
    let h = [entropies[0]] + text.map { entropies[Int($0) + 1] }
    return !text.indices.dropFirst().contains { h[$0] > h[$0 - 1] && h[$0] >= h[$0 + 1] && h[$0] >= 1 }
  }
  let cuts = Cuts(entropyPeaks: EntropyPeaks(leastBits: 1), under: peakedModel)
  let texts = try mostProbableTexts(1000, within: cuts, model: peakedModel, threads: 2).map(\.bytes)
  let expected = mostProbable(1000, peakedModel, where: hasNoPeak).sorted { $0.lexicographicallyPrecedes($1) }
  let isTheSame = texts == expected
  #expect(isTheSame)
  #expect(texts.contains { $0.count > 2 })
  let free = try mostProbableTexts(1000, model: peakedModel, threads: 1).map(\.bytes)
  #expect(free.contains { !hasNoPeak($0) })
}

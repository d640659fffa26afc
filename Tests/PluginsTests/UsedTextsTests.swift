import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

/// Least sum of costs over all ways to put the texts together, place by place; nil costs: the number of texts.
private func leastCost(_ text: [UInt8], _ costs: [[UInt8]: Int], without unwanted: [UInt8]? = nil) -> Int {
  var best = [0] + [Int](repeating: .max, count: text.count)
  for end in 1..<max(1, text.count + 1) {
    for start in max(0, end - 40)..<end {
      let piece = Array(text[start..<end])
      if piece != unwanted, let cost = costs[piece] { best[end] = min(best[end], best[start] + cost) }
    }
  }
  return best[text.count]
}

private func tokens(_ tokenizer: M1DictionaryTokenizer) -> [[UInt8]] {
  (0..<tokenizer.vocabularySize).map { Array(tokenizer.vocabulary.tokens[$0]) }
}

private func dictionary(_ name: String) throws -> M1DictionaryTokenizer {
  try #require(try trained(name) as? M1DictionaryTokenizer)
}

@Test(arguments: [
  "M1Dictionary[v=1k,segmenter=path]", "M1Dictionary[v=1k,cut=pretoken,segmenter=path]",
  "M1Dictionary[v=512,cut=pretoken,segmenter=path,texts=used]",
])
func pathTakesTheFewestTexts(name: String) throws {
  let tokenizer = try dictionary(name)
  let one = Dictionary(uniqueKeysWithValues: tokens(tokenizer).map { ($0, 1) })
  let cuts = try Cuts(tokenizer.spec, randomM1)
  for text in hardCases.map(\.bytes) + [Array(sampleText.prefix(2000))] {
    let ends = try cuts.ends(of: text)
    let fewest = zip([0] + ends, ends).reduce(0) { $0 + leastCost(Array(text[$1.0..<$1.1]), one) }
    #expect(try tokenizer.encode(text).count == fewest)
  }
}

@Test(arguments: [
  "M1Dictionary[v=1k,segmenter=unigram]", "M1Dictionary[v=512,cut=pretoken,segmenter=unigram,texts=used]",
])
func unigramTakesTheMostProbableTexts(name: String) throws {
  let tokenizer = try dictionary(name)
  let own = tokenizer.description.costs
  #expect(own.count == tokenizer.vocabularySize)
  let costs = Dictionary(uniqueKeysWithValues: zip(tokens(tokenizer), own.map { Int($0) }))
  let cuts = try Cuts(tokenizer.spec, randomM1)
  for text in hardCases.map(\.bytes) + [Array(sampleText.prefix(2000))] {
    let ends = try cuts.ends(of: text)
    let least = zip([0] + ends, ends).reduce(0) { $0 + leastCost(Array(text[$1.0..<$1.1]), costs) }
    #expect(try tokenizer.encode(text).reduce(0) { $0 + Int(own[Int($1)]) } == least)
  }
}

/// Costs that no use has given: each other than its neighbours'.
@Test func anyCostsAreMinimised() throws {
  var generator = SeededGenerator(seed: 12)
  var table = BPETraining.byteTokens()
  while table.count < 600 {
    let start = generator.below(sampleText.count - 10)
    _ = table.insert(Array(sampleText[start..<start + 2 + generator.below(7)]))
  }
  let vocabulary = try BPEVocabulary(tokens: table, rules: [])
  let costs = (0..<600).map { _ in UInt32(1 + generator.below(1 << 20)) }
  let segmenter = LeastCostSegmenter(vocabulary, costs: costs)
  let known = Dictionary(uniqueKeysWithValues: (0..<600).map { (Array(table[$0]), Int(costs[$0])) })
  for start in stride(from: 0, to: 6000, by: 60) {
    let text = Array(sampleText[start..<start + 60])
    var found: [Token] = []
    text.withUnsafeBufferPointer { segmenter.segment($0, into: &found) }
    #expect(found.flatMap { Array(table[Int($0)]) } == text)
    #expect(found.reduce(0) { $0 + Int(costs[Int($1)]) } == leastCost(text, known))
    let unwanted = 256 + generator.below(344)
    let without = text.withUnsafeBufferPointer { segmenter.cost(of: $0, without: Token(unwanted)) }
    #expect(Int(without) == leastCost(text, known, without: Array(table[unwanted])))
  }
}

/// One round of thinning out, counted naively: every text's use, and what its bytes would cost without it.
@Test(arguments: DictionarySegmenter.allCases)
func theMostUsefulTextsStay(segmenter: DictionarySegmenter) throws {
  let cuts = try Cuts(preTokens: .gpt2)
  let examples = [Array(sampleText.prefix(4000)), multilingualSample]
  let stretches = try cuts.counts(of: examples, threads: 2)
  var generator = SeededGenerator(seed: 3)
  var candidates = Set<[UInt8]>()
  while candidates.count < 104 {
    let start = generator.below(3900)
    candidates.insert(Array(sampleText[start..<start + 2 + generator.below(5)]))
  }
  let bytes = (0...255).map { [UInt8($0)] }
  let texts = (bytes + candidates).sorted { $0.lexicographicallyPrecedes($1) }.enumerated().map {
    ProbableText(bytes: $1, probability: UInt64(1) << UInt64(20 + $0 % 17))
  }
  var used = UsedTexts(texts, stretches: stretches, segmenter: segmenter, threads: 2)
  try used.thin(to: 300)

  var costs = texts.map { segmenter == .unigram ? Int(UnigramCost.of(probability: $0.probability)) : 1 }
  func uses() throws -> [Int64] {
    let vocabulary = try BPEVocabulary(tokens: BPEVocabulary.table(of: texts.map(\.bytes)), rules: [])
    let segments = segmenter.make(vocabulary, costs: costs.map { UInt32($0) })
    var uses = [Int64](repeating: 0, count: texts.count)
    for example in examples {
      let ends = try cuts.ends(of: example)
      for (start, end) in zip([0] + ends, ends) {
        var tokens: [Token] = []
        Array(example[start..<end]).withUnsafeBufferPointer { segments.segment($0, into: &tokens) }
        for token in tokens { uses[Int(token)] += 1 }
      }
    }
    return uses
  }
  var counts = try uses()
  if segmenter == .unigram {
    let all = log2(Double(counts.reduce(0, +) + Int64(counts.count)))
    costs = counts.map { Int(((all - log2(Double($0 + 1))) * 65_536).rounded()) }
    counts = try uses()
  }
  let known = Dictionary(uniqueKeysWithValues: zip(texts.map(\.bytes), costs))
  let worth = texts.indices.map { index in
    texts[index].bytes.count == 1
      ? Int64.max
      : counts[index] * Int64(leastCost(texts[index].bytes, known, without: texts[index].bytes) - costs[index])
  }
  let expected = texts.indices.sorted {
    (worth[$1], texts[$1].probability, $0) < (worth[$0], texts[$0].probability, $1)
  }.prefix(300).sorted().map { texts[$0].bytes }
  #expect(used.texts.map(\.bytes) == expected)
  #expect(counts.contains { $0 > 20 })
}

private let multilingualSample = Array("naïve кириллица, 中文字符 don't stop".utf8)

@Test func useDecidesAndThreadsDoNot() throws {
  let cuts = try Cuts(preTokens: .gpt2)
  let texts = try mostProbableTexts(1024, within: cuts, model: randomM1, threads: 2)
  let stretches = try cuts.counts(of: [sampleText], threads: 1)
  func thinned(_ threads: Int) throws -> UsedTexts {
    var used = UsedTexts(texts, stretches: stretches, segmenter: .unigram, threads: threads)
    try used.thin(to: 400)
    try used.settleCosts()
    return used
  }
  let (one, three) = (try thinned(1), try thinned(3))
  #expect(one.texts.map(\.bytes) == three.texts.map(\.bytes))
  #expect(one.costs == three.costs)
  #expect(one.texts.count == 400)
}

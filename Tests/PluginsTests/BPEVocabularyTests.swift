import Support
import Testing
import Tokenizers

@testable import Plugins

/// BPE by the book: the lowest-ranked merge everywhere, then the next.
private func naiveMerges(_ piece: [UInt8], _ rules: [BPEVocabulary.Rule]) -> [Token] {
  var symbols = piece.map { Token($0) }
  for rule in rules {
    var merged: [Token] = []
    for symbol in symbols {
      if symbol == rule.right, merged.last == rule.left {
        merged[merged.count - 1] = rule.result
        // What was just made is not the left half of the same merge's next occurrence.
      } else {
        merged.append(symbol)
      }
    }
    symbols = merged
  }
  return symbols
}

private func sampleVocabulary(_ name: String = "BPE[v=900]") throws -> BPEVocabulary {
  try #require(trained(name) as? BPETokenizer).vocabulary
}

/// Words of the sample, words that are not, runs, and what is longer than the heap's threshold.
private let samplePieces: [[UInt8]] = {
  var generator = SeededGenerator(seed: 12)
  let words = sampleText.split(separator: 0x20).prefix(400).map { Array($0) }
  let mixed = (0..<600).map { _ in
    (0..<1 + generator.below(6)).flatMap { _ in words[generator.below(words.count)].prefix(1 + generator.below(5)) }
  }
  let long = (0..<20).map { _ in (0..<40).flatMap { _ in words[generator.below(words.count)] } }
  let runs = [1, 2, 3, 5, 47, 48, 49, 50, 300].map { [UInt8](repeating: 0x65, count: $0) }
  return words + mixed + long + runs
}()

@Test func mergesAreAppliedInTheirOrder() throws {
  for name in ["BPE[v=900]", "BPE[v=900,split=none]"] {
    let vocabulary = try sampleVocabulary(name)
    let segmenter = MergeSegmenter(vocabulary)
    let wrong = samplePieces.filter { segment($0, segmenter) != naiveMerges($0, vocabulary.rules) }
    #expect(wrong == [], "\(name)")
  }
}

/// The tokens alone, in the order of their ids, say what merges say: so a tokenizer that was trained here can be read as
/// ranks (docs/bpe.md proves it).
@Test func ranksSayWhatMergesSay() throws {
  for name in ["BPE[v=900]", "BPE[v=900,split=none]"] {
    let vocabulary = try sampleVocabulary(name)
    let ranked = try BPEVocabulary(ranked: (0..<vocabulary.count).map { Array(vocabulary.tokens[$0]) })
    #expect(ranked.rules.count >= vocabulary.rules.count)
    let merges = MergeSegmenter(vocabulary), ranks = MergeSegmenter(ranked)
    let whole = MergeSegmenter(ranked, takesWholeTokens: true)
    let wrong = samplePieces.filter {
      segment($0, merges) != segment($0, ranks) || segment($0, merges) != segment($0, whole)
    }
    #expect(wrong == [], "\(name)")
  }
}

/// BPE by its definition, whatever the order of ranks: of all merges that a text allows the one of lowest rank, the
/// leftmost of several.
private func definedMerges(_ piece: [UInt8], _ rules: [BPEVocabulary.Rule]) -> [Token] {
  var merges: [[Token]: (rank: Int, result: Token)] = [:]
  for rule in rules where rule.rank < merges[[rule.left, rule.right]]?.rank ?? .max {
    merges[[rule.left, rule.right]] = (rule.rank, rule.result)
  }
  var symbols = piece.map { Token($0) }
  while true {
    let due = (0..<max(0, symbols.count - 1)).compactMap { place in
      merges[Array(symbols[place...place + 1])].map { (rank: $0.rank, place: place, result: $0.result) }
    }.min { ($0.rank, $0.place) < ($1.rank, $1.place) }
    guard let due else { return symbols }
    symbols.replaceSubrange(due.place...due.place + 1, with: [due.result])
  }
}

/// Files of ranks and of merges, of which many are none that a trainer makes: tokens that nothing makes, several ways to
/// one, ranks out of order. The one pass is for most of them; the others are merged one by one.
@Test func onePassSaysWhatMergesOneByOneSay() throws {
  var generator = SeededGenerator(seed: 5)
  var ordered = 0
  for round in 0..<240 {
    var texts: [[UInt8]] = [[0x61], [0x62], [0x63]]
    var list = (0...255).map { [UInt8($0)] }
    for _ in 0..<3 + generator.below(40) {
      let parts = 2 + (generator.below(6) == 0 ? generator.below(3) : 0)
      let text = (0..<parts).flatMap { _ in texts[generator.below(texts.count)] }
      if !texts.contains(text) { texts.append(text) }
    }
    var learned = Array(texts.dropFirst(3))
    if round % 3 == 0 {
      for _ in 0..<3 { learned.swapAt(generator.below(learned.count), generator.below(learned.count)) }
    }
    list += learned
    var vocabulary = try BPEVocabulary(ranked: list)
    if round % 2 == 0 {
      // Merges as a file lists them: some are missing, each has a rank of its own.
      let rules = vocabulary.rules.filter { _ in generator.below(3) > 0 }.enumerated().map { rank, rule in
        BPEVocabulary.Rule(left: rule.left, right: rule.right, result: rule.result, rank: rank)
      }
      vocabulary = try BPEVocabulary(tokens: vocabulary.tokens, rules: rules)
    }
    if OnePassMerges(vocabulary) != nil { ordered += 1 }
    let segmenter = MergeSegmenter(vocabulary)
    for _ in 0..<30 {
      let piece = (0..<1 + generator.below(70)).map { _ in UInt8(0x61 + generator.below(round % 5 == 0 ? 2 : 3)) }
      let expected = definedMerges(piece, vocabulary.rules)
      #expect(segment(piece, segmenter) == expected, "round \(round): \(piece), \(learned)")
    }
  }
  #expect((60..<240).contains(ordered))
}

/// A token that merges cannot make of its own bytes is taken whole only where that is asked for.
@Test func wholeTokensAreAChoice() throws {
  let tokens = (0...255).map { [UInt8($0)] } + ["ab", "bc", "abc"].map { Array($0.utf8) }
  let rules = [
    BPEVocabulary.Rule(left: 0x61, right: 0x62, result: 256, rank: 0),
    BPEVocabulary.Rule(left: 0x62, right: 0x63, result: 257, rank: 1),
    BPEVocabulary.Rule(left: 0x61, right: 257, result: 258, rank: 2),
  ]
  let vocabulary = try BPEVocabulary(tokens: BPEVocabulary.table(of: tokens), rules: rules)
  #expect(segment(Array("abc".utf8), MergeSegmenter(vocabulary)) == [256, 0x63])
  #expect(segment(Array("abc".utf8), MergeSegmenter(vocabulary, takesWholeTokens: true)) == [258])
}

@Test func greedyTakesTheLongest() throws {
  let vocabulary = try sampleVocabulary()
  let segmenter = GreedySegmenter(vocabulary)
  let wrong = samplePieces.filter { piece in
    var expected: [Token] = []
    var rest = piece[...]
    while !rest.isEmpty {
      let length = (1...rest.count).last { vocabulary.tokens.index(of: rest.prefix($0)) != nil } ?? 1
      expected.append(Token(vocabulary.tokens.index(of: rest.prefix(length)) ?? 0))
      rest = rest.dropFirst(length)
    }
    return segment(piece, segmenter) != expected
  }
  #expect(wrong == [])
}

@Test func pathTakesTheFewest() throws {
  let vocabulary = try sampleVocabulary()
  let segmenter = FewestTokensSegmenter(vocabulary)
  let merges = MergeSegmenter(vocabulary), greedy = GreedySegmenter(vocabulary)
  var wrong: [[UInt8]] = []
  for piece in samplePieces {
    var fewest = [0]
    for end in 1...piece.count {
      let starts = (max(0, end - vocabulary.longest)..<end).filter {
        vocabulary.tokens.index(of: piece[$0..<end]) != nil
      }
      fewest.append(1 + (starts.map { fewest[$0] }.min() ?? 0))
    }
    let found = segment(piece, segmenter)
    let text = found.flatMap { Array(vocabulary.tokens[Int($0)]) }
    if found.count != fewest[piece.count] || text != piece { wrong.append(piece) }
    if found.count > min(segment(piece, merges).count, segment(piece, greedy).count) { wrong.append(piece) }
  }
  #expect(wrong == [])
  // Of equal paths the one with the longest last token.
  let tokens = (0...255).map { [UInt8($0)] } + ["ab", "bcd", "abc"].map { Array($0.utf8) }
  let small = try BPEVocabulary(tokens: BPEVocabulary.table(of: tokens), rules: [])
  #expect(segment(Array("abcd".utf8), FewestTokensSegmenter(small)) == [0x61, 257])
}

/// More words than places to keep them, again and again, from two threads: the tokens are those of each word alone.
@Test func whatIsKeptChangesNothing() throws {
  let vocabulary = try sampleVocabulary()
  let segmenter = MergeSegmenter(vocabulary)
  let encoder = PreTokenEncoder(try PreTokenizer(.space), segmenter)
  var generator = SeededGenerator(seed: 21)
  let words = (0..<150_000).map { _ in (0..<1 + generator.below(20)).map { _ in UInt8(97 + generator.below(6)) } }
  let expected = words.map { segment($0, segmenter) }
  let text = words.map { $0 + [0x0A] }
  let newline = segment([0x0A], segmenter)
  let found = try parallelMap(6, threads: 2) { part -> Bool in
    let range = part / 2 * 50_000..<(part / 2 + 1) * 50_000
    let tokens = try encoder.encode(Array(text[range].joined()))
    return tokens == Array(expected[range].map { $0 + newline }.joined())
  }
  #expect(found == [Bool](repeating: true, count: 6))
}

@Test func impossibleVocabulariesAreRefused() throws {
  let bytes = (0...255).map { [UInt8($0)] }
  #expect(throws: BPEVocabularyError.self) { try BPEVocabulary(ranked: Array(bytes.dropLast())) }
  #expect(throws: BPEVocabularyError.self) { try BPEVocabulary(ranked: bytes + [[0x61]]) }
  #expect(throws: BPEVocabularyError.self) { try BPEVocabulary(ranked: bytes + [[]]) }
  let tokens = try BPEVocabulary.table(of: bytes + [[0x61, 0x62]])
  for rule in [
    BPEVocabulary.Rule(left: 0x61, right: 0x62, result: 257, rank: 0),
    BPEVocabulary.Rule(left: 0x62, right: 0x61, result: 256, rank: 0),
    BPEVocabulary.Rule(left: 0x61, right: 0x61, result: 256, rank: 0),
  ] { #expect(throws: BPEVocabularyError.self) { try BPEVocabulary(tokens: tokens, rules: [rule]) } }
}

@Test func tablesKeepAllStrings() {
  var generator = SeededGenerator(seed: 30)
  let strings = (0..<30_000).map { _ in (0..<generator.below(30)).map { _ in UInt8(generator.below(3)) } }
  var table = ByteStringTable()
  var expected: [[UInt8]: Int] = [:]
  var wrong = 0
  for string in strings {
    let isNew = expected[string] == nil
    let index = expected[string] ?? expected.count
    expected[string] = index
    if table.insert(string) != (index, isNew) { wrong += 1 }
  }
  #expect(wrong == 0)
  #expect(table.count == expected.count)
  #expect(expected.allSatisfy { table.index(of: $0) == $1 && Array(table[$1]) == $0 })
  #expect(table.index(of: [9, 9, 9]) == nil)
}

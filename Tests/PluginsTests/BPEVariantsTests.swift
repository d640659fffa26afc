import Support
import Testing
import Tokenizers

@testable import Plugins

private func context(_ text: [UInt8]) -> TrainingContext {
  TrainingContext(examples: { AnySequence([text]) }, byteModel: { randomM1 }, seed: 1, threads: 1)
}

private func trained(_ name: String, on text: [UInt8]) throws -> any Tokenizer {
  let spec = try registry.resolve(name)
  return try registry.backend(named: spec.name).train(spec, context: context(text))
}

private func texts(_ tokenizer: any Tokenizer, _ tokens: [Token]) -> [String] {
  tokens.map { String(decoding: tokenizer.decodeGenerated([$0], maximumBytes: 1000), as: UTF8.self) }
}

// MARK: SuperBPE

@Test func superwordsCrossSpacesOnly() throws {
  let text = Array(String(repeating: "by the way, 12 34 and by the way it is !! !! so.\n", count: 40).utf8)
  let tokenizer = try trained("SuperBPE[v=288,t=276]", on: text)
  let tokens = texts(tokenizer, (256..<288).map { Token($0) })
  #expect(tokens.dropFirst(276 - 256).contains { $0.contains("by the way") }, "\(tokens)")
  // Pre-tokens with digits or several signs are in no superword.
  let crossing = tokens.filter { $0.dropFirst().contains(" ") }
  #expect(!crossing.isEmpty && !crossing.contains { $0.contains { $0.isNumber || $0 == "!" } }, "\(crossing)")
  #expect(!tokens.prefix(276 - 256).contains { $0.dropFirst().contains(" ") })
}

/// With no second stage it is BPE.
@Test func superBPEWithoutASecondStageIsBPE() throws {
  let first = try trained("SuperBPE[v=700,t=700]", on: sampleText), plain = try trained("BPE[v=700]", on: sampleText)
  #expect(try first.encode(sampleText) == plain.encode(sampleText))
}

/// The second stage, step by step and from the beginning each time: training by counting anew, encoding by applying
/// every merge in its order.
@Test func theSecondStageEqualsTheNaiveOne() throws {
  let text = Array(sampleText.prefix(6000))
  let size = 420, transition = 380
  let tokenizer = try #require(try trained("SuperBPE[v=\(size),t=\(transition)]", on: text) as? SuperBPETokenizer)
  let first = try trained("BPE[v=\(transition)]", on: text)
  // All pre-tokens of the sample are words and single signs: the text is one run.
  var symbols = try pieces(text, .gpt2).flatMap { try first.encode($0) }
  for rule in tokenizer.vocabulary.rules.dropFirst(transition - 256) {
    var pairs: [UInt64: Int] = [:]
    for (a, b) in zip(symbols, symbols.dropFirst()) { pairs[PairTable.pair(a, b), default: 0] += 1 }
    let best = try #require(pairs.min { ($1.value, $0.key) < ($0.value, $1.key) })
    #expect(best.key == PairTable.pair(rule.left, rule.right))
    var merged: [Token] = []
    for symbol in symbols {
      if symbol == rule.right, merged.last == rule.left {
        merged[merged.count - 1] = rule.result
      } else {
        merged.append(symbol)
      }
    }
    symbols = merged
  }
  #expect(try tokenizer.encode(text) == symbols)
  #expect(tokenizer.vocabulary.count == size)
}

@Test func transitionsBeyondTheVocabularyAreRefused() {
  #expect(throws: TokenizerError.self) { try registry.resolve("SuperBPE[v=400,t=401]") }
  #expect(throws: Never.self) { try registry.resolve("SuperBPE[v=400,t=400]") }
}

// MARK: PickyBPE

/// The paper's algorithm by the book: everything counted anew before every step.
private struct NaivePicky {
  var words: [(symbols: [Token], count: Int64)]
  var bytes = (0...255).map { [UInt8($0)] }
  var origins = [(Token, Token)?](repeating: nil, count: 256)
  var present = Set((0...255).map { Token($0) })
  var events: [PickyHistory.Event] = []

  func frequency(_ symbol: Token) -> Int64 {
    words.reduce(0) { sum, word in sum + word.count * Int64(word.symbols.count { $0 == symbol }) }
  }

  func parts(_ symbol: Token) -> [Token] {
    guard let origin = origins[Int(symbol)], !present.contains(symbol) else { return [symbol] }
    return parts(origin.0) + parts(origin.1)
  }

  mutating func learn(_ size: Int, threshold: Double) {
    while present.count < size {
      var pairs: [UInt64: Int64] = [:]
      for word in words {
        for (a, b) in zip(word.symbols, word.symbols.dropFirst()) {
          pairs[PairTable.pair(a, b), default: 0] += word.count
        }
      }
      guard let best = pairs.min(by: { ($1.value, $0.key) < ($0.value, $1.key) }), best.value >= 2 else { return }
      let left = Token(best.key >> 32), right = Token(truncatingIfNeeded: best.key)
      let text = bytes[Int(left)] + bytes[Int(right)]
      let result = Token(bytes.firstIndex(of: text) ?? bytes.count)
      if Int(result) == bytes.count {
        bytes.append(text)
        origins.append((left, right))
      }
      present.insert(result)
      events.append(.merge(left: left, right: right, result: result))
      var merged: Int64 = 0
      for index in words.indices {
        var symbols: [Token] = []
        for symbol in words[index].symbols {
          if symbol == right, symbols.last == left, symbols.count > 0 {
            symbols[symbols.count - 1] = result
            merged += words[index].count
          } else {
            symbols.append(symbol)
          }
        }
        words[index].symbols = symbols
      }
      for symbol in left == right ? [left] : [left, right] where symbol >= 256 {
        guard Double(merged) / Double(frequency(symbol) + merged) >= threshold else { continue }
        events.append(.removal(symbol))
        present.remove(symbol)
        let parts = parts(symbol)
        for index in words.indices {
          words[index].symbols = words[index].symbols.flatMap { $0 == symbol ? parts : [$0] }
        }
      }
    }
  }
}

@Test(arguments: ["0.6", "0.9", "1"])
func pickyEqualsTheNaiveOne(threshold: String) throws {
  let text = Array(sampleText.prefix(4000)) + Array("aaaa aaaaaaa aaab aaab aaab abab ababab ababab ".utf8)
  let name = "PickyBPE[v=400,threshold=\(threshold)]"
  let tokenizer = try #require(try trained(name, on: text) as? PickyBPETokenizer)
  let counts = try BPETraining.counts(split: .gpt2, name: "test", context(text))
  let words = (0..<counts.strings.count).map { Array(counts.strings[$0]) }
  var naive = NaivePicky(words: words.indices.map { (words[$0].map { Token($0) }, counts.counts[$0]) })
  naive.learn(400, threshold: try #require(Double(threshold)))
  #expect(tokenizer.history.events == naive.events)
  #expect(tokenizer.history.vocabulary.count == 400)
  // Encoding does what training did: every word ends as it ended there.
  let segmenter = PickySegmenter(tokenizer.history)
  let wrong = words.indices.filter { index in
    segment(words[index], segmenter) != naive.words[index].symbols.map { tokenizer.history.tokens[Int($0)] }
  }
  #expect(wrong.map { String(decoding: words[$0], as: UTF8.self) } == [])
  #expect(tokenizer.history.events.contains { if case .removal = $0 { true } else { false } })
}

/// What occurs within one token alone leaves, and its place goes to another.
@Test func intermediateTokensLeave() throws {
  let text = Array(
    (String(repeating: "Kentucky ", count: 30)
      + String(repeating: "alpha beta gamma delta epsilon ", count: 5)).utf8)
  let picky = try trained("PickyBPE[v=261]", on: text), plain = try trained("BPE[v=261]", on: text)
  let kept = texts(picky, (256..<261).map { Token($0) }), all = texts(plain, (256..<261).map { Token($0) })
  #expect(kept.contains { $0.hasSuffix("Kentucky") }, "\(kept)")
  #expect(!all.contains { $0.hasSuffix("Kentucky") }, "\(all)")
}

@Test func impossibleHistoriesAreRefused() throws {
  var symbols = BPETraining.byteTokens()
  _ = symbols.insert(Array("ab".utf8))
  let merge = PickyHistory.Event.merge(left: 0x61, right: 0x62, result: 256)
  #expect(throws: Never.self) { try PickyHistory(symbols: symbols, events: [merge]) }
  for events in [[], [merge, .removal(0x61)], [.removal(256)], [merge, .removal(256), .removal(256)]]
    + [[.merge(left: 0x62, right: 0x61, result: 256)], [.merge(left: 0x61, right: 256, result: 256)]]
  {
    #expect(throws: BPEVocabularyError.self, "\(events)") { try PickyHistory(symbols: symbols, events: events) }
  }
  // A symbol that left comes back where a merge makes it again.
  let history = try PickyHistory(symbols: symbols, events: [merge, .removal(256), merge])
  #expect(history.vocabulary.count == 257)
  #expect(segment(Array("abab".utf8), PickySegmenter(history)) == [256, 256])
}

// MARK: ByteSpan

@Test func spansBeginWhereTheSurpriseIs() {
  func starts(_ constraint: ByteSpans.Constraint, _ surprisals: [Double]) -> [Int] {
    ByteSpans(constraint: constraint, bits: 2).starts(surprisals)
  }
  let surprisals = [5, 3, 1, 1, 1.5, 4, 3.5, 6, 0.5]
  #expect(starts(.monotonic, surprisals) == [0, 4, 5, 7])
  #expect(starts(.global, surprisals) == [0, 1, 5, 6, 7])
  #expect(starts(.combined, surprisals) == [0, 5, 7])
  #expect(starts(.global, []) == [])
}

/// The vocabulary is the most frequent spans, counted here from M1's surprisals.
@Test(arguments: ["monotonic", "global,bits=9", "combined,bits=6"])
func theVocabularyIsTheMostFrequentSpans(constraint: String) throws {
  let text = Array(sampleText.prefix(8000))
  let tokenizer = try trained("ByteSpan[v=330,constraint=\(constraint)]", on: text)
  let bits = constraint.contains("9") ? 9.0 : 6.0
  let surprisals = try randomM1.intervals(of: text, precision: 14).map { $0.informationBits(precision: 14) }
  var counts: [[UInt8]: Int] = [:]
  var offset = 0
  for piece in try pieces(text, .gpt2) {
    var span: [UInt8] = []
    for (index, byte) in piece.enumerated() {
      let here = surprisals[offset + index]
      let falls = index > 0 && here <= surprisals[offset + index - 1]
      let goesOn =
        constraint == "monotonic" ? falls : constraint.hasPrefix("global") ? here < bits : falls || here < bits
      if index > 0, !goesOn {
        counts[span, default: 0] += 1
        span = []
      }
      span.append(byte)
    }
    counts[span, default: 0] += 1
    offset += piece.count
  }
  let best = counts.filter { $0.key.count > 1 && $0.value > 1 }.sorted {
    $0.value != $1.value
      ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
  }.prefix(330 - 256).map { String(decoding: $0.key, as: UTF8.self) }
  #expect(texts(tokenizer, (256..<330).map { Token($0) }) == best)
}

@Test func aThresholdThatMeansNothingIsRefused() {
  #expect(throws: TokenizerError.self) { try registry.resolve("ByteSpan[v=400,bits=3]") }
  #expect(throws: Never.self) { try registry.resolve("ByteSpan[v=400,constraint=global,bits=3]") }
}

// MARK: base=

/// The other tokenizer's tokens, merged by the book and unmerged again.
@Test(arguments: MergedCodeTokenizer.bases)
func codesAreMerged(base: String) throws {
  let text = Array(sampleText.prefix(20_000))
  let tokenizer = try #require(try trained("BPE[v=300,base=\"\(base)\"]", on: text) as? MergedCodeTokenizer)
  #expect(tokenizer.base.spec.canonicalName == base)
  let code = try tokenizer.base.encode(text)
  var symbols = code
  for rule in tokenizer.rules {
    var merged: [Token] = []
    for symbol in symbols {
      if symbol == rule.right, merged.last == rule.left {
        merged[merged.count - 1] = rule.result
      } else {
        merged.append(symbol)
      }
    }
    symbols = merged
  }
  let tokens = try tokenizer.encode(text)
  #expect(tokens == symbols)
  #expect(tokens.count < code.count)
  #expect(try tokenizer.decode(tokens, byteCount: text.count) == text)
}

@Test func basesAreNamedInQuotes() throws {
  #expect(try registry.resolve("BPE[v=300,base=\"GZip[v=256]\"]").canonicalName == "BPE[v=300,base=\"GZip[v=256]\"]")
  #expect(throws: TokenizerError.self) { try registry.resolve("BPE[base=\"AC[v=256]\"]") }
  #expect(throws: TokenizerError.self) { try registry.resolve("BPE[base=\"GZip[v=256]\",split=none]") }
}

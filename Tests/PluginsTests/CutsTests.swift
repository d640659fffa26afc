import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

/// -Σ q log2 q in floating point.
func naiveEntropy(_ frequencies: [UInt32]) -> Double {
  let total = Double(frequencies.reduce(0, +))
  return -frequencies.reduce(0) { $0 + (Double($1) / total) * log2(Double($1) / total) }
}

private let multilingual = Array(
  "It's 2024: naïve façades,  русский текст\n\n\tкириллица, 中文字符 and हिन्दी — ¡sí! don't\u{2003}stop 🙂.".utf8)
private let texts = hardCases.map(\.bytes) + [Array(sampleText.prefix(3000)), multilingual]

// MARK: Peaks of entropy

@Test(arguments: [0, 1, 4, 7])
func peaksAreWhereANaiveComputationFindsThem(leastBits: Int) throws {
  let models: [any ByteModel] = [randomM1, peakedModel]
  var cuts = 0
  for model in models {
    for text in texts where !text.isEmpty {
      var h: [Double] = []
      model.distributions(along: text, precision: 14) { h.append(naiveEntropy(Array($1))) }
      let expected =
        text.indices.filter { i in
          i > 0 && h[i] > h[i - 1] && (i == text.count - 1 || h[i] >= h[i + 1]) && h[i] >= Double(leastBits)
        } + [text.count]
      let ends = try Cuts(entropyPeaks: EntropyPeaks(leastBits: leastBits), under: model).ends(of: text)
      #expect(ends == expected)
      cuts += ends.count - 1
    }
  }
  #expect(cuts > 300)
}

@Test func entropiesAreExact() throws {
  func entropy(_ frequencies: [UInt32]) throws -> Double {
    try frequencies.withUnsafeBufferPointer {
      Double(EntropyPeaks.entropy(try QuantisedDistribution($0, precision: 14))) / 0x1p46
    }
  }
  #expect(try entropy([UInt32](repeating: 64, count: 256)) == 8)
  let one = [UInt32(16_384 - 255)] + [UInt32](repeating: 1, count: 255)
  #expect(abs(try entropy(one) - naiveEntropy(one)) < 1e-8)
  #expect(try Cuts(entropyPeaks: EntropyPeaks(leastBits: 0), under: randomM1).ends(of: []) == [])
}

// MARK: What may follow

@Test func followersAreThoseOfThePattern() throws {
  let followers = ByteFollowers(try PreTokenizer(.gpt2))
  func may(_ text: [UInt8], _ byte: UInt8) throws -> Bool { try followers.after(text[...])[Int(byte)] }
  func may(_ text: String, _ byte: Character) throws -> Bool { try may(Array(text.utf8), byte.asciiValue ?? 0) }
  for (text, byte, expected): (String, Character, Bool) in [
    ("a", "b", true), ("a", " ", false), ("a", "1", false), (" ", "b", true), (" ", " ", true), ("\n", "a", false),
    ("1", "2", true), ("!", "?", true), ("!", "a", false), ("é", "a", true), ("é", " ", false), ("где", " ", false),
    ("где", ",", false), ("中", "!", false), ("ab ", "c", true),
  ] { #expect(try may(text, byte) == expected, "\(text.debugDescription), \(byte)") }
  #expect(try may([0x61], 0xC3))  // the first byte of some letter
  #expect(try may([0x61, 0xC3], 0xA9))
  #expect(try !may([0x61, 0xC3], 0x61))
  #expect(try may([0xFF], 0xFF) && !may([0xFF], 0x61))
  #expect(try followers.after([]).allSatisfy { $0 })
  for byte in UInt8.min...UInt8.max { #expect(try followers.after([byte]).contains(true)) }
}

/// Inside a pre-token nothing is ruled out, but in contractions and, under `o200k`, in white space before a newline.
@Test(arguments: [SplitPattern.space, .gpt2, .cl100k, .o200k])
func preTokensAreNotCutFurther(pattern: SplitPattern) throws {
  let preTokenizer = try PreTokenizer(pattern)
  let followers = ByteFollowers(preTokenizer)
  for text in texts {
    let ends = try Cuts(preTokens: pattern).ends(of: text)
    #expect(ends.last ?? 0 == text.count)
    for (start, end) in zip([0] + ends, ends) where !text[start..<end].contains(UInt8(ascii: "'")) {
      if pattern == .o200k, text[start..<end].allSatisfy({ $0 == 32 || (9...13).contains($0) }) { continue }
      for place in start + 1..<max(end, start + 1) {
        let possible = try followers.after(text[start..<place])
        #expect(possible[Int(text[place])], "\(pattern): \(text[start...place])")
      }
    }
  }
}

@Test func distributionsAreNarrowedInProportion() throws {
  var generator = SeededGenerator(seed: 5)
  for precision in [8, 12, 14, 16] {
    let frequencies = precision == 8 ? [UInt32](repeating: 1, count: 256) : peakedModel.frequencies(9, precision)
    for _ in 0..<50 {
      var possible = (0..<256).map { _ in generator.below(10) == 0 }
      possible[generator.below(256)] = true
      let total = (0..<256).reduce(0) { $0 + (possible[$1] ? Int(frequencies[$1]) : 0) }
      let exact = (0..<256).map { possible[$0] ? Int(frequencies[$0]) << precision : 0 }
      var expected = exact.map { $0 / total }
      let order = (0..<256).sorted { (exact[$1] % total, $0) < (exact[$0] % total, $1) }
      for byte in order.prefix(1 << precision - expected.reduce(0, +)) { expected[byte] += 1 }
      let found = try frequencies.withUnsafeBufferPointer { frequencies in
        let distribution = try QuantisedDistribution(frequencies, precision: precision)
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) {
          distribution.given(possible, in: $0).frequencies.map { Int($0) }
        }
      }
      #expect(found == expected)
      #expect(found.reduce(0, +) == 1 << precision)
    }
  }
}

// MARK: Windows

private func cutsOfEveryRule(_ model: any ByteModel) throws -> [Cuts] {
  [
    try Cuts(preTokens: .gpt2), try Cuts(preTokens: .o200k),
    Cuts(entropyPeaks: EntropyPeaks(leastBits: 0), under: model),
  ]
}

/// Each code decodes to a text of its own, and that text, where no cut falls into it, has that code alone.
@Test(arguments: [8, 10, 12])
func codesAndTextsAreInBijectionUnderCuts(bits: Int) throws {
  for model in [randomM1, peakedModel] as [any ByteModel] {
    for cuts in try cutsOfEveryRule(model) {
      let coder = WindowCoder(model: model, bits: bits, rule: .reserve, reset: 1, cuts: cuts)
      let codebook = try PrefixDictionary(codebookOf: bits, model: model, followers: cuts.followers, threads: 2)
      let codes = (0..<UInt32(1 << bits)).map { [UInt128($0)] }
      let texts = try coder.decode(examples: codes.map { ($0, nil) }, threads: 2).map(\.text)
      #expect(texts.allSatisfy { !$0.isEmpty })
      #expect(Set(texts).count == 1 << bits)
      let stretches = texts.map { codebook.encode($0).map { UInt128($0) } }
      #expect(stretches == codes)
      let encoded = try coder.encode(examples: texts, threads: 2).map(\.codes)
      for (index, text) in texts.enumerated() where try cuts.ends(of: text).count == 1 {
        #expect(encoded[index] == codes[index])
      }
    }
  }
}

/// What the codebook leaves out makes room for longer windows in words.
@Test func textsAcrossPreTokensHaveNoCode() throws {
  let cuts = try Cuts(preTokens: .gpt2)
  func texts(_ followers: ByteFollowers?) throws -> [[UInt8]] {
    // All bytes equally probable: a byte is given to 63 others, the lower ones of those that are possible.
    let model = MarkovModel { _, precision in [UInt32](repeating: 1 << UInt32(precision - 8), count: 256) }
    let codebook = try PrefixDictionary(codebookOf: 14, model: model, followers: followers, threads: 2)
    return (0..<UInt32(1 << 14)).map { codebook.decode([$0], byteCount: 100).text }
  }
  func count(_ texts: [[UInt8]], _ first: ClosedRange<Character>, _ second: ClosedRange<Character>) -> Int {
    func holds(_ range: ClosedRange<Character>, _ byte: UInt8) -> Bool {
      range.contains(Character(Unicode.Scalar(byte)))
    }
    return texts.reduce(0) { $0 + ($1.count == 2 && holds(first, $1[0]) && holds(second, $1[1]) ? 1 : 0) }
  }
  let (all, inside) = (try texts(nil), try texts(cuts.followers))
  #expect(count(all, "a"..."z", " "..." ") > 0 && count(all, "a"..."z", "0"..."9") > 0)
  #expect(count(inside, "a"..."z", " "..." ") == 0 && count(inside, "a"..."z", "0"..."9") == 0)
  #expect(count(inside, "a"..."z", "a"..."z") > count(all, "a"..."z", "a"..."z"))
}

@Test(arguments: [13, 24, 40])
func theCodebookEqualsRunningM1UnderCuts(bits: Int) throws {
  for cuts in try cutsOfEveryRule(randomM1) {
    let coder = WindowCoder(model: randomM1, bits: bits, rule: .reserve, reset: 1, cuts: cuts)
    let windows = try coder.encode(examples: texts, threads: 2)
    let decoded = try coder.decode(examples: zip(windows, texts).map { ($0.codes, $1.count) }, threads: 2)
    #expect(decoded.map(\.text) == texts)
    for (text, windows) in zip(texts, windows) {
      let ends = try cuts.ends(of: text)
      #expect(boundaries(windows.lengths).isSuperset(of: ends))
      guard PrefixDictionary.codebookBits.contains(bits) else { continue }
      let codebook = try PrefixDictionary(codebookOf: bits, model: randomM1, followers: cuts.followers, threads: 2)
      let codes = zip([0] + ends, ends).flatMap { codebook.encode(Array(text[$0..<$1])) }
      #expect(codes.map { UInt128($0) } == windows.codes)
    }
  }
}

private func boundaries(_ lengths: [Int]) -> Set<Int> {
  var end = 0
  return Set(
    lengths.map {
      end += $0
      return end
    })
}

// MARK: Tokenizers

@Test(arguments: [
  "EqualInfoAC[b=12,v=4k,cut=pretoken]", "EqualInfoAC[b=24,v=256,cut=pretoken,split=cl100k]",
  "EqualInfoAC[b=12,v=4k,cut=entropy]", "EqualInfoAC[b=16,v=256,cut=entropy,peak=0]",
  "M1Dictionary[v=1k,cut=pretoken]", "M1Dictionary[v=512,cut=pretoken,split=space,segmenter=path]",
  "M1Dictionary[v=512,cut=pretoken,segmenter=unigram,texts=used]",
  "M1Dictionary[v=512,cut=entropy,segmenter=path,texts=used]",
])
func noTokenCrossesACut(name: String) throws {
  let tokenizer = try trained(name)
  let cuts = try Cuts(tokenizer.spec, randomM1)
  for text in texts {
    let lengths = try #require(try tokenizer.byteCounts(of: try tokenizer.encode(text), in: text))
    #expect(boundaries(lengths).isSuperset(of: try cuts.ends(of: text)))
  }
}

@Test func entropyIsPaidInEncoding() throws {
  let whole = randomM1.flopsPerByte(meanContext: nil)
  #expect(try trained("EqualInfoAC[b=12,v=4k,cut=pretoken]").flopsPerByte == 0)
  #expect(try trained("M1Dictionary[v=512,cut=pretoken]").flopsPerByte == 0)
  #expect(try trained("EqualInfoAC[b=12,v=4k,cut=entropy]").flopsPerByte == whole)
  #expect(try trained("M1Dictionary[v=512,cut=entropy]").flopsPerByte == whole)
  #expect(try trained("EqualInfoAC[b=24,v=256,cut=entropy]").flopsPerByte > whole)
  let spec = try registry.resolve("EqualInfoAC[b=12,v=4k,cut=entropy]")
  #expect(try registry.backend(named: spec.name).windowBits(of: spec) == nil)
}

@Test func parametersThatDoNotGoTogetherAreRefused() throws {
  for (name, part) in [
    ("EqualInfoAC[b=16,v=256,end=greedy,cut=pretoken]", "end=reserve"),
    ("EqualInfoAC[b=16,v=256,end=delay,cut=entropy]", "end=reserve"),
    ("EqualInfoAC[b=16,v=256,split=cl100k]", "cut=pretoken"), ("M1Dictionary[v=4k,peak=2]", "cut=entropy"),
    ("M1Dictionary[v=4k,cut=entropy,split=space]", "cut=pretoken"),
    ("M1Dictionary[v=4k,cut=pretoken,split=none]", "gpt2 | space | cl100k | o200k"),
    ("M1Dictionary[v=4k,cut=word]", "none | pretoken | entropy"), ("M1Dictionary[v=4k,segmenter=merges]", "greedy"),
  ] {
    do {
      _ = try registry.resolve(name)
      Issue.record("\(name) is accepted")
    } catch { #expect("\(error)".contains(part), "\(error)") }
  }
}

@Test func damagedDictionariesAreRefused() throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cuts-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try makeFolder(folder)
  let tokenizer = try #require(
    try trained("M1Dictionary[v=512,cut=pretoken,segmenter=unigram]") as? M1DictionaryTokenizer)
  try tokenizer.save(to: folder)
  func load() throws -> any Tokenizer {
    try registry.backend(named: "M1Dictionary").load(tokenizer.spec, from: folder, context: loadingContext)
  }
  #expect(try load().encode(sampleText) == tokenizer.encode(sampleText))
  let good = tokenizer.description
  for bad in [
    M1DictionaryTokenizer.Description(m1: "abc", costs: good.costs),
    .init(m1: good.m1, costs: []), .init(m1: good.m1, costs: [0] + good.costs.dropFirst()),
  ] {
    try writeAtomically(try jsonEncoder().encode(bad), to: folder + "/" + M1DictionaryTokenizer.Description.fileName)
    #expect(throws: TokenizerError.self) { try load() }
  }
  try writeAtomically(try jsonEncoder().encode(good), to: folder + "/" + M1DictionaryTokenizer.Description.fileName)
  let path = folder + "/" + VocabularyFile.name
  var file = try readFile(path)
  file[file.count / 2] ^= 1
  try writeAtomically(file, to: path)
  #expect(throws: TokenizerError.self) { try load() }
}

@Test func withoutTextThereIsNoUse() throws {
  let context = TrainingContext(examples: { AnySequence([]) }, byteModel: { randomM1 }, seed: 0, threads: 1)
  for name in ["M1Dictionary[v=512,texts=used]", "M1Dictionary[v=512,cut=pretoken,segmenter=unigram]"] {
    let spec = try registry.resolve(name)
    #expect(throws: TokenizerError.self) { try registry.backend(named: spec.name).train(spec, context: context) }
  }
}

import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

private func sampleCounts(_ pattern: SplitPattern = .gpt2) throws -> PreTokenCounts {
  try BPETraining.counts(split: pattern, name: "test", sampleContext)
}

/// Hugging Face's trainer merges, step by step, a pair than which none is more frequent here; and there are no fewer
/// merges to make. (Which of equally frequent pairs comes first, it decides by ids of its own.)
@Test func mergesEqualHuggingFacesUpToTies() throws {
  let golden = try BPEGolden.read()
  let counts = try sampleCounts()
  var merger = PairMerger(strings: counts.strings, counts: counts.counts)
  var tokens = BPETraining.byteTokens()
  var wrong: [String] = []
  for merge in golden.merges {
    let left = bytes(hexadecimal: merge[0]), right = bytes(hexadecimal: merge[1])
    let pair = (Token(try #require(tokens.index(of: left))), Token(try #require(tokens.index(of: right))))
    let best = merger.mostFrequentPair()
    if merger.count(pair.0, pair.1) != best?.count { wrong.append("\(merge)") }
    let (result, isNew) = tokens.insert(left + right)
    if !isNew { wrong.append("\(merge) again") }
    merger.merge(pair.0, pair.1, into: Token(result))
  }
  #expect(golden.merges.count == 744)
  #expect(wrong == [], "tokenizers \(golden.versions["tokenizers"] ?? "")")
}

/// Everything counted anew before every merge.
private func naiveTraining(_ words: [(bytes: [UInt8], count: Int64)], size: Int) -> [[UInt8]] {
  var tokens = (0...255).map { [UInt8($0)] }
  var words = words.map { (symbols: $0.bytes.map { Token($0) }, count: $0.count) }
  while tokens.count < size {
    var pairs: [UInt64: Int64] = [:]
    for word in words {
      for (a, b) in zip(word.symbols, word.symbols.dropFirst()) {
        pairs[PairTable.pair(a, b), default: 0] += word.count
      }
    }
    guard let best = pairs.min(by: { ($1.value, $0.key) < ($0.value, $1.key) }), best.value >= 2 else { break }
    let left = Token(best.key >> 32), right = Token(truncatingIfNeeded: best.key)
    let result = Token(tokens.count)
    tokens.append(tokens[Int(left)] + tokens[Int(right)])
    words = words.map { word in
      var merged: [Token] = []
      for symbol in word.symbols {
        if symbol == right, merged.last == left { merged[merged.count - 1] = result } else { merged.append(symbol) }
      }
      return (merged, word.count)
    }
  }
  return tokens
}

@Test(arguments: [SplitPattern.gpt2, .none])
func trainingEqualsTheNaiveOne(pattern: SplitPattern) throws {
  let context = TrainingContext(
    examples: {
      AnySequence([Array(sampleText.prefix(3000)), [UInt8](repeating: 0x61, count: 77) + Array("aaab aaaa bbbb".utf8)])
    }, byteModel: { randomM1 }, seed: 1, threads: 1)
  let counts = try BPETraining.counts(split: pattern, name: "test", context)
  let words = (0..<counts.strings.count).map { (Array(counts.strings[$0]), counts.counts[$0]) }
  let (tokens, _) = try BPETraining.train(420, split: pattern, name: "test", context)
  #expect((0..<tokens.count).map { Array(tokens[$0]) } == naiveTraining(words, size: 420))
}

/// The text, not its order nor the threads, makes the vocabulary.
@Test func trainingDependsOnCountsAlone() throws {
  let examples = Array(try sampleContext.examples())
  let found = try [(examples, 1), (examples.reversed(), 1), (examples, 2)].map { examples, threads in
    let context = TrainingContext(
      examples: { [examples] in AnySequence(examples) }, byteModel: { randomM1 }, seed: 1, threads: threads)
    return try BPETraining.train(900, split: .gpt2, name: "test", context).rules
  }
  #expect(found[0] == found[1] && found[0] == found[2])
}

/// Counts that 32 bits would wrap round: the most frequent pair occurs 2^32 + 5 times, another 10 times.
@Test func countsHave64Bits() throws {
  var strings = ByteStringTable()
  for string in ["ab", "cd"] { _ = strings.insert(Array(string.utf8)) }
  var merger = PairMerger(strings: strings, counts: [10, Int64(1) << 32 + 5])
  let most = Int64(1) << 32 + 5
  let first = merger.mostFrequentPair()
  #expect(first.map { $0 == (0x63, 0x64, most) } == true)
  merger.merge(0x63, 0x64, into: 256)
  let second = merger.mostFrequentPair()
  #expect(second.map { $0 == (0x61, 0x62, 10) } == true)
}

@Test func tooLittleTextIsAnError() throws {
  func train(_ name: String, _ text: String) throws {
    let spec = try registry.resolve(name)
    let context = TrainingContext(
      examples: { AnySequence([Array(text.utf8)]) }, byteModel: { randomM1 }, seed: 1, threads: 1)
    _ = try registry.backend(named: spec.name).train(spec, context: context)
  }
  for name in ["BPE", "SuperBPE", "PickyBPE", "ByteSpan"] {
    #expect(throws: TokenizerError.self) { try train(name + "[v=300]", "") }
    #expect(throws: TokenizerError.self) { try train(name + "[v=300]", "abab") }
  }
  let error = #expect(throws: TokenizerError.self) { try train("BPE[v=300]", "abab abab") }
  #expect(error?.description.contains("once there are 258 tokens; choose v=258 or less") == true)
  try train("BPE[v=258]", "abab abab")
}

/// Text that is not cut is read as far as it is held in memory.
@Test func undividedTextIsReadInPart() throws {
  let piece = [UInt8](repeating: 0x61, count: 1 << 20)
  let context = TrainingContext(
    examples: { AnySequence((0..<100).lazy.map { [UInt8(97 + $0 % 2)] + piece }) }, byteModel: { randomM1 }, seed: 1,
    threads: 1)
  let counts = try BPETraining.counts(split: .none, name: "test", context)
  #expect(counts.counts.reduce(0, +) == 16)
}

/// A file with any byte changed, cut anywhere, of another kind or of another spec, is refused.
@Test(arguments: [
  "BPE[v=300]", "SuperBPE[v=300,t=280]", "PickyBPE[v=300]", "ByteSpan[v=300]", "BPE[v=300,base=\"StaticAC[v=2]\"]",
])
func damagedVocabulariesAreRefused(name: String) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bpe-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try makeFolder(folder)
  try trained(name).save(to: folder)
  let path = folder + "/" + VocabularyFile.name
  let whole = try readFile(path)
  func refuses(_ file: [UInt8], as name: String) throws -> Bool {
    try Data(file).write(to: URL(fileURLWithPath: path))
    let spec = try registry.resolve(name)
    do { _ = try registry.backend(named: spec.name).load(spec, from: folder, context: loadingContext) } catch {
      return error is TokenizerError
    }
    return false
  }
  #expect(try !refuses(whole, as: name))
  var accepted: [Int] = []
  for place in stride(from: 0, to: whole.count, by: 7) {
    var changed = whole
    changed[place] ^= 0x10
    if try !refuses(changed, as: name) || !refuses(Array(whole.prefix(place)), as: name) { accepted.append(place) }
  }
  #expect(accepted == [])
  #expect(try refuses(whole, as: name.replacing("v=300", with: "v=301")))
  #expect(try refuses(whole, as: name.hasPrefix("BPE") ? "PickyBPE[v=300]" : "BPE[v=300]"))
  // The checksum guards against accidents; parts that fit no tokenizer are found behind it, too.
  try Data(whole).write(to: URL(fileURLWithPath: path))
  let kind = try #require(VocabularyFile.Kind(rawValue: String(decoding: whole.prefix(8), as: UTF8.self)))
  let file = try VocabularyFile(kind, from: folder)
  var rules = file.rules + [(0x61, 0x62, 0x63)]
  rules.swapAt(0, rules.count - 1)
  try VocabularyFile(tokens: file.tokens, rules: rules).write(kind, to: folder)
  #expect(try refuses(readFile(path), as: name))
}

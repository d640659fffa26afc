import Analysis
import Foundation
import Metrics
import Support
import Tokenizers

// Token streams in, numbers out.

/// A sentence, and words that are put before it.
struct PrefixedSentence {
  /// A line of the text, cut after a word within 120 bytes.
  let sentence: String
  /// Up to 500 different words of letters, evenly spread over the text.
  let words: [String]

  init(of examples: [[UInt8]]) {
    sentence = shownLines(of: examples, count: 1).first ?? ""
    let all = lines(of: examples, bytes: 1...10_000).flatMap { line in
      line.split { !$0.isLetter }.filter { (2...12).contains($0.count) }.map(String.init)
    }
    words = spread(unique(all), count: 500)
  }
}

/// Levenshtein's distances between sequences, over the longer one's length: of each, to all after it.
func relativeDistances(_ sequences: [[Token]], threads: Int) throws -> [[Double]] {
  try parallelMap(sequences.count, threads: threads) { index in
    sequences[(index + 1)...].map { other in
      Double(editDistance(sequences[index], other)) / Double(max(1, sequences[index].count, other.count))
    }
  }
}

/// What each token of some examples stands for.
struct TokenTexts {
  struct Occurrence: Equatable {
    let example: Int
    /// In its window, from 1.
    let position: Int
    let token: Token
    let text: [UInt8]
  }
  let occurrences: [Occurrence]
  let exampleCount: Int

  /// Tokens that lie in windows have their window's text. Where tokens are pieces of one code, it is what decodes with a
  /// token and could not without it, for the first 48 tokens that decide any text in each of 40 examples.
  init(_ tokenizer: any Tokenizer, _ examples: [[UInt8]], threads: Int) throws {
    let coded = try tokenizer.encode(examples: examples, threads: threads)
    var found: [[Occurrence]] = []
    for (example, tokens) in coded.enumerated() {
      guard let counts = try tokenizer.byteCounts(of: tokens, in: examples[example]) else { break }
      found.append(Self.windows(tokens, counts, examples[example], example))
    }
    if found.count < examples.count {
      let used = min(40, examples.count)
      found = try parallelMap(used, threads: threads) { example in
        Self.pieces(tokenizer, Array(coded[example].prefix(256)), example)
      }
    }
    occurrences = Array(found.joined())
    exampleCount = found.count
  }

  init(_ occurrences: [Occurrence], exampleCount: Int) {
    self.occurrences = occurrences
    self.exampleCount = exampleCount
  }

  /// A window ends with the token that stands for its bytes.
  static func windows(_ tokens: [Token], _ byteCounts: [Int], _ text: [UInt8], _ example: Int) -> [Occurrence] {
    var found: [Occurrence] = []
    var begun = 0, place = 0
    for (index, count) in byteCounts.enumerated() where count > 0 {
      let window = Array(text[place..<place + count])
      place += count
      for (position, token) in tokens[begun...index].enumerated() {
        found.append(Occurrence(example: example, position: position + 1, token: token, text: window))
      }
      begun = index + 1
    }
    return found
  }

  /// What is the same however the code goes on after each token: with zeros, or with ones. Tokens that decide nothing, such
  /// as those of zlib's header, are left out.
  private static func pieces(_ tokenizer: any Tokenizer, _ tokens: [Token], _ example: Int) -> [Occurrence] {
    func decided(_ count: Int) -> [UInt8] {
      let texts = [Token(0), Token(tokenizer.vocabularySize - 1)].map { filler in
        tokenizer.decodeGenerated(
          Array(tokens.prefix(count)) + [Token](repeating: filler, count: 4), maximumBytes: 24 * count)
      }
      return Array(zip(texts[0], texts[1]).prefix { $0 == $1 }.map(\.0))
    }
    var known = 0
    var found: [Occurrence] = []
    for index in tokens.indices where found.count < 48 {
      let text = decided(index + 1)
      guard text.count > known else { continue }
      found.append(Occurrence(example: example, position: 1, token: tokens[index], text: Array(text[known...])))
      known = text.count
    }
    return found
  }

  /// By position: how many tokens have the text that the most of their kind's others have, and one of them with its texts.
  func meanings(of name: String) -> [TokenMeaning] {
    Set(occurrences.map(\.position)).sorted().compactMap { position in
      let own = Dictionary(grouping: occurrences.filter { $0.position == position }, by: \.token)
      guard let shown = own.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) }) else { return nil }
      var counts = [Int](repeating: 0, count: exampleCount), sameText = counts, sameStart = counts
      for group in own.values where group.count > 1 {
        let texts = TextCounts(group.map(\.text)), starts = TextCounts(group.map { Array($0.text.prefix(1)) })
        for one in group {
          counts[one.example] += 1
          if texts.isUsual(one.text) { sameText[one.example] += 1 }
          if starts.isUsual(Array(one.text.prefix(1))) { sameStart[one.example] += 1 }
        }
      }
      let texts = Dictionary(grouping: shown.value, by: \.text).mapValues(\.count)
        .sorted { ($1.value, Self.words($0.key)) < ($0.value, Self.words($1.key)) }.prefix(6)
      return TokenMeaning(
        tokenizer: name, position: position, token: shown.key, occurrences: shown.value.count,
        texts: texts.map { .init(text: String(decoding: $0.key, as: UTF8.self), count: $0.value) }, counts: counts,
        sameText: sameText, sameStart: sameStart)
    }
  }

  private static func words(_ text: [UInt8]) -> String { String(decoding: text, as: UTF8.self) }
}

/// How often each of some texts occurs.
private struct TextCounts {
  private let counts: [[UInt8]: Int]
  /// The two most frequent; of several the first in byte order.
  private let leading: [(text: [UInt8], count: Int)]

  init(_ texts: [[UInt8]]) {
    counts = Dictionary(grouping: texts, by: \.self).mapValues(\.count)
    leading = Array(
      counts.map { (text: $0.key, count: $0.value) }.sorted { a, b in
        a.count != b.count ? a.count > b.count : a.text.lexicographicallyPrecedes(b.text)
      }.prefix(2))
  }

  /// Whether one occurrence of a text has the most frequent text of all others; of several the first in byte order.
  func isUsual(_ text: [UInt8]) -> Bool {
    let others = (counts[text] ?? 0) - 1
    guard others > 0 else { return false }
    guard let rival = leading.first(where: { $0.text != text }) else { return true }
    return others > rival.count || others == rival.count && text.lexicographicallyPrecedes(rival.text)
  }
}

/// How far streams of equally many bits are from uniform, beside 40 streams of as many random ones.
func bitUniformity(_ streams: [(name: String, bits: [UInt8])], threads: Int) throws -> [BitUniformity] {
  let length = streams.first?.bits.count ?? 0
  precondition(streams.allSatisfy { $0.bits.count == length }, "one band is for one number of bits")
  let random = (0..<40).map { randomBits(length, stream: $0) }
  let readings = BitReading.allCases.flatMap { reading in (1...16).map { (reading: reading, width: $0) } }
  @Sendable func divergences(_ bits: [UInt8], _ reading: BitReading, _ width: Int) -> (
    plugIn: Double, millerMadow: Double
  ) {
    let counts = bitPatternCounts([bits], width: width, reading)
    return (Double(width) - entropyBits(counts), Double(width) - millerMadowEntropyBits(counts))
  }
  let bands = try parallelMap(readings.count, threads: threads) { index in
    let all = random.map { divergences($0, readings[index].reading, readings[index].width) }
    return (Interval(all.map(\.plugIn), level: 0.95), Interval(all.map(\.millerMadow), level: 0.95))
  }
  return streams.flatMap { name, bits in
    zip(readings, bands).map { reading, band in
      let own = divergences(bits, reading.reading, reading.width)
      return BitUniformity(
        stream: name, reading: reading.reading, width: reading.width, plugIn: own.plugIn, millerMadow: own.millerMadow,
        randomPlugIn: band.0, randomMillerMadow: band.1)
    }
  }
}

/// Bits of a cryptographic generator: SHA-256 of the stream's number and a counter.
func randomBits(_ count: Int, stream: Int) -> [UInt8] {
  var bits: [UInt8] = []
  bits.reserveCapacity(count + 256)
  var counter = 0
  while bits.count < count {
    for byte in SHA256Hash.digest(Array("random bits \(stream) \(counter)".utf8)) {
      for bit in (0..<8).reversed() { bits.append(byte >> UInt8(bit) & 1) }
    }
    counter += 1
  }
  return Array(bits.prefix(count))
}

/// Of each position in a window and each example: tokens, those predicted right, and those that are the most frequent
/// token of the position (of several the lowest).
func accuracies(tokens: [Int32], best: [Int32], exampleTokens: [Int], tokensPerWindow: Int) -> [(
  counts: [Int], right: [Int], trivial: [Int]
)] {
  let none = [Int](repeating: 0, count: exampleTokens.count)
  var found = [(counts: [Int], right: [Int], trivial: [Int])](repeating: (none, none, none), count: tokensPerWindow)
  var kinds = [[Int32: Int]](repeating: [:], count: tokensPerWindow)
  func forEach(_ body: (_ place: Int, _ example: Int, _ position: Int) -> Void) {
    var start = 0
    for (example, count) in exampleTokens.enumerated() {
      for index in 0..<count { body(start + index, example, index % tokensPerWindow) }
      start += count
    }
  }
  forEach { place, _, position in kinds[position][tokens[place], default: 0] += 1 }
  let usual = kinds.map { $0.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key }
  forEach { place, example, position in
    found[position].counts[example] += 1
    if tokens[place] == best[place] { found[position].right[example] += 1 }
    if tokens[place] == usual[position] { found[position].trivial[example] += 1 }
  }
  return found
}

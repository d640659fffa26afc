import Foundation
import Metrics
import Support
import Testing

@testable import Analysis

@Suite struct RatiosTests {
  private func greedy(_ bits: Int) -> String { PaperTokenizers.greedy(bits, "256") }

  @Test func ratiosStandBesideThePapers() throws {
    let found = try answer(.ratios) {
      $0.samples = [
        sample("Bytes", ratio: 1), sample(greedy(16), ratio: 2.2), sample("SentencePiece[v=4k]", ratio: 2.9),
        sample("GZip[v=65k,header=off]", ratio: 5), sample("AC[v=256]", ratio: 4.4, exampleSize: 1024),
      ]
    }
    let table = try #require(found.artifacts.tables.first)
    #expect(table.number("paperCompressionRatio", row: 1) == 2.66, "by its canonical name")
    #expect(table.number("paperCompressionRatio", row: 2) == 4.28, "by its family")
    #expect(table.number("paperCompressionRatio", row: 3) == 4.47, "by the table of headers")
    #expect(table.number("paperCompressionRatio", row: 4) == 5.46, "of short examples")
    guard case .number(let value?, let interval?, _)? = table.cell("compressionRatio", row: 1) else {
      Issue.record("no interval")
      return
    }
    #expect(interval.contains(value) && abs(value - 2.2) < 0.02 && interval.upper - interval.lower < 0.05)
  }

  @Test func longerWindowsAreToldByPairedDifferences() throws {
    let ratios: [Double] = [2.2, 2.6, 3, 3.6, 4]
    func verdict(_ ratios: [Double], ac: Double) throws -> Claim.Verdict? {
      try answer(.ratios) {
        $0.samples =
          zip(PaperTokenizers.windows, ratios).map { sample(greedy($0), ratio: $1) } + [
            sample("AC[v=256]", ratio: ac)
          ]
      }.verdict("The longer the window")
    }
    #expect(try verdict(ratios, ac: 4.6) == .seen)
    #expect(try verdict(ratios, ac: 3.9) == .notSeen)
    // One window less: nothing can be told of all of them.
    #expect(try verdict(Array(ratios.prefix(4)), ac: 4.6) == .cannotTell)
    // What decides is said.
    let found = try answer(.ratios) {
      $0.samples =
        zip(PaperTokenizers.windows, ratios).map { sample(greedy($0), ratio: $1) } + [sample("AC[v=256]", ratio: 3.9)]
    }
    let numbers = try #require(found.numbers("The longer the window"))
    #expect(numbers.hasPrefix("4 of 5 comparisons hold; not seen: AC[v=256] 3."), "\(numbers)")
    #expect(numbers.contains(greedy(128)) && !numbers.contains(greedy(64)))
  }

  @Test func tokensOfTwiceTheBitsHoldTwiceTheBytes() throws {
    let names = ["AC", "StaticAC", "GZip"]
    func verdict(_ factor: Double) throws -> Claim.Verdict? {
      try answer(.ratios) {
        $0.samples = names.flatMap {
          [sample("\($0)[v=256]", ratio: 2), sample("\($0)[v=65k]", ratio: 2 * factor, vocabulary: 65_536)]
        }
      }.verdict("Of one code")
    }
    #expect(try verdict(2) == .seen && verdict(1.9) == .notSeen)
  }

  @Test func shortExamplesAreOfAnotherText() throws {
    func verdict(_ short: Double) throws -> Claim.Verdict? {
      try answer(.ratios) {
        $0.samples = [sample("AC[v=256]", ratio: 4.6), sample("AC[v=256]", ratio: short, exampleSize: 1024)]
      }.verdict("AC holds more")
    }
    #expect(try verdict(4.4) == .seen && verdict(4.9) == .notSeen && verdict(4.6) == .cannotTell)
  }
}

@Suite struct TrivialModelsTests {
  /// 8 bits a token at 2 bytes a token: 4 bits/byte; a quarter less by unigram.
  @Test func trivialBitsAreByHand() throws {
    let found = try answer(.trivialModels) { $0.samples = [sample("GZip[v=256]", ratio: 2, unigramShare: 0.75)] }
    let table = try #require(found.artifacts.tables.first)
    let tokens = sample("GZip[v=256]", ratio: 2).tokens.reduce(0, +)
    let uniform = 8 * Double(tokens) / Double(10_240 * exampleCount)
    #expect(abs((table.number("uniform", row: 0) ?? 0) - uniform) < 1e-12)
    #expect(abs((table.number("unigram", row: 0) ?? 0) - 0.75 * uniform) < 1e-12)
    #expect(table.number("paperUniform", row: 0) == 3.587)
    #expect(abs((table.number("gain", row: 0) ?? 0) - 0.25) < 1e-12)
  }

  @Test func whatFrequenciesSaveIsToldByIntervals() throws {
    func verdict(_ share: Double) throws -> Claim.Verdict? {
      try answer(.trivialModels) {
        $0.samples = ["AC[v=256]", "StaticAC[v=256]", "GZip[v=256]"].map { sample($0, ratio: 2, unigramShare: share) }
      }.verdict("Token frequencies")
    }
    #expect(try verdict(0.999) == .seen && verdict(0.9) == .notSeen)
    #expect(try answer(.trivialModels).verdict("Token frequencies") == .cannotTell)
  }
}

@Suite struct StabilityTests {
  private func stability(_ name: String, _ distance: Double) -> PrefixStability {
    var generator = SeededGenerator(seed: 3)
    let distances = (0..<100).map { _ in distance + 0.1 * (generator.uniform() - 0.5) }
    var histogram = [Int](repeating: 0, count: PrefixStability.bins)
    for one in distances { histogram[min(19, Int(max(0, one) * 20))] += 1 }
    return PrefixStability(
      tokenizer: name, sentence: "a few words", ids: [1, 2, 3],
      byteCounts: ["SentencePiece[v=4k]", "EqualInfoAC[b=16,v=256]"].contains(name) ? [2, 4, 5] : nil,
      distances: distances, histogram: histogram)
  }

  @Test func distancesAreRanked() throws {
    let windows = PaperTokenizers.greedy(16, "256")
    let found = try answer(.stability) {
      $0.stability = [
        stability("SentencePiece[v=4k]", 0.05), stability(windows, 0.4), stability("AC[v=256]", 0.9),
        stability("GZip[v=256]", 0.3), stability("EqualInfoAC[b=16,v=256]", 0.4),
      ]
    }
    #expect(
      found.verdict("SentencePiece's") == .seen && found.verdict("Tokens of windows are more stable than AC") == .seen)
    #expect(found.verdict("Tokens of windows are more stable than GZip") == .notSeen)
    let table = try #require(found.artifacts.tables.first)
    #expect(abs((table.number("distance", row: 1) ?? 0) - 0.4) < 0.02 && table.number("tokens", row: 0) == 3)
    // A histogram is of shares.
    let points = try #require(found.artifacts.figures.first?.series.first?.points)
    #expect(points.count == 20 && abs(points.reduce(0) { $0 + $1.y } - 1) < 1e-12 && points[0].x == 0.025)
    let lines = found.artifacts.compactMap { if case .cutLine(let line) = $0 { line } else { nil } }
    #expect(lines.count == 1 && lines[0].rows.map(\.tokenizer) == ["SentencePiece[v=4k]", "EqualInfoAC[b=16,v=256]"])
    #expect(found.artifacts.tables[1].rows.map { $0[1] } == [.text("1 2 3"), .text("1 2 3"), .text("1 2 3")])
  }
}

@Suite struct TokenMeaningTests {
  private func meaning(_ name: String, _ position: Int, text: Int, start: Int) -> TokenMeaning {
    TokenMeaning(
      tokenizer: name, position: position, token: 5, occurrences: 3, texts: [.init(text: "a `b`\n", count: 3)],
      counts: [Int](repeating: 100, count: 20), sameText: (0..<20).map { text + $0 % 3 },
      sameStart: (0..<20).map { start + $0 % 3 })
  }

  @Test func sharesAreOfAllTokens() throws {
    let short = "EqualInfoAC[b=16,v=256]", long = "EqualInfoAC[b=32,v=256]"
    let found = try answer(.tokenMeaning) {
      $0.meanings = [
        meaning(short, 1, text: 20, start: 80), meaning(short, 2, text: 10, start: 20),
        meaning(long, 4, text: 2, start: 15),
        meaning("AC[v=256]", 1, text: 1, start: 90),
      ]
    }
    let table = try #require(found.artifacts.tables.first)
    // (20·3 + 20 + 19 … ) by hand: 20 examples of 20, 21, 22, …: mean 20.95.
    #expect(abs((table.number("sameText", row: 0) ?? 0) - 0.2095) < 1e-12)
    #expect(table.text("texts", row: 0) == "a␣`b`⏎ 3")
    #expect(found.claims.map(\.verdict) == [.seen, .seen, .notSeen])
  }
}

@Suite struct UniformityTests {
  private func rows(_ stream: String, _ value: Double) -> [BitUniformity] {
    BitReading.allCases.flatMap { reading in
      (1...16).map { width in
        BitUniformity(
          stream: stream, reading: reading, width: width, plugIn: value, millerMadow: value,
          randomPlugIn: Interval(lower: 0.001, upper: 0.002), randomMillerMadow: Interval(lower: -0.001, upper: 0.001))
      }
    }
  }

  @Test func streamsAreComparedWithRandomBits() throws {
    let short = PaperTokenizers.greedy(16, "2"), long = PaperTokenizers.greedy(128, "2")
    var ac = rows("AC[v=2]", 0.0005)
    ac[3].millerMadow = 0.5  // one of 32 readings outside is chance
    let found = try answer(.uniformity) {
      $0.uniformity = ac + rows(short, 0.05) + rows(long, 0.0008) + rows("GZip[v=2]", 0.0002)
    }
    #expect(found.verdict("AC's bits") == .seen)
    #expect(
      found.numbers("AC's bits")?.hasPrefix("1 of 32 readings above the band of random bits, by at most 0.") == true)
    #expect(found.verdict("The bits of windows of 16") == .seen && found.verdict("The shorter the window") == .seen)
    #expect(found.verdict("GZip's") == .notSeen)
    #expect(found.artifacts.figures.count == 2 && found.artifacts.figures[0].series.count == 6)
    #expect(found.artifacts.tables[0].text("above", row: 0) == "no")
  }
}

@Suite struct SoftmaxTests {
  /// The figures that the issue of the head began with: 25m, EqualInfoAC[v=65k], 15.4 M and 28.1 M FLOPs/byte.
  @Test func theHeadIsCountedByHand() throws {
    let found = try answer(.softmax)
    let table = try #require(found.artifacts.tables.first)
    let row = try #require(
      table.rows.indices.first {
        table.text("tokenizer", row: $0) == "EqualInfoAC[b=16,v=65k,end=greedy]" && table.text("size", row: $0) == "25m"
      })
    #expect(table.number("printed", row: row) == 15.42e6)
    #expect(abs((table.number("withHead", row: row) ?? 0) - (15.42e6 + 2 * 512 * 65_536 / 5.31)) < 1)
    #expect(abs((table.number("withHead", row: row) ?? 0) - 28.06e6) < 0.01e6)
    #expect(found.claims.map(\.verdict) == [.seen, .seen, .seen, .seen, .notSeen])
    #expect(found.claims[4].numbers.hasPrefix("it does in 8 of 32 (25m): "))
    #expect(found.artifacts.figures.count == 2 && found.artifacts.figures.allSatisfy { $0.series.count == 10 })
    #expect(table.rows.count == 40 + 24 + 8, "tables 15, 16 and 17")
    let notes = found.artifacts.compactMap { if case .note(let text) = $0 { text.plain } else { nil } }
    #expect(notes.contains { $0.contains("131 k FLOPs/byte") }, "2·256·256 of M1's head")
  }

  /// Half-way in the logarithm of x is half-way in that of y.
  @Test func theLineIsStraightInBothLogarithms() {
    let points = [(x: 100.0, y: 1.0), (x: 1.0, y: 4.0)]
    #expect(abs((PaperPart.onLine(points, at: 10) ?? 0) - 2) < 1e-12)
    #expect(PaperPart.onLine(points, at: 100) == 1 && PaperPart.onLine(points, at: 101) == nil)
  }
}

import Foundation
import Records
import Testing

@testable import Analysis

/// Three tokenizers: the best, one that ties with it, one clearly worse and not learned.
private let three = [
  Cell(tokenizer: "A", nats: [20, 22, 24, 30], m1BitsPerByte: 3.3),
  Cell(tokenizer: "B", nats: [21, 21.5, 24.5, 30.1]),
  Cell(tokenizer: "C", nats: [40, 43, 44, 55], unigram: 5),
]

@Suite struct MainResultsTests {
  @Test func rowsSayTheirNumbersAndWhatIsToBeSaidOfThem() throws {
    let table = try #require(try artifacts(.mainResults, of: three).tables.first)
    #expect(table.rows.count == 4)
    #expect(abs((table.number("bitsPerByte", row: 0) ?? 0) - 96 / log(2) / 42) < 1e-12)
    #expect(table.marks("bitsPerByte", row: 0) == [])
    #expect(table.marks("bitsPerByte", row: 1) == [.tied])
    #expect(table.marks("bitsPerByte", row: 2) == [.notLearned])
    // M1's own row: bits/byte and nothing else.
    #expect(table.text("tokenizer", row: 3) == "M1 alone (1m, context 1024)")
    #expect(table.number("bitsPerByte", row: 3) == 3.3 && table.number("flopsPerByte", row: 3) == nil)
  }

  /// Whole sequences of equal text need not fill a step: 4 × 256 tokens are 1,024.
  @Test func stepsOfOtherSizesAreNamed() throws {
    func notes(tokensPerStep: Int) throws -> [String] {
      let cell = Cell(fields: ["m2.context": "1024 bytes", "m2.tokensPerStep": "\(tokensPerStep)"])
      return try artifacts(.mainResults, of: [cell]).compactMap {
        if case .note(let text) = $0 { text.plain } else { nil }
      }
    }
    #expect(try notes(tokensPerStep: 1190).contains { $0.hasSuffix("differs too: Bytes (1024).") })
    #expect(try !notes(tokensPerStep: 1100).contains { $0.contains("differs too") })
  }

  @Test func withoutM1ThereIsNoRowOfIt() throws {
    let given = try artifacts(.mainResults, of: [Cell()])
    #expect(given.tables.first?.rows.count == 1)
    #expect(!given.contains { if case .note(let text) = $0 { text.plain.contains("M1 alone") } else { false } })
    #expect(try artifacts(.mainResults, of: []).isEmpty)
  }
}

@Suite struct ConclusionsTests {
  @Test func sentencesFollowTheNumbers() throws {
    let sentences = try artifacts(.conclusions, of: three).sentences
    #expect(sentences.contains { $0.hasPrefix("At size 1m, A has the lowest bits/byte of 3 tokenizers, 3.298") })
    #expect(sentences.contains("Not told apart from it (paired test, p ≥ 0.05): B."))
    #expect(sentences.contains("M2 of size 1m learned nothing beyond token frequencies from C."))
    #expect(
      sentences.contains(
        "M1 (size 1m, context 1024) was trained with 3.70 T FLOPs, everything counted, 3.7 times the budget of a cell. "
          + "No budget pays for it: A start from what it learned."))
  }

  /// A budget that counts no embedding is not set beside FLOPs that do.
  @Test func whatM1CostsIsCountedInOneWay() throws {
    var cell = three[0]
    cell.m1Counted = 2e11
    cell.fields["match.m1"] = "counted"
    let opening = "M1 (size 1m, context 1024) was trained with 3.70 T FLOPs, everything counted"
    #expect(
      try artifacts(.conclusions, of: [cell]).sentences.contains(
        opening + ", 3.7 times the budget of a cell. Each cell of A pays 200 G of its budget of 1.00 T FLOPs for it."))
    cell.fields["match.flops"] = "nonembedding"
    #expect(
      try artifacts(.conclusions, of: [cell]).sentences.contains(
        opening + ". Each cell of A pays 200 G of its budget of 1.00 T FLOPs for it, the embedding not counted."))
    cell.fields["match.by"] = "tokens"
    (cell.fields["match.m1"], cell.m1Counted) = (nil, nil)
    #expect(
      try artifacts(.conclusions, of: [cell]).sentences.contains(
        opening + ". No budget pays for it: A start from what it learned."))
  }

  @Test func bitsThatAreM1sAreCalledSo() throws {
    let value = 96 / log(2.0) / 42
    let echo = [
      Cell(tokenizer: "A", unigram: value, m1BitsPerByte: value * 1.001), Cell(tokenizer: "B", nats: [40, 44, 48, 60]),
    ]
    let sentences = try artifacts(.conclusions, of: echo).sentences
    #expect(sentences.contains { $0.hasPrefix("The bits/byte of A are M1's own") })
    #expect(sentences.contains { $0.contains("M2 did not learn it, so these are the tokenizer's own bits") })
    // Learned, or far from M1: no such sentence.
    #expect(try !artifacts(.conclusions, of: three).sentences.contains { $0.contains("M1's own") })
  }

  /// Bytes are known by one token a byte, not by a name.
  @Test func theReferenceIsTheByteLevelTokenizer() throws {
    var cells = three
    cells[2].ratio = 1
    for index in 0..<2 { cells[index].ratio = 2 }
    #expect(
      try artifacts(.conclusions, of: cells).sentences.contains("Better than C (6.252), and told apart from it: A, B."))
    cells[2].ratio = 2
    #expect(try !artifacts(.conclusions, of: cells).sentences.contains { $0.contains("Better than") })
  }

  @Test func oneTokenizerIsNoComparison() throws {
    #expect(
      try artifacts(.conclusions, of: [Cell()]).sentences.first?.hasPrefix("At size 1m only Bytes is scored: 3.298")
        == true)
    #expect(try artifacts(.conclusions, of: [Cell(error: "no")]).isEmpty)
  }
}

@Suite struct UncertaintyTests {
  @Test func differencesArePairedAndTested() throws {
    let table = try #require(try artifacts(.uncertainty, of: three).tables.first)
    #expect(table.text("verdict", row: 0) == "lowest" && table.number("difference", row: 0) == nil)
    #expect(table.text("verdict", row: 1) == "≈ not told apart" && table.text("verdict", row: 2) == "told apart")
    #expect(abs((table.number("difference", row: 1) ?? 0) - 1.1 / log(2) / 42) < 1e-12)
    // scipy.stats.ttest_rel([21, 21.5, 24.5, 30.1], [20, 22, 24, 30])
    #expect(abs((table.number("pValue", row: 1) ?? 0) - 0.44976347121892135) < 1e-9)
    // One seed: nothing over seeds, so no such column.
    #expect(table.cell("overSeedsAndExamples", row: 0) == nil && table.cell("standardDeviation", row: 0) == nil)
  }

  @Test func severalSeedsHaveBothIntervals() throws {
    let table = try #require(
      try artifacts(.uncertainty, of: [Cell(), Cell(seed: 2, nats: [22, 24, 26, 32])]).tables.first)
    #expect(table.number("seeds", row: 0) == 2)
    #expect(abs((table.number("standardDeviation", row: 0) ?? 0) - 8 / log(2) / 42 / 2.0.squareRoot()) < 1e-12)
    #expect(table.number("overSeedsAndExamples", row: 0) == table.number("overExamples", row: 0))
  }
}

@Suite struct FurtherTextsTests {
  @Test func eachTextIsAColumn() throws {
    var cells = three
    cells[0].furtherTexts = ["code": [10, 11, 12, 15]]
    let table = try #require(try artifacts(.furtherTexts, of: cells).tables.first)
    #expect(abs((table.number("code", row: 0) ?? 0) - 48 / log(2) / 42) < 1e-12)
    #expect(table.number("code", row: 1) == nil)
    #expect(try artifacts(.furtherTexts, of: three).isEmpty)
  }
}

@Suite struct PlotTests {
  @Test func hollowIsNotLearnedAndM1IsALine() throws {
    let figure = try #require(try artifacts(.costPlots, of: three).figures.first)
    #expect(figure.key == "flops" && figure.series.map(\.title) == ["A", "B", "C"])
    #expect(figure.series.map { $0.points[0].isHollow } == [false, false, true])
    #expect(figure.series[0].points[0].x == 1e6 + 1.5e6)
    #expect(figure.series[0].points[0].spread != nil)
    #expect(figure.references.map(\.label) == ["M1 alone (1m, context 1024): 3.300"])
    #expect(try artifacts(.costPlots, of: [Cell(error: "failed")]).isEmpty)
  }

  @Test func ofSeveralSizesTheNameIsSaidOnce() throws {
    let figure = try #require(try artifacts(.costPlots, of: [Cell(), Cell(size: "3m")]).figures.first)
    #expect(figure.series.first?.points.map(\.label) == ["Bytes 1m", "3m"])
  }

  @Test func curvesAreInBitsPerByteOverFLOPs() throws {
    let figures = try artifacts(.learningCurves, of: [Cell(ratio: 2)]).figures
    #expect(figures.map(\.key) == ["curves", "held-out-curves"])
    let point = try #require(figures.first?.series.first?.points.first)
    // Step 10 of 100 of 1e12 FLOPs; 5 nats a token of two bytes.
    #expect(point.x == 1e11 && abs(point.y - 5 / log(2) / 2) < 1e-12)
    #expect(try artifacts(.learningCurves, of: [Cell(lossNats: [3])]).isEmpty)
  }

  /// A protocol does not fix how much held-out text the snapshots are scored on.
  @Test func curvesOverOtherTextAreNotInOneFigure() throws {
    var cells = [Cell(tokenizer: "A"), Cell(tokenizer: "B"), Cell(tokenizer: "C"), Cell(tokenizer: "C", seed: 2)]
    (cells[0].curveBytes, cells[0].written) = (200, "2026-01-02T00:00:00.000Z")
    cells[3].curveBytes = 200
    let given = try artifacts(.learningCurves, of: cells)
    #expect(given.figures.map { $0.series.map(\.title) } == [["A", "B", "C"], ["A", "C"]])
    #expect(
      given.contains(
        .note(
          "The held-out curves are over the first 200 bytes of held-out text. 1 cell is left out, with curves over another number of bytes."
        )))
    #expect(try artifacts(.learningCurves, of: Array(cells.prefix(1))).count == 2)
  }

  /// M1's own bits/byte are of the scored text: beside curves over less of it they are no reference.
  @Test func m1IsBesideCurvesOfItsText() throws {
    func references(curveBytes: Int) throws -> [[String]] {
      try artifacts(.learningCurves, of: [Cell(m1BitsPerByte: 3.3, curveBytes: curveBytes)]).figures.map {
        $0.references.map(\.label)
      }
    }
    #expect(try references(curveBytes: 40) == [[], []])
    #expect(try references(curveBytes: 42) == [[], ["M1 alone (1m, context 1024): 3.300"]])
  }
}

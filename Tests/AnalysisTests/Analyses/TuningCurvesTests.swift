import Foundation
import Records
import Testing

@testable import Analysis

/// A search over rates around `best` (log2 of the rate over 1e-3), for each vocabulary with its lowest bits/byte.
private func tuning(
  _ family: String, _ vocabularies: [(Int, Double)], rates: [Double] = [1e-3, 2e-3, 4e-3, 8e-3], best: Double = 1.5,
  chosen: Double = 2.83e-3, end: RunRecord.Tuning.End? = nil, diverges: Double = .infinity
) -> RunRecord.Tuning {
  let trials = vocabularies.flatMap { size, lowest in
    rates.map { rate in
      let distance = log2(rate / 1e-3) - best
      return RunRecord.Tuning.Trial(
        tokenizer: vocabularies.count > 1 ? "\(family)[v=\(size / 1000)k]" : family, vocabularySize: size,
        learningRate: rate, steps: 25, trainingFLOPs: 2.5e11,
        bitsPerByte: rate >= diverges ? nil : lowest + 0.05 * distance * distance,
        problem: rate >= diverges ? "training diverged" : nil)
    }
  }
  return .init(
    budgetShare: 0.25, textSHA256: "tuning", textBytes: 200_000, trials: trials, learningRate: chosen, end: end)
}

/// A tuned byte tokenizer, a swept SentencePiece, and one by rule.
func tunedCells(size: String = "1m") -> [Cell] {
  let sweep = "SentencePiece[v=1k…4k]"
  return [
    Cell(size: size, nats: [20, 22, 24, 30], tuning: tuning("Bytes", [(256, 2.1)], diverges: 8e-3)),
    Cell(
      tokenizer: sweep, size: size, nats: [17, 18, 21, 26], vocabularySize: 2000,
      chosenTokenizer: "SentencePiece[v=2k]",
      tuning: tuning("SentencePiece", [(1000, 1.8), (2000, 1.7), (4000, 1.75)])),
    Cell(
      tokenizer: "SentencePiece[v=auto]", size: size, nats: [18, 19, 22, 27], vocabularySize: 607,
      chosenTokenizer: "SentencePiece[v=607]",
      tuning: tuning("SentencePiece[v=607]", [(607, 1.85)], best: 3, chosen: 8e-3, end: .highest)),
  ]
}

@Suite struct TuningCurvesTests {
  @Test func trialsStandInTableAndFigures() throws {
    let found = try artifacts(.tuningCurves, of: tunedCells())
    let table = try #require(found.tables.first { $0.key == "tuning" })
    #expect((0..<3).map { table.text("searched", row: $0) } == ["rate", "rate and vocabulary", "rate"])
    #expect((0..<3).map { table.number("trials", row: $0) } == [4, 12, 4])
    #expect((0..<3).map { table.number("failed", row: $0) } == [1, 0, 0])
    #expect((0..<3).map { table.text("end", row: $0) } == ["no", "no", "yes, the highest"])
    #expect(table.number("vocabularySize", row: 1) == 2000 && table.number("learningRate", row: 1) == 2.83e-3)
    #expect(table.number("tuningFLOPs", row: 1) == 3e12 && table.number("trainingFLOPs", row: 1) == 1e12)

    let rates = try #require(found.figures.first { $0.key == "tuning-rates-1m" })
    #expect(rates.series.map(\.points.count) == [3, 4, 4])  // what diverged is missing
    #expect(rates.series[1].points.compactMap(\.label) == ["SentencePiece[v=2k]"])
    let twice = try artifacts(
      .tuningCurves, of: [tunedCells()[2], Cell(tokenizer: "SentencePiece[v=607]", tuning: tunedCells()[2].tuning)])
    #expect(twice.figures.first?.series.count == 1)
    let vocabularies = try #require(found.figures.first { $0.key == "tuning-vocabulary-1m" })
    #expect(vocabularies.series.map { $0.points.map(\.x) } == [[1000, 2000, 4000]])
    #expect(vocabularies.series[0].points.firstIndex { $0.label != nil } == 1)

    let sentences = found.sentences
    #expect(sentences.count == 1)
    #expect(
      sentences[0].hasPrefix("SentencePiece[v=auto] at size 1m: the best rate, 0.008, is the highest of the grid"))
  }

  @Test func theRuleStandsBesideTheSweep() throws {
    let table = try #require(
      try artifacts(.tuningCurves, of: tunedCells()).tables.first { $0.key == "vocabulary-rule" })
    #expect(table.rows.count == 1)
    #expect(table.number("ruleVocabulary", row: 0) == 607 && table.number("sweepVocabulary", row: 0) == 2000)
    #expect(abs((table.number("difference", row: 0) ?? 0) - 4 / log(2.0) / 42) < 1e-12)
    // The sweep of another model of SentencePiece is no sweep of this one, whichever is listed first.
    var other = tunedCells()[1]
    (other.tokenizer, other.vocabularySize) = ("SentencePiece[v=1k…4k,model=bpe]", 4000)
    let both = try artifacts(.tuningCurves, of: [other] + tunedCells()).tables.first { $0.key == "vocabulary-rule" }
    #expect(both?.number("sweepVocabulary", row: 0) == 2000)
    let alone = try artifacts(.tuningCurves, of: [tunedCells()[2]])
    #expect(alone.tables.map(\.key) == ["tuning"])
  }

  /// Whatever was not tuned is named, alone and among others.
  @Test func untunedCellsAreNamed() throws {
    let none = try artifacts(.tuningCurves, of: [Cell(), Cell(tokenizer: "A")])
    #expect(none.tables.isEmpty && none.figures.isEmpty)
    #expect(
      none.sentences.first?.hasPrefix("Every tokenizer: trained at the rate that the experiment gives (0.005)") == true)
    let some = try artifacts(.tuningCurves, of: [Cell(tokenizer: "A"), tunedCells()[1]])
    #expect(some.sentences.map { $0.prefix(12) } == ["A: trained a"])
    #expect(some.tables.first?.text("searched", row: 0) == "nothing")
    #expect(try artifacts(.tuningCurves, of: [Cell(error: "no")]).isEmpty)
  }

  /// One rate, several vocabularies: untuned in its rate, and the range's end is said.
  @Test func aSweepAloneIsNotTunedInItsRate() throws {
    let cell = Cell(
      tokenizer: "SentencePiece[v=1k…2k]", vocabularySize: 2000, chosenTokenizer: "SentencePiece[v=2k]",
      tuning: tuning("SentencePiece", [(1000, 1.8), (2000, 1.7)], rates: [5e-3], chosen: 5e-3))
    let found = try artifacts(.tuningCurves, of: [cell])
    #expect(found.sentences.contains { $0.contains("the best vocabulary, 2000, is the largest of the range") })
    #expect(found.sentences.contains { $0.hasPrefix("Every tokenizer: trained at the rate") })
    #expect(found.figures.map(\.key) == ["tuning-vocabulary-1m"])
    #expect(found.tables.first?.columns.contains { $0.key == "end" } == false)
  }

  /// A vocabulary that lost while its best rate was an end of the grid may have lost by the grid.
  @Test func losersAtAnEndOfTheGridAreNamed() throws {
    var search = tuning("SentencePiece", [(1000, 1.8), (2000, 1.7), (4000, 1.75)])
    for index in search.trials.indices where search.trials[index].tokenizer == "SentencePiece[v=4k]" {
      search.trials[index].bitsPerByte = 1.75 + 0.05 * log2(search.trials[index].learningRate / 1e-3)
    }
    let cell = Cell(
      tokenizer: "SentencePiece[v=1k…4k]", vocabularySize: 2000, chosenTokenizer: "SentencePiece[v=2k]", tuning: search)
    let sentences = try artifacts(.tuningCurves, of: [cell]).sentences
    #expect(sentences.count == 1)
    #expect(
      sentences[0].contains("for SentencePiece[v=4k], which the search left, the best rate is an end of the grid"))
  }

  /// A candidate without a result is named with the reason, and is the end of the range still.
  @Test func whatCouldNotBeTriedIsNamed() throws {
    var search = tuning("SentencePiece", [(1000, 1.8), (2000, 1.7)], rates: [5e-3], chosen: 5e-3)
    search.trials.append(
      .init(tokenizer: "SentencePiece[v=4k]", learningRate: 5e-3, problem: "the text has too few pieces"))
    let cell = Cell(
      tokenizer: "SentencePiece[v=1k…4k]", vocabularySize: 2000, chosenTokenizer: "SentencePiece[v=2k]", tuning: search)
    let found = try artifacts(.tuningCurves, of: [cell])
    #expect(
      found.sentences.contains(
        "SentencePiece[v=4k] at size 1m was left out of the search: the text has too few pieces."))
    #expect(!found.sentences.contains { $0.contains("too small") })
    #expect(found.tables.first?.number("failed", row: 0) == 1)
    #expect(found.figures.first?.series.first?.points.map(\.x) == [1000, 2000])
  }

  /// Beside tuned cells, be they of another protocol, the others carry a mark, which is explained.
  @Test func untunedCellsAreMarkedBesideTunedOnes() throws {
    func results(_ cells: [Cell]) throws -> [[Artifact]] {
      let report = Report(title: "x", contents: [RecordFolder.Contents(try cells.map { try $0.record() })])
      return report.parts.map { $0.sections.first { $0.title == RecordAnalysis.mainResults.title }?.artifacts ?? [] }
    }
    func marks(_ part: [Artifact]) -> [Table.Mark] { part.tables.first?.marks("bitsPerByte", row: 0) ?? [] }
    func isExplained(_ part: [Artifact]) -> Bool {
      part.contains { if case .note(let text) = $0 { text.plain.hasPrefix("△ not tuned") } else { false } }
    }
    var tuned = tunedCells()[0]
    tuned.fields["m2.learningRate"] = "tuned over 0.001, 0.002, 0.004, 0.008"
    let parts = try results([Cell(), tuned])
    #expect(Set(parts.map(marks)) == [[], [.untuned]])
    #expect(parts.allSatisfy { isExplained($0) == !marks($0).isEmpty })
    let alone = try results([Cell()])
    #expect(alone.map(marks) == [[]] && !isExplained(alone[0]))
  }

  @Test func theOverviewSaysTunedOnce() throws {
    let sentences = try artifacts(.overview, of: tunedCells()).sentences.filter { $0.hasPrefix("Training:") }
    #expect(sentences.count == 1 && sentences.first?.contains("rate tuned") == true)
  }
}

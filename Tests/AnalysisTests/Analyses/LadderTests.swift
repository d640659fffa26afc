import Foundation
import Metrics
import Records
import Testing

@testable import Analysis
@testable import Metrics
@testable import Rendering

private let budgets = [2.5e11, 8e11, 2.5e12, 8e12, 2.5e13]
private let sizes: [(name: String, parameters: Int)] = [
  ("100k", 98_304), ("200k", 221_184), ("1m", 393_216), ("900k", 884_736), ("3m", 2_359_296),
]
private typealias Truth = (name: String, ratio: Double, scale: Double, exponent: Double)
/// Bytes begin higher and fall more steeply.
private let curves: [Truth] = [("Bytes", 1, 190, 0.19), ("SentencePiece[v=4k]", 2.87, 24, 0.12)]
private let third: Truth = ("M1Dictionary[v=4k]", 3.17, 60, 0.15)

/// Two tokenizers at some budgets and five sizes: at each budget the losses are a parabola in log size whose minimum
/// grows with the root of compute and lies on a power law over a floor of 0.9.
private func ladder(
  _ budgets: [Double] = budgets, sizes: [(name: String, parameters: Int)] = sizes, noise: Double = 0.001,
  curves: [Truth] = curves, change: (inout Cell) -> Void = { _ in }
) throws -> [AnalysisInput] {
  try budgets.map { budget in
    var records: [RunRecord] = []
    for (index, curve) in curves.enumerated() {
      for (place, size) in sizes.enumerated() {
        let best = 0.9 + curve.scale * pow(budget, -curve.exponent), optimum = 3e5 * (budget / 2e12).squareRoot()
        let wobble = noise * cos(Double(index * 7 + place * 3) + log(budget) * 5)
        let bits = (best + 0.03 * pow(log(Double(size.parameters) / optimum), 2)) * (1 + wobble)
        var cell = Cell(tokenizer: curve.name, size: size.name)
        cell.fields = ["match.by": "flops", "match.budget": "\(budget)", "corpus.sha256": "abc"]
        cell.bytes = [Int](repeating: 10_240, count: 40)
        cell.nats = wave.map { 10_240 * log(2) * bits * $0 }
        cell.ratio = curve.ratio
        cell.parameters = size.parameters
        cell.trainingBytes = budget / (6 * Double(size.parameters)) * curve.ratio
        change(&cell)
        records.append(try cell.record())
      }
    }
    return AnalysisInput(records: records, protocol: records[0].protocol)
  }
}

/// How hard each example is.
private let wave = (0..<40).map { 1 + 0.04 * sin(Double($0)) }

private func run(_ inputs: [AnalysisInput]) -> [Artifact] { CrossAnalysis.ladder.run(inputs) }

extension [Artifact] {
  fileprivate func table(_ key: String) -> Table? { tables.first { $0.key == key } }
}

@Suite struct LadderTests {
  @Test func theBestSizeOfEachBudgetIsAPoint() throws {
    let table = try #require(run(try ladder()).table("ladder-optima"))
    #expect(table.rows.count == 10)
    #expect((0..<5).map { table.number("budget", row: $0) } == budgets)
    // The optimum grows with compute, and the parabola finds it.
    #expect(table.text("size", row: 0)?.hasPrefix("100k") == true && table.text("size", row: 4) == "900k")
    let parabola = try #require(table.number("parabolaParameters", row: 4))
    #expect(abs(parabola / (3e5 * 12.5.squareRoot()) - 1) < 0.15)
    #expect(abs((table.number("bytesPerParameter", row: 4) ?? 0) / (2.5e13 / 6 / 884_736 / 884_736) - 1) < 1e-9)
  }

  /// The sizes are steps, their parabola has none: without noise a point is where the losses were made to be lowest.
  @Test func aPointIsTheParabolasMinimum() throws {
    let artifacts = run(try ladder(noise: 0)), table = try #require(artifacts.table("ladder-optima"))
    let points = try #require(artifacts.figures.first { $0.key == "ladder" }).series[0].points
    for row in 1..<5 {
      let lowest = (0.9 + 190 * pow(budgets[row], -0.19)) * wave.reduce(0, +) / 40
      #expect(abs((table.number("parabolaBitsPerByte", row: row) ?? 0) - lowest) < 1e-9)
      #expect(abs(points[row].y - lowest) < 1e-9 && !points[row].isHollow)
      #expect((table.number("bitsPerByte", row: row) ?? 0) > lowest)
    }
    // At the smallest budget the smallest size is the best: that one itself, and marked.
    #expect(table.number("parabolaBitsPerByte", row: 0) == nil && table.text("size", row: 0) == "100k (an end)")
    #expect(points[0].y == table.number("bitsPerByte", row: 0) && points[0].isHollow)
  }

  /// A parabola through a size that diverged would reach below every size.
  @Test func aBlownNeighbourIsNotOfTheValley() throws {
    let artifacts = run(
      try ladder { if $0.size == "3m" || $0.size == "1m" { $0.nats = $0.nats.map { $0 * 1.5 } } })
    let table = try #require(artifacts.table("ladder-optima"))
    #expect(table.text("size", row: 3) == "900k" && table.number("parabolaBitsPerByte", row: 3) == nil)
    let points = try #require(artifacts.figures.first { $0.key == "ladder" }).series[0].points
    #expect(points[3].y == table.number("bitsPerByte", row: 3) && !points[3].isHollow)
  }

  /// Where the best size is an end everywhere, curves and crossings rest on upper limits, and say so.
  @Test func curvesOnEndsOfTheSizesAreMarked() throws {
    let artifacts = run(try ladder(sizes: Array(sizes.prefix(2)), noise: 0))
    let fit = try #require(artifacts.table("ladder-fit"))
    #expect((0..<2).map { fit.number("pointsAtEnd", row: $0) } == [5, 5])
    #expect(
      artifacts.sentences.contains {
        $0.hasPrefix("Of these points some are an end of the sizes") && $0.contains("Bytes (5 of 5), SentencePiece")
      })
    let crossings = try #require(artifacts.table("ladder-crossings"))
    #expect(crossings.text("verdict", row: 0) == "within what was measured, on points at an end of the sizes")
    #expect(artifacts.sentences.contains { $0.hasSuffix("at an end of the sizes (Bytes, SentencePiece[v=4k]).") })
    let inside = run(try ladder(Array(budgets.dropFirst()), noise: 0))
    #expect(inside.table("ladder-fit")?.number("pointsAtEnd", row: 0) == 0)
    #expect(inside.table("ladder-crossings")?.text("verdict", row: 0) == "within what was measured")
    #expect(!inside.sentences.contains { $0.contains("end of the sizes") })
  }

  @Test func theCurvesAreFittedTogether() throws {
    let artifacts = run(try ladder(noise: 0))
    let fit = try #require(artifacts.table("ladder-fit"))
    #expect(fit.rows.count == 2 && fit.number("floor", row: 0) == fit.number("floor", row: 1))
    for (row, curve) in curves.enumerated() {
      // Not exactly: at the smallest budget the best size is an end.
      #expect(abs((fit.number("exponent", row: row) ?? 0) - curve.exponent) < 0.01)
    }
    let check = try #require(artifacts.table("ladder-check"))
    #expect(check.rows.count == 2 && abs(check.number("error", row: 0) ?? 9) < 3)
    let crossings = try #require(artifacts.table("ladder-crossings"))
    #expect(crossings.rows.count == 1 && crossings.text("lower", row: 0) == "Bytes")
    let figure = try #require(artifacts.figures.first { $0.key == "ladder" })
    #expect(figure.series.count == 2 && figure.series.allSatisfy { $0.points.count == 5 && $0.curve != nil })
    let farthest = try #require(figure.series[0].curve?.points.last?.x)
    #expect(abs(farthest / 2.5e15 - 1) < 1e-9)
    #expect(artifacts.figures.filter { $0.key.hasPrefix("ladder-sizes") }.map(\.series.count) == [5, 5])
  }

  /// Sentences end in a stop and say what was found.
  @Test func findingsFollowTheNumbers() throws {
    let sentences = run(try ladder()).sentences
    #expect(sentences.first == "2 tokenizers at 5 budgets from 250 G to 25.0 T FLOPs, each at its best size.")
    #expect(sentences.contains { $0.hasPrefix("Fitted together over 10 points, the shared floor is") })
    #expect(sentences.contains { $0.hasPrefix("At 100 × the largest budget") })
    #expect(
      sentences.contains { $0.hasPrefix("The largest budget, predicted from the smaller ones, is off by: Bytes") })
    #expect(sentences.contains { $0.contains("so a better one may lie beyond: ") && $0.contains("Bytes at 250 G") })
    #expect(sentences.contains { $0.contains("Limisiewicz") })
    #expect(sentences.allSatisfy { $0.hasSuffix(".") && !$0.contains("nan") && !$0.contains("inf") })
  }

  @Test func twoBudgetsAreNoLadder() throws {
    #expect(run(try ladder([1e12, 4e12])).isEmpty)
    #expect(run([]).isEmpty)
    // Another batch at each budget: no two of these may be joined.
    let mixed = try ladder { $0.fields["m2.batch"] = $0.fields["match.budget"] }
    #expect(run(mixed).isEmpty)
    #expect(run(try ladder { $0.fields["match.by"] = "tokens" }).isEmpty)
  }

  /// Another setting at every budget is a ladder of its own, with names of its own.
  @Test func laddersStandApart() throws {
    let artifacts = run(try ladder() + ladder { $0.fields["m2.batch"] = "8" })
    #expect(
      artifacts.tables.filter { $0.key.hasPrefix("ladder-optima") }.map(\.key) == ["ladder-optima", "ladder-optima-2"])
    let keys = artifacts.tables.map(\.key) + artifacts.figures.map(\.key)
    #expect(Set(keys).count == keys.count)
  }

  /// Four budgets fit two curves, but leave too little to predict from; one tokenizer alone needs six.
  @Test func fewBudgetsSayWhatTheyCannotTell() throws {
    let four = run(try ladder(Array(budgets.prefix(4))))
    #expect(four.table("ladder-fit") != nil && four.table("ladder-check") == nil)
    #expect(four.sentences.contains { $0.hasPrefix("What the extrapolation is worth was not checked") })
    let alone = run(try ladder { cell in if cell.tokenizer != "Bytes" { cell.roundTripProblem = "no" } })
    #expect(alone.table("ladder-fit") == nil && alone.table("ladder-optima")?.rows.count == 5)
    #expect(alone.sentences.contains { $0.hasPrefix("No curves are fitted") && $0.contains("in all 3 points more") })
  }

  /// A crossing beyond what was measured is predicted only where the check holds.
  @Test(
    arguments: [
      (nil, 0, .checked, .apart), (1e12, 0.05, .checked, .untold), (1e12, 0.04, .failed, .measured),
      (1e14, 0.04, .checked, .predicted), (1e14, 0, .failed, .checkFailed), (1e14, 0, .unchecked, .unchecked),
      (1e14, 0.5, .failed, .untold),
    ] as [(Double?, Double, LadderFit.Extrapolation, LadderFit.Verdict)])
  func verdicts(compute: Double?, missing: Double, extrapolation: LadderFit.Extrapolation, verdict: LadderFit.Verdict) {
    let crossing = SharedFloorBootstrap.Crossing(compute: compute, interval: nil, missingShare: missing)
    #expect(LadderFit.Verdict(crossing, measured: 2.5e11...2.5e13, extrapolation) == verdict)
    #expect(verdict.isTold == (verdict == .measured || verdict == .predicted))
  }

  /// What has three points, the largest budget among them, has a curve and no check.
  @Test func whatWasNotCheckedIsNamed() throws {
    let artifacts = run(
      try ladder(curves: curves + [third]) { cell in
        let isLow = cell.fields["match.budget"] == "\(budgets[0])" || cell.fields["match.budget"] == "\(budgets[1])"
        if cell.tokenizer == third.name, isLow { cell.unigram = 0.5 }
      })
    #expect(artifacts.table("ladder-fit")?.rows.count == 3)
    let check = try #require(artifacts.table("ladder-check"))
    #expect((0..<2).map { check.text("tokenizer", row: $0) } == curves.map(\.name) && check.rows.count == 2)
    #expect(artifacts.sentences.contains { $0.hasPrefix("Not checked, for want") && $0.hasSuffix(": \(third.name).") })
  }

  @Test func oneSizeABudgetIsItsBest() throws {
    let artifacts = run(try ladder(sizes: [sizes[2]]))
    #expect(artifacts.table("ladder-optima")?.text("size", row: 0) == "1m")
    #expect(artifacts.figures.map(\.key) == ["ladder"])
    #expect(!artifacts.sentences.contains { $0.contains("may lie beyond") || $0.contains("its best size") })
    #expect(artifacts.sentences.first?.hasSuffix("each at one size (1m): no best size was looked for.") == true)
  }

  /// Where M2 learned nothing the power law has not begun.
  @Test func whatWasNotLearnedIsNotFitted() throws {
    let artifacts = run(try ladder(curves: curves + [third]) { if $0.tokenizer == "Bytes" { $0.unigram = 0.5 } })
    #expect(artifacts.table("ladder-fit")?.rows.count == 2)
    #expect(artifacts.sentences.contains { $0.hasPrefix("Without a curve") && $0.hasSuffix(": Bytes.") })
    #expect(artifacts.table("ladder-optima")?.marks("bitsPerByte", row: 0) == [.notLearned])
  }

  /// The largest budget of one tokenizer is not what its lower ones foretell.
  @Test func aFailedPredictionIsSaid() throws {
    let artifacts = run(
      try ladder { cell in
        if cell.tokenizer == "Bytes", cell.fields["match.budget"] == "\(budgets[4])" {
          cell.nats = cell.nats.map { $0 * 1.3 }
        }
      })
    let check = try #require(artifacts.table("ladder-check"))
    #expect(check.text("within", row: 0) == "no" && check.text("within", row: 1) == "yes")
    #expect(artifacts.sentences.contains { $0.hasSuffix("the extrapolation is not to be trusted: Bytes.") })
  }

  /// With LADDER_REPORT the report is written there: to look at, and for ladder_constants.py to refit.
  @Test func picturesAreDrawn() throws {
    let inputs = try ladder(), figures = run(inputs).figures
    if let folder = ProcessInfo.processInfo.environment["LADDER_REPORT"] {
      try Report(title: "A ladder", contents: [.init(inputs.flatMap(\.records))]).write(to: folder)
    }
    let drawn = figures.map(svg)
    #expect(drawn.count == 3 && drawn.allSatisfy { !$0.contains("nan") && !$0.contains("inf") })
    #expect(drawn[0].contains("fill-opacity=\"0.12\"") && drawn[0].contains("stroke-dasharray=\"6 4\""))
    // Only parabolas whose minimum lies within are marked: two lines each.
    #expect(!drawn[1].contains("stroke-dasharray"))
  }
}

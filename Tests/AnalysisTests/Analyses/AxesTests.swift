import Foundation
import Records
import Rendering
import Support
import Testing

@testable import Analysis

/// Two tokenizers that trade places when M1 is counted, one that is last under both, and one that M1 leaves nothing.
private func cells() -> [Cell] {
  func cell(_ tokenizer: String, _ bits: Double, seed: UInt64, variant: String? = nil) -> Cell {
    var cell = Cell(tokenizer: tokenizer)
    cell.variant = variant
    cell.fields["match.m1"] = variant == nil ? nil : "counted"
    cell.nats = nats(bits, count: 30, own: seed)
    cell.bytes = [Int](repeating: 10_240, count: 30)
    cell.ratio = tokenizer == "Bytes" ? 1 : 3
    return cell
  }
  var dead = cell("Dead", 0, seed: 9, variant: "M1 counted")
  dead.notAffordable = "M1 alone cost 5.90e+13 of 8.00e+12 FLOPs: nothing is left for M2"
  return [
    cell("Bytes", 2.0, seed: 1), cell("AC", 1.8, seed: 2), cell("Slow", 2.5, seed: 3), cell("Dead", 2.1, seed: 4),
    cell("Bytes", 2.0, seed: 1, variant: "M1 counted"), cell("AC", 2.2, seed: 5, variant: "M1 counted"),
    cell("Slow", 2.5, seed: 6, variant: "M1 counted"), dead,
  ]
}

private func inputs(_ cells: [Cell]) throws -> [AnalysisInput] {
  let records = try cells.map { try $0.record() }
  return unique(records.map(\.protocol)).map { one in
    AnalysisInput(records: records.filter { $0.protocol == one }, protocol: one)
  }
}

@Suite struct AxesTests {
  @Test func axesHaveNames() throws {
    #expect(try axisNames(inputs(cells())) == ["as it stands", "M1 counted"])
    // A ladder: several protocols of one variant are told apart by what differs.
    let budgets = ["1e12", "4e12"].map { Cell(fields: ["match.budget": $0, "x": "1"]) }
    #expect(try axisNames(inputs(budgets)) == ["budget 1e12", "budget 4e12"])
  }

  /// Ranks stand side by side; a column's numbers are those of its own protocol's records.
  @Test func ranksUnderEachAxis() throws {
    let tables = CrossAnalysis.whatItDependsOn.run(try inputs(cells())).tables
    let ranks = try #require(tables.first { $0.key == "axis-ranks" })
    #expect(ranks.columns.map(\.title).suffix(2) == ["Rank of 4, as it stands", "Rank of 3, M1 counted"])
    #expect(ranks.rows.indices.map { ranks.text("tokenizer", row: $0) } == ["Bytes", "AC", "Slow", "Dead"])
    #expect(ranks.rows.indices.map { ranks.number("axis1", row: $0) } == [2, 1, 4, 3])
    #expect(ranks.rows.indices.map { ranks.number("axis2", row: $0) } == [1, 2, 3, nil])
    let bits = try #require(tables.first { $0.key == "axis-bits-per-byte" })
    #expect(bits.number("axis1", row: 1) == (try cells()[1].record().bitsPerByte))
    #expect(bits.number("axis2", row: 1) == (try cells()[5].record().bitsPerByte))
    let costs = try #require(tables.first { $0.key == "axis-costs" })
    #expect(costs.number("bytesPerStep", row: 0) == 1 && costs.number("bytesPerStepRank", row: 0) == 4)
    #expect(costs.number("bytesPerStepRank", row: 1) == 1 && costs.number("inferenceRank", row: 0) == 4)
  }

  @Test func differencesSurviveOrTurn() throws {
    let axes = try #require(Axes(try inputs(cells())))
    func pair(_ a: String, _ b: String) -> Axes.Pair? {
      axes.pairs.first { $0.a.tokenizer == a && $0.b.tokenizer == b }
    }
    #expect(axes.pairs.count == 6)
    #expect(pair("Bytes", "Slow")?.survives == true && pair("AC", "Slow")?.relations == [.lower, .lower])
    #expect(pair("Bytes", "AC")?.turns == true && pair("Bytes", "AC")?.relations == [.higher, .lower])
    // What was not scored under some axis survives nothing.
    #expect(pair("Bytes", "Dead")?.survives == false && pair("Bytes", "Dead")?.relations == [.lower, .unscored])
    let table = try #require(CrossAnalysis.pairByPair.run(try inputs(cells())).tables.first)
    #expect(table.text("verdict", row: 0) == "turns round" && table.text("verdict", row: 1) == "survives: A lower")
    #expect(table.text("verdict", row: 2) == "not compared under some")
  }

  @Test func conclusionsAreOfTheNumbers() throws {
    let sentences = CrossAnalysis.acrossAxes.run(try inputs(cells())).sentences
    #expect(
      sentences.first?.hasPrefix("At size 1m, who has the lowest bits/byte depends on the axis: AC with ") == true)
    #expect(
      sentences.contains(
        "2 of the 3 differences between two tokenizers of size 1m that are compared under all 2 axes survive: told apart "
          + "in the same direction under each (paired tests, p < 0.05, uncorrected), for these trained models; another "
          + "seed is not in it. 3 more pairs are not compared under every axis."))
    #expect(
      sentences.contains(
        "Turns round (1m): Bytes is below AC under \"M1 counted\", above it under \"as it stands\"."))
    #expect(
      sentences.contains { $0.hasPrefix("Cannot be told under \"M1 counted\": anything of Dead 1m: not scored.") })
    #expect(
      sentences.contains { $0.contains("one seed (all scored cells)") }
        && sentences.contains { $0.contains("not tuned") })
    // The same winner everywhere is said once, without what turns.
    let steady = try inputs(cells().filter { $0.tokenizer != "AC" && $0.tokenizer != "Dead" })
    let same = CrossAnalysis.acrossAxes.run(steady).sentences
    #expect(same.first?.hasPrefix("At size 1m, Bytes has the lowest bits/byte under all 2 axes") == true)
    #expect(same.contains { $0.hasPrefix("1 of the 1 differences") } && !same.contains { $0.contains("Turns") })
    #expect(
      same.contains("Cannot be told under any axis: how much another seed would differ: one seed (all scored cells)."))
  }

  /// An axis under which one tokenizer was run has no lowest; one under which a winner is missing is no contest with it.
  @Test func whoWasRunIsNoAxis() throws {
    let steady = cells().filter { $0.tokenizer != "Dead" && $0.tokenizer != "AC" }
    var alone = steady[1]
    alone.fields["match.m1"] = "shared"
    alone.variant = "M1 shared"
    let same = CrossAnalysis.acrossAxes.run(try inputs(steady + [alone])).sentences
    #expect(same.first?.hasPrefix("At size 1m, Bytes has the lowest bits/byte under all 2 axes") == true)
    let apart = cells().filter { $0.tokenizer != "Dead" && !($0.tokenizer == "AC" && $0.variant != nil) }
    let sentences = CrossAnalysis.acrossAxes.run(try inputs(apart)).sentences
    #expect(
      sentences.first?.hasPrefix(
        "At size 1m, who has the lowest bits/byte depends on the axis and on who was run under it: AC with ") == true)
  }

  /// The lowest may be a code that M2 added nothing to: that is said, and beside it who is lowest of what it learned.
  @Test func whatWasNotLearnedIsNoWinnerAlone() throws {
    let unlearned = cells().filter { $0.tokenizer != "Dead" }.map { cell in
      var cell = cell
      if cell.tokenizer == "AC" { cell.unigram = 1.75 }
      return cell
    }
    let sentences = CrossAnalysis.acrossAxes.run(try inputs(unlearned)).sentences
    #expect(sentences[0].contains("AC with ") && sentences[0].contains("(M2 learned nothing beyond token frequencies)"))
    #expect(
      sentences[1].hasPrefix(
        "Of the tokenizers that M2 of size 1m learned from, Bytes has the lowest bits/byte under all 2 axes: "))
    #expect(
      sentences.contains {
        $0.hasSuffix("In 1 of those that survive M2 learned nothing beyond token frequencies from one or both.")
      })
  }

  /// Seeds that differ are in the test; where every record is of a variant, the table is the variant's.
  @Test func seedsAndVariantsAreSaidAsTheyAre() throws {
    let twice = cells().flatMap { cell in
      ([1, 2] as [UInt64]).map { seed in
        var cell = cell
        (cell.seed, cell.nats) = (seed, cell.nats.map { $0 * (1 + 1e-4 * Double(seed)) })
        return cell
      }
    }
    let sentences = CrossAnalysis.acrossAxes.run(try inputs(twice)).sentences
    #expect(!sentences.contains { $0.contains("another seed") } && sentences.contains { $0.contains("uncorrected).") })
    // Cells of a variant in the table of the experiment as it stands do not give it their name.
    var mixed = [Cell(tokenizer: "Bytes"), Cell(tokenizer: "GZip")]
    mixed[1].variant = "ladder"
    #expect(try inputs(mixed)[0].variant == nil && inputs([mixed[1]])[0].variant == "ladder")
  }

  @Test func oneProtocolHasNoAxes() throws {
    let alone = try inputs(cells().filter { $0.variant == nil })
    for analysis in [CrossAnalysis.acrossAxes, .whatItDependsOn, .pairByPair] { #expect(analysis.run(alone).isEmpty) }
    #expect(Set(builtInCrossAnalyses.map(\.key)).count == builtInCrossAnalyses.count)
  }

  /// No table of results holds cells of two axes.
  @Test func axesAreNeverMixed() throws {
    let report = Report(title: "Axes", contents: [.init(try cells().map { try $0.record() })])
    #expect(report.parts.count == 2)
    for part in report.parts {
      let main = part.sections.flatMap(\.artifacts).tables.first { $0.key.hasPrefix("main") }
      let scored = part.protocol.fields["match.m1"] == nil ? 4 : 3
      #expect(main?.rows.indices.count { main?.number("bitsPerByte", row: $0) != nil } == scored)
      #expect(main?.rows.count == 4)
    }
    let figure = try #require(report.artifacts.figures.first { $0.key == "axes-1m" })
    let drawing = svg(figure)
    for name in figure.x.names { #expect(drawing.contains(">\(name)<")) }
    #expect(figure.series.map(\.points.count) == [2, 2, 2, 1])
  }
}

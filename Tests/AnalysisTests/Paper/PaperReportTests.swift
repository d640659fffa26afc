import Foundation
import Metrics
import Records
import Rendering
import Support
import Testing

@testable import Analysis

@Suite struct ClaimTests {
  @Test func allHoldOrOneDoesNot() {
    func claim(_ verdicts: [Claim.Verdict], seen: String? = nil) -> Claim {
      Claim.all("x", verdicts.enumerated().map { Claim("x", $1, "n\($0)") }, seen: seen)
    }
    func verdict(_ verdicts: Claim.Verdict...) -> Claim.Verdict { claim(verdicts).verdict }
    #expect(verdict(.seen, .seen) == .seen && verdict(.seen, .cannotTell) == .cannotTell)
    #expect(verdict(.notSeen, .cannotTell) == .notSeen && verdict() == .cannotTell)
    // The numbers are of those that decide.
    #expect(claim([.seen, .seen]).numbers == "n0; n1" && claim([.seen, .seen], seen: "all").numbers == "all")
    #expect(claim([.seen, .notSeen, .cannotTell], seen: "all").numbers == "1 of 3 comparisons hold; not seen: n1")
    #expect(claim([.notSeen]).numbers == "n0")
  }

  @Test func intervalsDecide() {
    func verdict(_ lower: Double, _ upper: Double) -> Claim.Verdict {
      Claim.above("x", 1, value: 1.5, interval: Interval(lower: lower, upper: upper), in: .bitsPerByte) { $0 }.verdict
    }
    #expect(verdict(1.1, 2) == .seen && verdict(0, 0.9) == .notSeen && verdict(0.5, 1.5) == .cannotTell)
    #expect(Claim.above("x", value: 1, interval: nil, in: .percent) { $0 }.verdict == .cannotTell)
    let told = Claim.above("x", value: 0.012, interval: Interval(lower: -0.001, upper: 0.025), in: .points) {
      "a \($0)"
    }
    #expect(told.numbers == "a +1.20 points [-0.10, +2.50]")
  }

  /// That nothing is found tells only where something is found that was to be found.
  @Test func nullsNeedAControl() {
    let null = Claim("x", .seen, "0%"), other = Claim("x", .notSeen, "2%")
    #expect(null.besides(Claim("y", .seen, "9%")) == null && other.besides(Claim("y", .notSeen, "0%")) == other)
    let unsure = null.besides(Claim("y", .notSeen, "0.1%"))
    #expect(unsure.verdict == .cannotTell && unsure.numbers == "0%; nor is it where it is to be expected: 0.1%")
  }

  /// Two shares of the same examples are compared by their difference, which is surer than either.
  @Test func estimatesAreComparedAsPairs() throws {
    var resampling = Resampling()
    func share(_ hits: [Int]) throws -> BootstrapEstimate? {
      ShareEstimate(hits: hits, of: hits.map { _ in 100 }, &resampling)?.estimate
    }
    let low = (0..<40).map { 2 * $0 }, high = low.map { $0 + 5 + $0 % 3 }
    let a = try #require(try share(high)), b = try #require(try share(low))
    #expect(a.interval().lower < b.interval().upper, "apart they could be the same")
    func verdict(_ x: BootstrapEstimate?, _ y: BootstrapEstimate?, by least: Double = 0) -> Claim.Verdict {
      Claim.higher("x", x, than: y, by: least) { "\($0) \($1)" }.verdict
    }
    #expect(verdict(a, b) == .seen && verdict(b, a) == .notSeen && verdict(a, a) == .cannotTell)
    #expect(verdict(a, b, by: 0.1) == .notSeen && verdict(a, nil) == .cannotTell)
    let fewer = try share(Array(low.prefix(20)))
    #expect(verdict(a, fewer) == .cannotTell, "of other examples")
  }

  /// 10 of 100 nats saved of every example: a tenth, whatever the draw.
  @Test func savingsAreSharesOfTheOthersBits() throws {
    var resampling = Resampling()
    let base = try #require(ExampleScores(nats: [100, 200, 400], bytes: [10, 20, 30]))
    let model = try #require(ExampleScores(nats: [90, 180, 360], bytes: [10, 20, 30]))
    let saved = resampling.saving(model, of: base), saving = try #require(saved)
    #expect(abs(saving.value - 0.1) < 1e-12 && abs(saving.interval().lower - 0.1) < 1e-12)
    let other = try #require(ExampleScores(nats: [1, 2, 3], bytes: [10, 20, 31]))
    let unpaired = resampling.saving(other, of: base)
    #expect(unpaired == nil)
  }

  @Test func cellsAreComparedByThePairedTest() throws {
    func groups(_ a: Double, _ b: Double) throws -> [CellGroup] {
      AnalysisInput(
        records: [try cell("A", a), try cell("B", b)], protocol: ComparisonProtocol(fields: Cell().fields)
      ).groups
    }
    let apart = try groups(1.5, 2), same = try groups(2, 2)
    #expect(Claim.lower("x", apart[0], than: apart[1]).verdict == .seen)
    #expect(Claim.lower("x", apart[1], than: apart[0]).verdict == .notSeen)
    #expect(Claim.lower("x", same[0], than: same[0]).verdict == .cannotTell)
    // What another seed may change counts where it is known, of the setting itself or of one like it.
    let near = try groups(1.98, 2)
    #expect(Claim.lower("x", near[0], than: near[1]).verdict == .seen)
    func spread(_ name: String, _ step: Double) throws -> SeedSpread {
      let seeds = try (1...5).map { try cell(name, 2 + step * Double($0), seed: UInt64($0)) }
      return SeedSpread(
        AnalysisInput(records: seeds, protocol: ComparisonProtocol(fields: Cell().fields)).groups)
    }
    let wide = try spread("A", 0.05), narrow = try spread("A", 0.0001), others = try spread("C", 0.05)
    let unsure = Claim.lower("x", near[0], than: near[1], wide)
    #expect(unsure.verdict == .cannotTell && unsure.numbers.contains("no more than seeds may change (sd 0.0"))
    #expect(unsure.numbers.hasSuffix("of 5 seeds of A)") && unsure.numbers.contains(", -0.0"))
    // The interval is of all that counts: it holds 0 where nothing is told.
    let narrowInterval = Claim.lower("x", near[0], than: near[1]).numbers.split(separator: "[")[1]
    #expect(narrowInterval.hasPrefix("-") && !narrowInterval.contains("+"))
    #expect(unsure.numbers.split(separator: "[")[1].contains("+"))
    #expect(Claim.lower("x", near[0], than: near[1], narrow).verdict == .seen)
    #expect(Claim.lower("x", near[0], than: near[1], others).verdict == .seen, "nothing is like it")
    let windows = try spread("EqualInfoAC[b=16,v=256,end=greedy]", 0.05)
    #expect(windows.deviation(of: "EqualInfoAC[b=16,v=256]") != nil && windows.deviation(of: "AC[v=256]") == nil)
    #expect(windows.deviation(of: "EqualInfoAC[b=32,v=256]") != nil, "of the same kind")
    let missing = Claim.lower("x", apart[0], than: nil)
    #expect(missing.verdict == .cannotTell && missing.numbers == "not run")
  }
}

@Suite struct PaperReportTests {
  private func report() throws -> PaperReport {
    let baseline = try canonicalBaseline()
    return PaperReport(
      title: "The paper", introduction: [.note("What it is.")],
      sources: paperParts.map { part in
        .init(
          part: part, input: PaperInput(scale: .small, baseline: baseline), missingCells: 3,
          isMeasured: !part.needs(.small).measures, command: "harness paper --only \(part.key)")
      })
  }

  /// Every part stands in it: what needs nothing with its claims, all others with the command that runs them.
  @Test func everyPartIsThere() throws {
    let report = try report(), table = report.summary
    #expect(report.overview.rows.count == paperParts.count)
    let parts = table.rows.indices.map { table.text("part", row: $0) ?? "" }
    #expect(unique(parts) == paperParts.map { "\($0.title) (\($0.source))" })
    let notRun = table.rows.indices.filter { table.text("verdict", row: $0) == "not run" }
    #expect(notRun.count == paperParts.count - 1)
    #expect(table.text("numbers", row: notRun[0]) == "harness paper --only ratios")
    #expect(report.sections.map(\.title) == paperParts.map(\.title))
    #expect(report.sections.allSatisfy { !$0.artifacts.isEmpty })
    #expect(report.sections[0].artifacts.contains(.commands("harness paper --only ratios")))
  }

  @Test func partsHaveKeysOfTheirOwn() {
    #expect(Set(paperParts.map(\.key)).count == paperParts.count)
    for part in paperParts {
      let needs = part.needs(.small)
      #expect(Set(needs.cells.map(\.name)).count == needs.cells.count, "\(part.key)")
      for name in needs.positions + needs.snapshots + needs.generated + needs.tasks.compactMap(\.table) {
        #expect(needs.cells.contains { $0.name == name }, "\(part.key) reads a table \(name)")
      }
    }
  }

  @Test func itIsWrittenWhole() throws {
    let report = try report()
    try withTemporaryFolder { folder in
      try report.write(to: folder)
      let text = try String(contentsOfFile: folder + "/report.md", encoding: .utf8)
      #expect(text.hasPrefix("# The paper\n") && text.contains("| Compression ratios "))
      for part in paperParts { #expect(text.contains("## \(part.title)\n"), "\(part.title)") }
      let page = try String(contentsOfFile: folder + "/report.html", encoding: .utf8)
      #expect(page.contains("<table id=\"paper-parts\">") && page.contains("<table id=\"paper-summary\">"))
      #expect(page.contains("<h2>Seeds</h2>"))
      for name in ["paper-summary.csv", "paper-softmax.csv", "paper-softmax-with.svg", "tables.json"] {
        #expect(FileManager.default.fileExists(atPath: folder + "/" + name), "\(name)")
      }
    }
  }

  @Test func whatIsMissingIsSaid() throws {
    let part = PaperPart.entropyCuts
    let input = PaperInput(
      scale: .small, baseline: try canonicalBaseline(),
      tables: [
        "cuts": AnalysisInput(
          records: [try cell("EqualInfoAC[b=12,v=4k]", 1.9)], protocol: ComparisonProtocol(fields: Cell().fields))
      ])
    let report = PaperReport(
      title: "x", introduction: [],
      sources: [.init(part: part, input: input, missingCells: 2, isMeasured: true, command: "run it")])
    #expect(report.sections[0].artifacts.contains(.note("2 of its cells are not run yet. To run them:")))
    #expect(report.summary.text("verdict", row: 0) == "cannot be told")
    #expect(report.overview.text("verdict", row: 0) == "cannot be told")
    #expect(report.overview.number("cannotTell", row: 0) == 2 && report.overview.number("seen", row: 0) == 0)
    guard case .note(let sentence) = report.sections[0].artifacts[0] else { Issue.record("no sentence"); return }
    #expect(sentence.plain.hasSuffix("At this scale cannot be told: 2 cannot be told, of 2 claims."))
    #expect(report.introduction.sentences == ["Of 2 claims 0 are seen, 0 are not seen and 2 cannot be told."])
  }

  /// A cell that failed says why, and its part is not run.
  @Test func whatFailedIsSaid() throws {
    let failed = try cell("EqualInfoAC[b=12,v=4k]", 1.9) { $0.error = "the budget is under one step" }
    let input = PaperInput(
      scale: .small, baseline: try canonicalBaseline(),
      tables: ["cuts": AnalysisInput(records: [failed], protocol: ComparisonProtocol(fields: Cell().fields))])
    let report = PaperReport(
      title: "x", introduction: [],
      sources: [.init(part: .entropyCuts, input: input, missingCells: 2, isMeasured: true, command: "run it")])
    #expect(
      report.sections[0].artifacts.sentences
        == ["EqualInfoAC[b=12,v=4k] (1m) has no bits/byte: the budget is under one step"])
    #expect(report.summary.text("verdict", row: 0) == "not run")
    #expect(
      report.introduction.sentences == [
        "Of 0 claims 0 are seen, 0 are not seen and 0 cannot be told; 1 of 1 parts are not run."
      ])
  }
}

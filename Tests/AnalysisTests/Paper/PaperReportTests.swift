import Foundation
import Metrics
import Records
import Rendering
import Support
import Testing

@testable import Analysis

@Suite struct ClaimTests {
  @Test func allHoldOrOneDoesNot() {
    func claim(_ verdicts: [Claim.Verdict]) -> Claim.Verdict {
      Claim.all("x", verdicts.map { Claim("x", $0, "n") }).verdict
    }
    #expect(claim([.seen, .seen]) == .seen && claim([.seen, .cannotTell]) == .cannotTell)
    #expect(claim([.notSeen, .cannotTell]) == .notSeen && claim([]) == .cannotTell)
  }

  @Test func intervalsDecide() {
    func verdict(_ lower: Double, _ upper: Double) -> Claim.Verdict {
      Claim.above("x", 1, value: 1.5, interval: Interval(lower: lower, upper: upper)) { "\($0)" }.verdict
    }
    #expect(verdict(1.1, 2) == .seen && verdict(0, 0.9) == .notSeen && verdict(0.5, 1.5) == .cannotTell)
    #expect(Claim.above("x", value: 1, interval: nil) { "\($0)" }.verdict == .cannotTell)
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
    let parts = table.rows.indices.map { table.text("part", row: $0) ?? "" }
    #expect(unique(parts) == paperParts.map(\.title))
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
      #expect(page.contains("<table id=\"paper-summary\">") && page.contains("<h2>Seeds</h2>"))
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
  }
}

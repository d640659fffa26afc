import Foundation
import Rendering
import Support
import Testing

@testable import Analysis
@testable import Records

@Suite struct ReportTests {
  func contents(_ cells: [Cell]) throws -> RecordFolder.Contents {
    .init(try cells.map { try $0.record() })
  }
  let old = Cell(fields: ["match.budget": "1e12", "x": "1"], written: "2026-01-01T00:00:00.000Z")
  let new = Cell(
    fields: ["match.budget": "2e12", "x": "1"], nats: [10, 11, 12, 15], written: "2026-01-02T00:00:00.000Z")

  /// Two budgets in one folder: two tables, never one mean, and the heading says what differs.
  @Test func protocolsAreNeverMixed() throws {
    let report = Report(title: "Both", contents: [try contents([old, new])])
    #expect(report.parts.map { $0.protocol.fields["match.budget"] } == ["2e12", "1e12"])
    let main = report.parts.map { part in
      part.sections.flatMap(\.artifacts).tables.first { $0.key.hasPrefix("main") }
    }
    #expect(main.map { $0?.rows.count } == [1, 1])
    #expect(abs((main[0]?.number("bitsPerByte", row: 0) ?? 0) - 48 / log(2.0) / 42) < 1e-12)
    #expect(abs((main[1]?.number("bitsPerByte", row: 0) ?? 0) - 96 / log(2.0) / 42) < 1e-12)
    #expect(report.parts[0].differences.isEmpty)
    #expect(report.parts[1].differences.map(\.text) == ["\(code: "match.budget"): 1e12 instead of 2e12"])
    // Their figures have files of their own.
    let keys = report.artifacts.figures.map(\.key)
    #expect(Set(keys).count == keys.count && keys.contains("flops"))
    let text = markdown(report)
    #expect(text.contains("## Records of another protocol") && text.contains("1e12 instead of 2e12"))
    #expect(report.records.rows.count == 2)
  }

  /// The same cell in two folders: the newest counts, and the report says so.
  @Test func ofSeveralFoldersTheNewestRecordCounts() throws {
    var older = new
    older.nats = [30, 31, 32, 45]
    older.written = "2025-01-01T00:00:00.000Z"
    let report = Report(
      title: "Two folders", contents: [try contents([new, older]), try contents([older])])
    #expect(report.records.rows.count == 1)
    #expect(
      report.parts[0].sections.flatMap(\.artifacts).sentences.contains { $0.hasPrefix("2 older records of Bytes") })
    #expect(report.records.number("bitsPerByte", row: 0) == (try new.record().bitsPerByte))
  }

  /// While a run goes on: a plan and nothing, then a plan and one cell, beside records of another protocol.
  @Test func aReportOfAPlanSaysWhatIsNotRun() throws {
    let plan = ReportPlan(
      cells: [.init(tokenizer: "Bytes", size: "1m", seed: 1), .init(tokenizer: "A", size: "1m", seed: 1)],
      protocol: try new.record().protocol)
    let none = Report(title: "Planned", contents: [], plans: [plan])
    #expect(none.artifacts.sentences.contains("0 of 2 cells finished: 2 tokenizers, M2 of size 1m, seed 1."))
    let some = Report(title: "Going on", contents: [try contents([old])], plans: [plan])
    #expect(some.parts.map { $0.protocol.fields["match.budget"] } == ["2e12", "1e12"])
    #expect(some.artifacts.sentences.count { $0.contains("not run yet") } == 2)
    #expect(some.artifacts.sentences.last { $0.contains("not run yet") } == "A, 1m, seed 1: not run yet")
    let one = Report(title: "Going on", contents: [try contents([new])], plans: [plan])
    #expect(one.artifacts.sentences.filter { $0.contains("not run yet") } == ["A, 1m, seed 1: not run yet"])
  }

  /// Parts as the plan lists them, named by what tells them apart; what is across them leads; the detail of all but the
  /// first is folded away; what no plan means comes last.
  @Test func aPlanOfSeveralProtocols() throws {
    let stray = Cell(fields: ["match.budget": "9e12", "x": "1"], written: "2026-01-03T00:00:00.000Z")
    var variant = new
    variant.fields["x"] = "2"
    variant.variant = "x is 2"
    let plans = try [old, new, variant].map { cell in
      ReportPlan(
        cells: [.init(tokenizer: "Bytes", size: "1m", seed: 1)], protocol: try cell.record().protocol,
        variant: cell.variant)
    }
    let count = CrossAnalysis("count", title: "Across") { inputs in
      [
        .note("\(inputs.count) protocols"),
        .table(Table(key: "across", inputs, fields: [.text("hash", "Hash") { $0.protocol.hash }])),
      ]
    }
    let report = Report(
      title: "Several", contents: [try contents([stray, variant, new, old])], plans: plans, crossAnalyses: [count])
    #expect(report.parts.map(\.isPlanned) == [true, true, true, false])
    #expect(
      report.parts.prefix(3).map(\.name) == ["budget 1e12", "budget 2e12", "x is 2"])
    let text = markdown(report)
    let places = ["## Across", "3 protocols", "## Budget 1e12", "## X is 2", "## Records of another protocol"]
      .compactMap { text.range(of: $0)?.lowerBound }
    #expect(places.count == 5 && places == places.sorted())
    #expect(text.components(separatedBy: "<details>").count == 4)
    try withTemporaryFolder { folder in
      try report.write(to: folder)
      #expect(try String(contentsOfFile: folder + "/across.csv", encoding: .utf8).split(separator: "\n").count == 4)
    }
  }

  @Test func analysesCanBeChosen() throws {
    let report = Report(title: "One", contents: [try contents([new])], analyses: [.mainResults])
    #expect(report.parts.map { $0.sections.map(\.title) } == [["Results"]])
    #expect(Set(builtInAnalyses.map(\.key)).count == builtInAnalyses.count)
  }

  @Test func aReportIsWrittenWholeAndTwiceTheSame() throws {
    try withTemporaryFolder { folder in
      let report = Report(
        title: "Written", contents: [.init(try manyCells())], baseline: try paperBaseline(),
        command: "harness run x.yaml")
      try report.write(to: folder + "/report")
      let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/report").sorted()
      #expect(
        files == [
          "curves.svg", "flops.svg", "held-out-curves.svg", "report.html", "report.md", "results.csv", "steps.svg",
          "tables.json", "tables.tex",
        ])
      let first = try files.map { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/report/\($0)")) }
      try report.write(to: folder + "/report")
      let second = try files.map { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/report/\($0)")) }
      #expect(first == second)
      let text = String(decoding: first[4], as: UTF8.self)
      for figure in report.artifacts.figures { #expect(text.contains("](\(figure.key).svg)")) }
      for section in report.parts[0].sections { #expect(text.contains("## \(section.title)\n")) }
    }
  }
}

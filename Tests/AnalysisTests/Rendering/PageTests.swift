import Foundation
import Records
import Testing

@testable import Analysis
@testable import Rendering

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What a page holds, read by a parser of XML: the pages are well-formed, scripts and styles taken out.
private final class PageReader: NSObject, XMLParserDelegate {
  private(set) var elements: [String: Int] = [:]
  private(set) var attributes: [String: [String]] = [:]
  private(set) var text = ""

  init?(_ page: String) {
    super.init()
    var body = page.components(separatedBy: "<body>").last?.components(separatedBy: "<script>\n").first ?? ""
    body = "<body>" + body + "</body>"
    let parser = XMLParser(data: Data(body.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }
  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String] = [:]
  ) {
    elements[name, default: 0] += 1
    for (key, value) in attributes { self.attributes[key, default: []].append(value) }
  }
  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}

@Suite struct PageTests {
  @Test func aReportIsAPage() throws {
    let report = Report(
      title: "Pages", contents: [.init(try manyCells())], command: "harness run x.yaml\nharness report runs/x")
    let page = html(report)
    let read = try #require(PageReader(page))
    let tables = report.artifacts.compactMap { if case .table(let table) = $0 { table } else { nil } }
    let figures = report.artifacts.figures
    // Each figure's values are a table of three columns.
    #expect(read.elements["table"] == tables.count + figures.count && read.elements["figure"] == figures.count)
    #expect(read.elements["th"] == tables.reduce(0) { $0 + $1.columns.count } + 3 * figures.count)
    for section in report.parts[0].sections { #expect(read.text.contains(section.title)) }
    #expect(read.text.contains("harness run x.yaml\nharness report runs/x"))
    // Every series can be hidden, every point says its value, and every number is sorted by its own.
    let series = figures.map { pagePicture($0).series.count }.reduce(0, +)
    #expect(read.attributes["data-series"]?.count == series)
    let points = figures.flatMap(\.series).flatMap(\.points).count
    #expect(read.attributes["class"]?.count { $0 == "value" } == points)
    #expect(read.attributes["data-v"]?.contains("256.0") == true)
    #expect(
      !page.contains("http://")
        || page.components(separatedBy: "http://").count - 1 == page.components(
          separatedBy: "xmlns=\"http://www.w3.org/2000/svg\""
        ).count - 1)
    #expect(!page.contains("https://") && !page.contains("src=") && !page.contains("url("), "nothing is fetched")
    #expect(page.utf8.count < 2_000_000)
  }

  /// Of what goes on to others too: the card's front matter is one string, and nothing becomes HTML or a link.
  @Test(arguments: hostileNames)
  func hostileNamesAreTextInTheCardAndTheOverview(name: String) throws {
    let report = try hostileReport(name)
    let card = datasetCard(report, license: nil)
    let front = card.components(separatedBy: "\n---\n")[0].split(separator: "\n")
    #expect(front.count == 13 && front[1] == "license: unknown" && front[3] == "tags:", "the title is one line")
    let overview = markdown(ResultsOverview([(link: "../\(name)/report.md", report: report)]))
    for text in [card.components(separatedBy: "\n---\n")[1], overview] {
      #expect(!text.contains("<script") && !text.contains("<img") && !text.contains("](javascript"))
    }
  }

  @Test func linesAreShownWithTheirTokens() throws {
    func cell(_ tokenizer: String, _ budget: String, _ counts: [Int]?) throws -> RunRecord {
      var cell = Cell(tokenizer: tokenizer, fields: ["match.budget": budget, "x": "1"])
      cell.lines = [.init(text: "ab <c>", ids: [5, 6], byteCounts: counts)]
      return try cell.record()
    }
    let report = Report(
      title: "Lines",
      contents: [
        .init([
          try cell("Words", "1e12", [3, 3]), try cell("Code", "1e12", nil), try cell("Damaged", "1e12", [4, 3]),
          try cell("Words", "2e12", [3, 3]), try cell("Code", "2e12", nil), try cell("Damaged", "2e12", [4, 3]),
        ])
      ])
    let lines = report.artifacts.compactMap { if case .cutLine(let line) = $0 { line } else { nil } }
    #expect(lines.count == 1, "the same tokens again are not shown again")
    #expect(lines.first?.rows.map(\.byteCounts) == [[3, 3], nil, nil])
    let read = try #require(PageReader(html(report)))
    #expect(read.attributes["title"]?.contains("token 2: id 6, 3 bytes") == true)
    #expect(read.text.contains("Words ab  5, <c> 6") && read.text.contains("Code 5, 6"), "for those without a pointer")
    #expect(markdown(report).contains("Words    2  ab |<c>\nCode     2\nDamaged  2\n"))
  }
}

@Suite struct DatasetTests {
  @Test func aDatasetIsACardAndTables() throws {
    try withTemporaryFolder { folder in
      let report = Report(title: "quick: \"x\"", contents: [.init(try manyCells(sizes: ["1m"]))])
      try report.writeDataset(to: folder, license: "cc-by-4.0")
      func lines(_ name: String) throws -> [Substring] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n")
      }
      #expect(try lines("results.csv").count == 1 + 12 && lines("examples.csv").count == 1 + 12 * 71)
      let card = try lines("README.md")
      #expect(card.contains("license: cc-by-4.0"))
      #expect(card[0] == "---" && card[2] == #"pretty_name: "Tokenizer comparison: quick: \"x\"""#)
      // Every column is explained.
      for name in ["results.csv", "examples.csv"] {
        for column in try lines(name)[0].split(separator: ",") {
          #expect(card.contains { $0.hasPrefix("- `\(column)`: ") }, "\(column)")
        }
      }
      // The numbers of the examples are those of the results.
      let nats = try lines("examples.csv").dropFirst().filter { $0.contains(",Bytes,") }
        .compactMap { Double($0.split(separator: ",").last ?? "") }.reduce(0, +)
      let bits = try #require(report.parts[0].artifacts(named: "main").first)
      let cell = try #require(
        bits.rows.first?.compactMap { if case .number(let n?, _?, _) = $0 { n } else { nil } }.first)
      #expect(abs(nats / 0.6931471805599453 / (71 * 10_240) - cell) < 1e-9)
    }
  }
}

@Suite struct ResultsOverviewTests {
  @Test func runsStandSideBySide() throws {
    func report(_ title: String, _ cells: [Cell]) throws -> Report {
      Report(title: title, contents: [.init(try cells.map { try $0.record() })])
    }
    func cell(_ name: String, _ size: String, _ budget: String, _ total: Double) -> Cell {
      Cell(
        tokenizer: name, size: size, fields: ["match.budget": budget],
        nats: [total / 4, total / 4, total / 4, total / 4])
    }
    let overview = ResultsOverview([
      (
        "a/report.md",
        try report(
          "a",
          [
            cell("Bytes", "1m", "1e12", 40), cell("Bytes", "1m", "2e12", 90), cell("Bytes", "3m", "2e12", 80),
            cell("GZip[v=256]", "1m", "2e12", 70),
          ])
      ),
      ("b/report.md", try report("b", [cell("Bytes", "1m", "1e12", 60)])),
      ("c/report.md", Report(title: "c", contents: [])),
    ])
    #expect(overview.runs.map(\.title) == ["a", "b"] && overview.runs[0].otherParts == 1)
    #expect(!overview.runs[0].conclusions.isEmpty && !overview.runs[0].compared.isEmpty)
    // Of a: the larger budget, and there the better size. 42 bytes.
    let values = overview.table.rows.map { row in
      row.dropFirst().map {
        if case .number(let n, _, _) = $0 { n.map { ($0 * log(2) * 42).rounded() } } else { Double?.none }
      }
    }
    #expect(values == [[80, 60], [70, nil]])
    let page = markdown(overview)
    #expect(page.contains("[The whole report](a/report.md), with 1 other part.") && page.contains("## b"))
  }
}

extension Report.Part {
  fileprivate func artifacts(named key: String) -> [Table] {
    sections.flatMap(\.artifacts).compactMap { if case .table(let table) = $0, table.key == key { table } else { nil } }
  }
}

@Suite struct LaTeXTests {
  @Test func aTableIsATable() throws {
    struct Item { var name: String?, value: Double? }
    let table = Table(
      key: "results", [Item(name: "GZip[v=256]", value: 3.0641), Item(name: "[a]_1 50%", value: nil)],
      fields: [
        .text("name", "Name") { $0.name },
        .estimate("value", "Bits/byte", .fixed(3)) {
          .number($0.value, interval: $0.value.map { .init(lower: $0 - 1, upper: $0 + 1) }, marks: [.notLearned])
        },
      ])
    #expect(
      latex(table, caption: "What & why") == """

        \\begin{table}
        \\centering
        \\caption{What \\& why}
        \\label{tab:results}
        \\begin{tabular}{lr}
          \\toprule
          Name & Bits/byte \\\\
          \\midrule
          GZip[v=256] & $\\circ$3.064 [2.064, 4.064] \\\\
          {[}a]\\_1 50\\% & --- \\\\
          \\bottomrule
        \\end{tabular}
        \\end{table}

        """)
  }
}

@Suite struct TensorBoardTests {
  private let log = TrainingLog(
    run: ["p", "t", "1m", "seed1"], training: [(7, 2.5), (300, 1.0625)], heldOut: [(300, 1.984)])

  /// Golden bytes: the same events by PyPI's tensorboard 2.20 (its protocol buffers and its `RecordWriter`), written by
  /// Outside/tensorboard_events.py.
  @Test func eventsAreThoseOfTensorBoard() {
    let file = eventFile(log).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(file == golden)
  }
  private let golden =
    "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc9851292c00000000000000f4aecc4509000000000000"
    + "1c4010072a1f0a1d0a16626974732070657220627974652f747261696e696e671500002040ff62188e2d000000000000003c"
    + "418afb090000000000c0724010ac022a1f0a1d0a16626974732070657220627974652f747261696e696e67150000883fe2f1"
    + "3c0e2d000000000000003c418afb090000000000c0724010ac022a1f0a1d0a16626974732070657220627974652f68656c64"
    + "206f757415b6f3fd3fd0f7acbc"

  @Test(.enabled(if: outside.has("tensorboard"), "PyPI's tensorboard is not in .build/test-python: make test-python"))
  func tensorBoardWritesTheSameAndReadsItBack() throws {
    struct Event: Decodable, Equatable {
      let step: Int
      let tag: String
      let value: Float
    }
    let written = String(decoding: try outside.run("tensorboard_events.py", ["golden"]), as: UTF8.self)
    #expect(written.trimmingCharacters(in: .whitespacesAndNewlines) == golden)
    try withTemporaryFolder { folder in
      try writeTensorBoard([log], to: folder)
      let read = try outside.run(
        "tensorboard_events.py", [folder + "/p/t/1m/seed1/events.out.tfevents.0.harness"], as: [Event].self)
      #expect(
        read == [
          Event(step: 7, tag: "bits per byte/training", value: 2.5),
          Event(step: 300, tag: "bits per byte/training", value: 1.0625),
          Event(step: 300, tag: "bits per byte/held out", value: 1.984),
        ])
    }
  }

  @Test func everyCellHasAFile() throws {
    try withTemporaryFolder { folder in
      let logs = TrainingLog.all(of: [.init(try [Cell(tokenizer: "../a/b").record(), Cell(tokenizer: "..").record()])])
      try writeTensorBoard(logs, to: folder + "/logs")
      let protocols = try FileManager.default.contentsOfDirectory(atPath: folder + "/logs")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/logs/" + protocols[0]).sorted()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["logs"])
      #expect(protocols.count == 1 && names == [".._a_b", "_"])
    }
  }

  /// Longer names than file systems take, that differ at their ends alone, and control characters.
  @Test func namesOfAnyLengthHaveAFile() throws {
    let path = "SentencePiece[path=" + String(repeating: "é/long", count: 60)
    try withTemporaryFolder { folder in
      let runs = [path + "1]", path + "2]", "a\u{1B}[31m\u{202E}b"].map { ["p", $0, "1m", "seed1"] }
      try writeTensorBoard(runs.map { TrainingLog(run: $0, training: [], heldOut: []) }, to: folder)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/p")
      #expect(names.count == 3 && names.allSatisfy { $0.utf8.count <= 200 })
      #expect(names.contains("a_u{1B}[31m_u{202E}b"))
    }
  }
}

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
    #expect(read.elements["table"] == tables.count && read.elements["figure"] == report.artifacts.figures.count)
    #expect(read.elements["th"] == tables.reduce(0) { $0 + $1.columns.count })
    for section in report.parts[0].sections { #expect(read.text.contains(section.title)) }
    #expect(read.text.contains("harness run x.yaml\nharness report runs/x"))
    // Every series can be hidden, every point says its value, and every number is sorted by its own.
    let series = report.artifacts.figures.map { pagePicture($0).series.count }.reduce(0, +)
    #expect(read.attributes["data-series"]?.count == series)
    let points = report.artifacts.figures.flatMap(\.series).flatMap(\.points).count
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

  /// Names from records that somebody else wrote.
  @Test(arguments: [
    "x`touch p`", "\"quoted\" & 'so'", "</td></script><script>alert(1)</script>", "a\u{1}b", "日本語 🙂",
    "<img src=x onerror=alert(1)>", "javascript:alert(1)", "\\input{x} % $1_0$ #~^&", "**bold** [x](javascript:y)",
  ])
  func hostileNamesAreText(name: String) throws {
    var cut = Cell(tokenizer: name)
    cut.lines = [.init(text: name, ids: [1, 2], byteCounts: [1, name.utf8.count - 1])]
    let cells = try [cut, Cell(tokenizer: "Bytes"), Cell(tokenizer: name, error: name)].map { try $0.record() }
    let report = Report(title: name, contents: [.init(cells)], command: name)
    let page = html(report)
    let read = try #require(PageReader(page))
    let known = [
      "body", "h1", "h2", "h3", "p", "ul", "li", "div", "table", "thead", "tbody", "tr", "th", "td", "button", "figure",
      "svg", "rect", "line", "polyline", "polygon", "circle", "text", "title", "g", "pre", "code", "b", "details",
      "summary", "span", "i", "small",
    ]
    #expect(Set(read.elements.keys).isSubset(of: known))
    #expect(read.attributes.keys.allSatisfy { !$0.hasPrefix("on") && $0 != "href" && $0 != "src" })
    #expect(page.components(separatedBy: "<script").count == 2, "the page's own")
    let plain = name.replacing("`", with: "").replacing("**", with: "").replacing("\u{1}", with: "\u{fffd}")
    #expect(read.text.replacing("`", with: "").replacing("**", with: "").contains(plain))
    let tables = latex(report).split(separator: "\n").filter { !$0.hasPrefix("%") }.joined(separator: "\n")
    #expect(!tables.contains("\\input") && !tables.contains("$1_0$"))

    // Markdown of what goes on to others: the card's front matter is one string, and nothing becomes HTML or a link.
    let card = datasetCard(report)
    #expect(card.split(separator: "\n").prefix(3).last == "tags:", "the title is one line")
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
    #expect(markdown(report).contains("Words    2  ab |<c>\nCode     2\nDamaged  2\n"))
  }
}

@Suite struct DatasetTests {
  @Test func aDatasetIsACardAndTables() throws {
    try withTemporaryFolder { folder in
      let report = Report(title: "quick: \"x\"", contents: [.init(try manyCells(sizes: ["1m"]))])
      try report.writeDataset(to: folder)
      func lines(_ name: String) throws -> [Substring] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n")
      }
      #expect(try lines("results.csv").count == 1 + 12 && lines("examples.csv").count == 1 + 12 * 71)
      let card = try lines("README.md")
      #expect(card[0] == "---" && card[1] == #"pretty_name: "Tokenizer comparison: quick: \"x\"""#)
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
  /// Golden bytes: the same events by PyPI's tensorboard 2.20 (its protocol buffers and its `RecordWriter`).
  @Test func eventsAreThoseOfTensorBoard() {
    let log = TrainingLog(
      run: ["p", "t", "1m", "seed1"], training: [(7, 2.5), (300, 1.0625)], heldOut: [(300, 1.984)])
    let file = eventFile(log).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(file == golden)
  }
  private let golden =
    "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc9851292c00000000000000f4aecc4509000000000000"
    + "1c4010072a1f0a1d0a16626974732070657220627974652f747261696e696e671500002040ff62188e2d000000000000003c"
    + "418afb090000000000c0724010ac022a1f0a1d0a16626974732070657220627974652f747261696e696e67150000883fe2f1"
    + "3c0e2d000000000000003c418afb090000000000c0724010ac022a1f0a1d0a16626974732070657220627974652f68656c64"
    + "206f757415b6f3fd3fd0f7acbc"

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
}

import Foundation
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
    let cells = try [Cell(tokenizer: name), Cell(tokenizer: "Bytes"), Cell(tokenizer: name, error: name)].map {
      try $0.record()
    }
    let report = Report(title: name, contents: [.init(cells)], command: name)
    let page = html(report)
    let read = try #require(PageReader(page))
    let known = [
      "body", "h1", "h2", "h3", "p", "ul", "li", "div", "table", "thead", "tbody", "tr", "th", "td", "button", "figure",
      "svg", "rect", "line", "polyline", "polygon", "circle", "text", "title", "g", "pre", "code", "b", "details",
      "summary",
    ]
    #expect(Set(read.elements.keys).isSubset(of: known))
    #expect(read.attributes.keys.allSatisfy { !$0.hasPrefix("on") && $0 != "href" && $0 != "src" })
    #expect(page.components(separatedBy: "<script").count == 2, "the page's own")
    let plain = name.replacing("`", with: "").replacing("**", with: "").replacing("\u{1}", with: "\u{fffd}")
    #expect(read.text.replacing("`", with: "").replacing("**", with: "").contains(plain))
    let tables = latex(report).split(separator: "\n").filter { !$0.hasPrefix("%") }.joined(separator: "\n")
    #expect(!tables.contains("\\input") && !tables.contains("$1_0$"))
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

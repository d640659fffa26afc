import Foundation
import Records
import Support
import Testing

@testable import Analysis
@testable import Rendering

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Names that somebody else put into records, each of which some format would read as more than text.
let hostileNames = [
  "\"quoted\" & 'so'", "</td></script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!-- comment -->",
  "&amp; &#60; &lt", "javascript:alert(1)", "[x](javascript:alert(1))", "![x](javascript:y)", "[x]: javascript:y",
  "[x] [ ]",
  "https://evil.example www.evil.example", "x`touch p`", "`", "``` fence ```", "**bold** *so* ***",
  "__init__ _x_ snake_case",
  "~~struck~~ ~", "^hat^", "a|b||c|", "a\nb\r\nc\u{2028}d\te", "\\", "a\\|b\\\\c\\", "\\input{x} \\\\[1ex]",
  "$1_0$ $$x$$ $",
  "50% % off", "# heading #", "{}{\\x}", "[1ex]", "*", "- item", "+ item", "1. item", "2) item", "    code", "> quote",
  "=====", "a\u{202E}b\u{2066}c", "a\u{0}b\u{1}c\u{7F}", "\u{1B}[31mred\u{9B}32m", "日本語 🙂 👩‍👧", "é ñ ǰ Ωμέγα ß ł İ ≥ ─",
  "../../x", "a--b''c,,d''", "@import url(x)", "}</style><b>", "\u{FEFF}x\u{FFFE}",
]

/// A report in which a name stands wherever a record's text goes.
func hostileReport(_ name: String) throws -> Report {
  func cell(_ tokenizer: String, _ value: String, error: String? = nil) -> Cell {
    var cell = Cell(tokenizer: tokenizer, size: name, fields: ["match.budget": "1e12", name: value], error: error)
    cell.lines = [.init(text: name, ids: [1, 2], byteCounts: [1, name.utf8.count - 1])]
    cell.facts = [name: 1]
    cell.furtherTexts = [name: cell.nats]
    cell.commit = name
    return cell
  }
  let records = try [
    cell(name, name), cell("Bytes", name), cell(name + " failed", name, error: name), cell(name, name + " of another"),
  ].map { try $0.record() }
  let plans = unique(records.map(\.protocol)).map { one in
    ReportPlan(
      cells: [.init(tokenizer: name, size: name, seed: 1), .init(tokenizer: name + " missing", size: name, seed: 2)],
      protocol: one, variant: one == records[0].protocol ? nil : name)
  }
  return Report(title: name, contents: [.init(records)], plans: plans, command: name)
}

/// As readers see it: runs of white space are one.
private func collapsed(_ text: String) -> String {
  text.split { $0.isWhitespace || $0 == "\u{A0}" }.joined(separator: " ")
}

/// Text, elements and attributes of well-formed XML; nil for any other.
private final class Reader: NSObject, XMLParserDelegate {
  private(set) var text = ""
  private(set) var elements: Set<String> = [], attributes: Set<String> = []

  init?(_ document: String) {
    super.init()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }
  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String] = [:]
  ) {
    elements.insert(name)
    self.attributes.formUnion(attributes.keys)
  }
  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}

@Suite struct HostileNamesTests {
  @Test(arguments: hostileNames)
  func inHTML(name: String) throws {
    let page = html(try hostileReport(name))
    let body = page.components(separatedBy: "<body>").last?.components(separatedBy: "<script>\n").first ?? ""
    let read = try #require(Reader("<body>\(body)</body>"))
    #expect(
      read.elements.isSubset(of: [
        "body", "h1", "h2", "h3", "p", "ul", "li", "div", "table", "thead", "tbody", "tr", "th", "td", "button",
        "figure",
        "svg", "rect", "line", "polyline", "polygon", "circle", "text", "title", "g", "pre", "code", "b", "details",
        "summary", "span", "i", "small",
      ]))
    #expect(read.attributes.allSatisfy { !$0.hasPrefix("on") && $0 != "href" && $0 != "src" })
    #expect(page.components(separatedBy: "<script").count == 2 && page.components(separatedBy: "<style").count == 2)
    #expect(collapsed(read.text).components(separatedBy: collapsed(visible(name))).count > 20)
    #expect(!page.contains("\u{202E}") && !page.contains("\u{0}"))
    let tokens = TokenizedText(Array(name.utf8), rows: [.init(name: name, ids: [1], byteCounts: [name.utf8.count])])
    #expect(tokens.page(title: name).components(separatedBy: "<script").count == 2)
  }

  @Test(arguments: hostileNames)
  func inSVG(name: String) throws {
    let figures = try hostileReport(name).artifacts.figures
    #expect(figures.count > 2)
    for figure in figures {
      let read = try #require(Reader(svg(figure)))
      #expect(read.elements.isSubset(of: ["svg", "rect", "line", "polyline", "polygon", "circle", "text"]))
      #expect(!read.attributes.contains { $0.hasPrefix("on") || $0.hasSuffix("href") })
      #expect(collapsed(read.text).contains(collapsed(visible(name))))
      #expect(figure.key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }, "it is a file's name")
    }
  }

  /// In ASCII every character that TeX acts on is written by a command, and the rest is there as it was.
  @Test(arguments: hostileNames)
  func inLaTeX(name: String) throws {
    let written = latexEscaped(name)
    #expect(written.allSatisfy { $0.isASCII && !$0.isNewline })
    var rest = written
    for command in [
      "\\textbackslash{}", "\\textasciitilde{}", "\\textasciicircum{}", "\\textless{}", "\\textgreater{}",
      "\\textbar{}",
      "\\textasciigrave{}", "\\&", "\\%", "\\$", "\\#", "\\_", "\\{", "\\}",
    ] { rest = rest.replacing(command, with: "") }
    #expect(!rest.contains { "&%#_|<>~`".contains($0) && !rest.contains("\\\($0){") }, "\(rest)")
    #expect(rest.count { $0 == "$" }.isMultiple(of: 2) && rest.count { $0 == "{" } == rest.count { $0 == "}" })
    let tables = latex(try hostileReport(name)).drop { $0 != "\n" }  // the first line is a comment
    #expect(tables.allSatisfy(\.isASCII) && !tables.contains("\\input") && !tables.contains("$1_0$"))
  }

  /// Nothing that Markdown acts on is left without a backslash, and without them the name is there.
  @Test(arguments: hostileNames)
  func inMarkdown(name: String) throws {
    var text = ""
    var isEscaped = false
    for character in markdownEscaped(name) {
      if !isEscaped, character == "\\" {
        isEscaped = true
        continue
      }
      #expect(isEscaped || !"`*~|$<>".contains(character))
      text.append(character)
      isEscaped = false
    }
    for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")] {
      text = text.replacing(entity, with: character)
    }
    #expect(text == visible(name))
  }

  /// What GitHub's own parser (cmark-gfm) makes of whole reports: text, and no element that is not ours.
  @Test(.enabled(if: outside.has("cmarkgfm"), "PyPI's cmarkgfm is not in .build/test-python: make test-python"))
  func inMarkdownAsGitHubReadsIt() throws {
    struct Read: Decodable {
      let text: String
      let elements: [String]
      let pictures: [String]
    }
    let read = try outside.run(
      "markdown_elements.py", input: JSONEncoder().encode(try hostileNames.map { markdown(try hostileReport($0)) }),
      as: [Read].self)
    for (name, page) in zip(hostileNames, read) {
      #expect(
        Set(page.elements).isSubset(of: [
          "h1", "h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "strong",
          "img",
          "details", "summary",
        ]), "\(name)")
      #expect(page.pictures.allSatisfy { $0.hasSuffix(".svg") && $0.allSatisfy { $0.isASCII && $0 != "/" } }, "\(name)")
      #expect(page.pictures.count == page.elements.count { $0 == "img" } && page.pictures.count > 2, "\(name)")
      let count = collapsed(page.text).components(separatedBy: collapsed(visible(name))).count
      #expect(count > 20, "\(name) is there \(count - 1) times")
    }
  }

  /// With booktabs alone, as the file's first line says.
  @Test(.enabled(if: pdflatex != nil, "there is no pdflatex: make test-latex"))
  func compiledByTeX() throws {
    let report = Report(
      title: "x", contents: [.init(try manyCells() + hostileNames.map { try Cell(tokenizer: $0, error: $0).record() })])
    let names = Table(key: "names", hostileNames, fields: [.text("name", "Name") { $0 }])
    try withTemporaryFolder { folder in
      let tables = latex(report).replacing("\\begin{table}", with: "\\begin{table}[p]\\tiny").replacing(
        "\\end{table}", with: "\\end{table}\\clearpage")
      let document =
        "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n\(tables)"
        + latex(names, caption: hostileNames.joined(separator: " ")) + "\\end{document}\n"
      try Data(document.utf8).write(to: URL(fileURLWithPath: folder + "/tables.tex"))
      let process = Process()
      process.executableURL = URL(fileURLWithPath: try #require(pdflatex))
      process.arguments = ["-interaction=nonstopmode", "-halt-on-error", "tables.tex"]
      process.currentDirectoryURL = URL(fileURLWithPath: folder)
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      let log = (try? String(contentsOfFile: folder + "/tables.log", encoding: .isoLatin1)) ?? ""
      #expect(process.terminationStatus == 0, "\(log.suffix(1_500))")
      #expect(!log.contains("Missing character"))
    }
  }
}

private let pdflatex = ["/usr/bin/pdflatex", "/Library/TeX/texbin/pdflatex"].first {
  FileManager.default.isExecutableFile(atPath: $0)
}

import Analysis
import Foundation
import Support

/// A whole report as one page that needs nothing else: no network, no other file. Tables sort, series hide, points say
/// their values; without a script all of it is there to read.
public func html(_ report: Report) -> String {
  var body = "<h1>\(xmlEscaped(report.title))</h1>\n"
  body += html(report.crossSections, level: 2)
  for (index, part) in report.parts.enumerated() {
    let isAlone = index == 0 && report.crossSections.isEmpty
    if !isAlone {
      let title = index == 0 || part.isPlanned ? part.name : "Records of another protocol, `\(part.protocol.hash)`"
      body += "<h2>\(inline(title.prefix(1).uppercased() + title.dropFirst()))</h2>\n"
      if index > 0 {
        let warning =
          part.isPlanned
          ? "Its cells share other settings, and stand in a table of their own." : "Not comparable with those above."
        body += "<p>\(warning) What differs:</p>\n" + html(.findings(part.differences))
      }
    }
    body += html(part.sections, level: isAlone ? 2 : 3)
  }
  return page(title: report.title, body: body)
}

/// A paper's parts as such a page.
public func html(_ report: PaperReport) -> String {
  page(
    title: report.title,
    body: "<h1>\(xmlEscaped(report.title))</h1>\n" + report.introduction.map(html).joined()
      + html(.table(report.summary))
      + html(report.sections, level: 2))
}

private func page(title: String, body: String) -> String {
  """
  <!DOCTYPE html>
  <html lang="en">
  <head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>\(xmlEscaped(title))</title>
  <style>
  \(pageStyle)
  \(tokenStyle)
  </style>
  </head>
  <body>
  \(body)<script>
  \(pageScript)
  </script>
  </body>
  </html>

  """
}

/// Sections under headings, what is folded at their end.
private func html(_ sections: [Report.Section], level: Int) -> String {
  func block(_ section: Report.Section) -> String {
    "<h\(level)>\(inline(section.title))</h\(level)>\n" + section.artifacts.map(html).joined()
  }
  let folded = sections.filter(\.isFolded)
  let titles = folded.map { inline($0.title) }.joined(separator: ", ")
  return sections.filter { !$0.isFolded }.map(block).joined()
    + (folded.isEmpty ? "" : "<details>\n<summary>\(titles)</summary>\n\(folded.map(block).joined())</details>\n")
}

private func html(_ artifact: Artifact) -> String {
  switch artifact {
  case .table(let table): html(table)
  case .figure(let figure): html(figure)
  case .findings(let findings): "<ul>\n" + findings.map { "<li>\(inline($0.text))</li>\n" }.joined() + "</ul>\n"
  case .note(let text): "<p>\(inline(text))</p>\n"
  case .cutLine(let line): TokenizedText(line).namedRows(columns: 90)
  case .commands(let text): "<pre>\(escapedLines(text))</pre>\n"
  }
}

/// Numbers carry their value at full precision, by which they are sorted.
private func html(_ table: Table) -> String {
  let classes = table.columns.map { $0.format.isNumeric ? " class=\"n\"" : "" }
  let head = zip(table.columns, classes).map { column, style in
    "<th\(style) scope=\"col\"><button>\(inline(column.title))</button></th>"
  }
  let rows = table.rows.map { row in
    let cells = table.columns.indices.map { column in
      let text = inline(table.columns[column].text(row[column]))
      guard case .number(let value, _, _) = row[column] else {
        let size = table.columns[column].key == "size" ? parameters(table.columns[column].text(row[column])) : nil
        return "<td\(classes[column])\(size.map { " data-v=\"\($0)\"" } ?? "")>\(text)</td>"
      }
      let sortable = value.flatMap { $0.isFinite ? "\($0)" : nil } ?? ""
      return "<td\(classes[column]) data-v=\"\(sortable)\">\(text)</td>"
    }
    return "<tr>\(cells.joined())</tr>\n"
  }
  return
    "<div class=\"wide\"><table id=\"\(xmlEscaped(table.key))\">\n<thead><tr>\(head.joined())</tr></thead>\n<tbody>\n"
    + rows.joined() + "</tbody>\n</table></div>\n"
}

/// Of a model's size by its name, "900k" or "1m"; nil for another name.
private func parameters(_ size: String) -> Double? {
  let units: [Character: Double] = ["k": 1e3, "m": 1e6, "b": 1e9]
  guard let unit = size.last.flatMap({ units[$0] }), let number = Double(size.dropLast()) else { return nil }
  return number * unit
}

private func html(_ figure: Figure) -> String {
  let (picture, series) = pagePicture(figure)
  let buttons = series.enumerated().map { index, one in
    "<button data-series=\"\(index)\" aria-pressed=\"true\" style=\"--colour:\(one.colour)\">\(xmlEscaped(one.title))</button>"
  }
  return "<figure id=\"\(xmlEscaped(figure.key))\" aria-label=\"\(xmlEscaped(figure.title))\">\n\(picture)"
    + "<div class=\"series\">\(buttons.joined())</div>\n</figure>\n"
}

/// A sentence: paired backquotes are code, paired double asterisks bold; everything else means itself.
private func inline(_ text: some StringProtocol) -> String {
  func marked(_ text: String, _ mark: String, _ element: String) -> String {
    let parts = text.components(separatedBy: mark)
    guard parts.count % 2 == 1 else { return text }
    return parts.enumerated().map { $0 % 2 == 0 ? $1 : "<\(element)>\($1)</\(element)>" }.joined()
  }
  return marked(marked(xmlEscaped(String(text)), "`", "code"), "**", "b")
}

/// Text of several lines as it is.
private func escapedLines(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { xmlEscaped(String($0)) }.joined(separator: "\n")
}

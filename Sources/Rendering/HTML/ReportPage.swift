import Analysis
import Foundation
import Support

/// A whole report as one page that needs nothing else: no network, no other file. Tables sort, series hide, points and
/// tokens say their values to the pointer and the keyboard; without a script all of it is there to read.
public func html(_ report: Report) -> String {
  page(title: report.title, blocks: report.blocks)
}

/// A paper's parts as such a page.
public func html(_ report: PaperReport) -> String { page(title: report.title, blocks: report.blocks) }

private func page(title: String, blocks: [ReportBlock]) -> String {
  """
  <!DOCTYPE html>
  <html lang="en">
  <head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>\(xmlEscaped(title))</title>
  <style>
  \(pageStyle)
  \(figureStyle)
  \(tokenStyle)
  \(walkStyle)
  </style>
  </head>
  <body>
  \(blocks.map(html).joined())<script>
  \(walkScript)
  \(tokenScript)
  \(tableScript)
  \(figureScript)
  </script>
  </body>
  </html>

  """
}

private func html(_ block: ReportBlock) -> String {
  switch block {
  case .heading(let text, let level): "<h\(level)>\(html(text))</h\(level)>\n"
  case .artifact(let artifact): html(artifact)
  case .folded(let titles, let blocks): folded(html(titles), blocks.map(html).joined())
  }
}

/// What a reader opens, without a script too.
func folded(_ summary: String, _ body: String) -> String {
  "<details>\n<summary>\(summary)</summary>\n\(body)</details>\n"
}

private func html(_ artifact: Artifact) -> String {
  switch artifact {
  case .table(let table): html(table)
  case .figure(let figure): html(figure)
  case .findings(let findings): "<ul>\n" + findings.map { "<li>\(html($0.text))</li>\n" }.joined() + "</ul>\n"
  case .note(let text): "<p>\(html(text))</p>\n"
  case .cutLine(let line): TokenizedText(line).namedRows(columns: 90)
  case .commands(let text): "<pre>\(escapedLines(text))</pre>\n"
  }
}

private func html(_ text: RichText) -> String {
  text.pieces.map { piece in
    switch piece {
    case .text(let text): xmlEscaped(text)
    case .code(let text): "<code>\(xmlEscaped(text))</code>"
    case .bold(let text): "<b>\(xmlEscaped(text))</b>"
    }
  }.joined()
}

/// Numbers carry their value at full precision, by which they are sorted.
private func html(_ table: Table) -> String {
  let classes = table.columns.indices.map { column in
    let one = table.columns[column]
    if one.format.isNumeric { return " class=\"n\"" }
    return table.rows.contains { one.text($0[column]).count > 60 } ? " class=\"t\"" : ""
  }
  let head = zip(table.columns, classes).map { column, style in
    "<th\(style) scope=\"col\"><button>\(xmlEscaped(column.title))</button></th>"
  }
  let rows = table.rows.map { row in
    let cells = table.columns.indices.map { column in
      let text = xmlEscaped(table.columns[column].text(row[column]))
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

/// The picture, the switches of its series, and what its points say as a table, for those who point at none.
private func html(_ figure: Figure) -> String {
  let (picture, series) = pagePicture(figure)
  let buttons = series.enumerated().map { index, one in
    "<button data-series=\"\(index)\" aria-pressed=\"true\" style=\"--colour:\(one.colour)\">\(xmlEscaped(one.title))</button>"
  }
  return "<figure id=\"\(xmlEscaped(figure.key))\" aria-label=\"\(xmlEscaped(figure.title))\">\n\(picture)"
    + "<div class=\"series\">\(buttons.joined())</div>\n\(folded("Values", html(figure.values)))</figure>\n"
}

/// Text of several lines as it is.
private func escapedLines(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { xmlEscaped(String($0)) }.joined(separator: "\n")
}

import Analysis
import Support

/// A table in GitHub's Markdown, padded so that its source reads as a table too.
public func markdown(_ table: Table) -> String {
  let header = table.columns.map { markdownEscaped($0.title) }
  let rows = table.rows.map { row in zip(table.columns, row).map { markdownEscaped($0.text($1)) } }
  let numeric = table.columns.map(\.format.isNumeric)
  let widths = header.indices.map { column in
    max(4, ([header] + rows).map { $0[column].count }.max() ?? 0)
  }
  func line(_ cells: [String]) -> String {
    let padded = cells.indices.map { column in
      let pad = String(repeating: " ", count: widths[column] - cells[column].count)
      return numeric[column] ? pad + cells[column] : cells[column] + pad
    }
    return "| " + padded.joined(separator: " | ") + " |"
  }
  let rule = header.indices.map { column in
    String(repeating: "-", count: widths[column] - (numeric[column] ? 1 : 0)) + (numeric[column] ? ":" : "")
  }
  return ([line(header), "| " + rule.joined(separator: " | ") + " |"] + rows.map(line)).joined(separator: "\n") + "\n"
}

/// An artifact as a paragraph of Markdown; a figure as a link to the file of its key.
public func markdown(_ artifact: Artifact) -> String {
  switch artifact {
  case .table(let table): markdown(table)
  case .figure(let figure): "![\(markdownEscaped(figure.title, isInBrackets: true))](\(figure.key).svg)\n"
  case .findings(let findings): findings.map { "- \(markdownLine($0.text))\n" }.joined()
  case .note(let text): markdownLine(text) + "\n"
  case .cutLine(let line): fenced(TokenizedText(line).namedLines())
  case .commands(let text): fenced(text)
  }
}

/// A whole report, what is folded in HTML's elements for it.
public func markdown(_ report: Report) -> String { markdown(report.blocks) }

/// A paper's parts: the table of claims, then part by part.
public func markdown(_ report: PaperReport) -> String { markdown(report.blocks) }

private func markdown(_ blocks: [ReportBlock]) -> String {
  func lines(_ block: ReportBlock) -> [String] {
    switch block {
    case .heading(let text, let level): [String(repeating: "#", count: level) + " \(markdownLine(text))\n"]
    case .artifact(let artifact): [markdown(artifact)]
    // Within HTML's own lines Markdown does not hold.
    case .folded(let titles, let blocks):
      ["<details>\n<summary>\(xmlEscaped(titles.plain))</summary>\n"] + blocks.flatMap(lines) + ["</details>\n"]
    }
  }
  return blocks.flatMap(lines).joined(separator: "\n")
}

/// Lines as they are, between fences that are longer than any within.
private func fenced(_ text: String) -> String {
  let fence = String(repeating: "`", count: max(3, longestBackquotes(text) + 1))
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { visible(String($0)) + "\n" }
  return "\(fence)\n\(lines.joined())\(fence)\n"
}

/// A heading, a paragraph or an item of a list: nothing at its beginning makes it another block.
func markdownLine(_ text: RichText) -> String {
  let line = markdown(text).drop { $0 == " " }
  let number = line.prefix { $0.isASCII && $0.isNumber }
  if line.hasPrefix("-") || line.hasPrefix("+") || line.hasPrefix("=") { return "\\" + line }
  if let mark = line.dropFirst(number.count).first, !number.isEmpty, mark == "." || mark == ")" {
    return number + "\\" + line.dropFirst(number.count)
  }
  return String(line)
}

private func markdown(_ text: RichText) -> String {
  text.pieces.map { piece in
    switch piece {
    case .text(let text): markdownEscaped(text)
    case .code(let text): codeSpan(text)
    case .bold(let text): "**\(markdownEscaped(text))**"
    }
  }.joined()
}

/// Between more backquotes than the text has in a row, and apart from its own.
private func codeSpan(_ text: String) -> String {
  let text = visible(text)
  let marks = String(repeating: "`", count: longestBackquotes(text) + 1)
  let space = text.hasPrefix("`") || text.hasSuffix("`") ? " " : ""
  return marks + space + text + space + marks
}

private func longestBackquotes(_ text: String) -> Int {
  text.split { $0 != "`" }.map(\.count).max() ?? 0
}

/// Text of which every character means itself in GitHub's Markdown, on one line, within a table too: no HTML, no emphasis, no
/// code, no formula, no link. Brackets that make none stay as they are, and underscores within words: names are full of them.
/// - Parameter isInBrackets: whether it is what a link or a picture shows, which a bracket would end.
func markdownEscaped(_ text: String, isInBrackets: Bool = false) -> String {
  let scalars = Array(visible(text).unicodeScalars)
  var escaped = ""
  for (index, scalar) in scalars.enumerated() {
    let before = index > 0 ? scalars[index - 1] : nil, after = index + 1 < scalars.count ? scalars[index + 1] : nil
    switch scalar {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "\\", "`", "*", "~", "|", "$": escaped += "\\\(scalar)"
    case "_" where !(isWord(before) && isWord(after)): escaped += "\\_"
    // At the beginning a definition of links or a box to tick, after a bracket an address.
    case "[" where before == nil || isInBrackets, "]" where isInBrackets, "(" where before == "]",
      "#" where before == nil || after == nil:
      escaped += "\\\(scalar)"
    // Addresses are links of their own.
    case ":" where after == "/", "." where scalars[..<index].suffix(3).elementsEqual("www".unicodeScalars):
      escaped += "\\\(scalar)"
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}

private func isWord(_ scalar: Unicode.Scalar?) -> Bool {
  scalar.map { $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil) } ?? false
}

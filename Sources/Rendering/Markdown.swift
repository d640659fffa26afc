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
  case .figure(let figure): "![\(markdownEscaped(figure.title))](\(figure.key).svg)\n"
  case .findings(let findings): findings.map { "- \(markdownEscaped($0.text))\n" }.joined()
  case .note(let text): markdownEscaped(text) + "\n"
  case .commands(let text): "```\n\(text.replacing("```", with: "` ` `"))\n```\n"
  }
}

/// A whole report: the newest protocol's sections, then every other protocol's under a heading that says how it differs.
public func markdown(_ report: Report) -> String {
  var blocks = ["# \(markdownEscaped(report.title))\n"]
  for (index, part) in report.parts.enumerated() {
    let heading = index == 0 ? "##" : "###"
    if index > 0 {
      blocks.append("## Records of another protocol, `\(markdownEscaped(part.protocol.hash))`\n")
      blocks.append("Not comparable with those above. What differs:\n")
      blocks.append(markdown(.findings(part.differences)))
    }
    for section in part.sections {
      blocks.append("\(heading) \(markdownEscaped(section.title))\n")
      blocks += section.artifacts.map(markdown)
    }
  }
  return blocks.joined(separator: "\n")
}

/// Text whose characters mean themselves in Markdown: no HTML, no table cells, no links, no line breaks. Code in paired
/// backquotes and bold stay, so that sentences may use them; a single backquote is escaped.
func markdownEscaped(_ text: String) -> String {
  let isPaired = text.count { $0 == "`" }.isMultiple(of: 2)
  var escaped = ""
  for character in text {
    switch character {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "|": escaped += "\\|"
    case "\\": escaped += "\\\\"
    case "`" where !isPaired: escaped += "\\`"
    case "(" where escaped.last == "]": escaped += "\\("
    case _ where character.isNewline: escaped += " "
    default: escaped.append(character)
    }
  }
  return escaped
}

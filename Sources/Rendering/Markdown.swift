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
  case .cutLine(let line): fenced(TokenizedText(line).namedLines())
  case .commands(let text): fenced(text)
  }
}

private func fenced(_ text: String) -> String { "```\n\(text.replacing("```", with: "` ` `"))\n```\n" }

/// A whole report: what is said across protocols, the first protocol's sections, then every other protocol's under a
/// heading that says how it differs, its detail folded away.
public func markdown(_ report: Report) -> String {
  var blocks = ["# \(markdownEscaped(report.title))\n"]
  blocks += markdown(report.crossSections, heading: "##")
  for (index, part) in report.parts.enumerated() {
    let isAlone = index == 0 && report.crossSections.isEmpty
    if !isAlone { blocks += heading(of: part, isFirst: index == 0) }
    blocks += markdown(part.sections, heading: isAlone ? "##" : "###")
  }
  return blocks.joined(separator: "\n")
}

/// A paper's parts: the table of claims, then part by part.
public func markdown(_ report: PaperReport) -> String {
  (["# \(markdownEscaped(report.title))\n"] + report.introduction.map(markdown) + [markdown(report.summary)]
    + markdown(report.sections, heading: "##")).joined(separator: "\n")
}

private func heading(of part: Report.Part, isFirst: Bool) -> [String] {
  if isFirst { return ["## \(markdownEscaped(headline(part.name)))\n"] }
  let title = part.isPlanned ? headline(part.name) : "Records of another protocol, `\(part.protocol.hash)`"
  let warning =
    part.isPlanned
    ? "Its cells share other settings, and stand in a table of their own." : "Not comparable with those above."
  return [
    "## \(markdownEscaped(title))\n", warning + " What differs:\n", markdown(.findings(part.differences)),
  ]
}

/// Only the first letter is raised: the rest may be a name.
private func headline(_ name: String) -> String { name.prefix(1).uppercased() + name.dropFirst() }

/// Sections under headings, what is folded at their end.
private func markdown(_ sections: [Report.Section], heading: String) -> [String] {
  func blocks(_ section: Report.Section) -> [String] {
    ["\(heading) \(markdownEscaped(section.title))\n"] + section.artifacts.map(markdown)
  }
  let folded = sections.filter(\.isFolded)
  let titles = folded.map { markdownEscaped($0.title) }.joined(separator: ", ")
  return sections.filter { !$0.isFolded }.flatMap(blocks)
    + (folded.isEmpty ? [] : ["<details>\n<summary>\(titles)</summary>\n"] + folded.flatMap(blocks) + ["</details>\n"])
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

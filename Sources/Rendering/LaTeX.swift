import Analysis

/// Every table of a report for a paper, with the package booktabs; one after another, to be taken out singly.
public func latex(_ report: Report) -> String {
  let all =
    report.crossSections.flatMap { section in tables(of: section) }
    + report.parts.flatMap { part in
      part.sections.flatMap { tables(of: $0, in: part) }
    }
  return "% Tables of \(comment(report.title)). In the preamble: \\usepackage{booktabs}\n" + all.joined()
}

private func tables(of section: Report.Section, in part: Report.Part? = nil) -> [String] {
  section.artifacts.compactMap { artifact in
    guard case .table(let table) = artifact else { return nil }
    return latex(table, caption: section.title + (part.map { ", " + $0.name } ?? ""))
  }
}

/// A table with a caption and the label `tab:KEY`.
public func latex(_ table: Table, caption: String) -> String {
  func line(_ cells: [String]) -> String { "  " + cells.joined(separator: " & ") + " \\\\\n" }
  return """

    \\begin{table}
    \\centering
    \\caption{\(latexEscaped(caption))}
    \\label{tab:\(table.key)}
    \\begin{tabular}{\(table.columns.map { $0.format.isNumeric ? "r" : "l" }.joined())}
      \\toprule
    \(line(table.columns.map { latexEscaped($0.title) }))  \\midrule
    \(table.rows.map { row in line(zip(table.columns, row).map { latexEscaped($0.text($1)) }) }.joined())  \\bottomrule
    \\end{tabular}
    \\end{table}

    """
}

/// Text whose characters mean themselves in LaTeX; what stands for a number that was not measured is a dash.
func latexEscaped(_ text: String) -> String {
  if text == absent { return "---" }
  var escaped = ""
  for character in text {
    switch character {
    case "&", "%", "$", "#", "_", "{", "}": escaped += "\\\(character)"
    case "\\": escaped += "\\textbackslash{}"
    case "~": escaped += "\\textasciitilde{}"
    case "^": escaped += "\\textasciicircum{}"
    case "<": escaped += "\\textless{}"
    case ">": escaped += "\\textgreater{}"
    case "\"": escaped += "''"
    case "`": escaped += "\\textasciigrave{}"
    case "≈": escaped += "$\\approx$"
    case "○": escaped += "$\\circ$"
    case "△": escaped += "$\\triangle$"
    case "‡": escaped += "$\\ddagger$"
    case "…": escaped += "\\ldots{}"
    case "–": escaped += "--"
    case "·": escaped += "$\\cdot$"
    case "×": escaped += "$\\times$"
    case "−": escaped += "$-$"
    case "[" where escaped.isEmpty: escaped += "{[}"  // else an option of the line before
    case _ where character.isNewline: escaped += " "
    default: escaped.append(character)
    }
  }
  return escaped
}

/// A comment ends with its line.
private func comment(_ text: String) -> String { text.map { $0.isNewline ? " " : String($0) }.joined() }

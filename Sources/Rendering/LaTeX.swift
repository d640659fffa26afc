import Analysis

/// Every table of a report for a paper, with the package booktabs; one after another, to be taken out singly. All of it is
/// ASCII: any LaTeX reads it, whatever its fonts and input encoding.
public func latex(_ report: Report) -> String {
  let all =
    report.crossSections.flatMap { section in tables(of: section) }
    + report.parts.flatMap { part in
      part.sections.flatMap { tables(of: $0, in: part) }
    }
  return "% Tables of \(asciiComment(report.title)). In the preamble: \\usepackage{booktabs}\n" + all.joined()
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

/// A comment ends with its line.
private func asciiComment(_ text: String) -> String {
  String(visible(text).unicodeScalars.map { $0.isASCII ? Character($0) : "?" })
}

import Analysis

/// RESULTS.md: what several runs found, as Markdown.
public func markdown(_ overview: ResultsOverview) -> String {
  var blocks = [
    "# Results\n",
    "Written by `harness results` from records alone. Bits/byte on held-out text, lower is better; of each run the part of "
      + "its report with the largest budget, and of each tokenizer there the M2 size with the lowest bits/byte. Runs differ "
      + "in text, budget and M1: compare within a column, not across. What the marks mean stands in each report.\n",
    markdown(overview.table),
  ]
  for run in overview.runs {
    let others = run.otherParts
    blocks += [
      "## \(markdownLine(RichText(run.title)))\n",
      markdown(.findings(run.compared)),
      markdown(.findings(run.conclusions)),
      "[The whole report](\(linkEscaped(run.link)))"
        + (others > 0 ? ", with \(others) other part\(others == 1 ? "" : "s").\n" : ".\n"),
    ]
  }
  return blocks.joined(separator: "\n")
}

/// A link's address: nothing in it ends the link or begins another scheme.
private func linkEscaped(_ path: String) -> String {
  let kept = path.utf8.map { byte -> String in
    let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    if isPlain || "/.-_".utf8.contains(byte) { return String(Unicode.Scalar(byte)) }
    let digits = String(byte, radix: 16, uppercase: true)
    return "%" + (digits.count < 2 ? "0" : "") + digits
  }
  return kept.joined()
}

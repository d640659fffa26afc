import Analysis

/// What a report is made of, from top to bottom, whatever the format.
enum ReportBlock {
  case heading(RichText, level: Int)
  case artifact(Artifact)
  /// Detail to be folded away, by the titles of its sections.
  case folded(titles: RichText, [ReportBlock])
}

extension Report {
  /// What is said across protocols, the first protocol's sections, then every other protocol's under a heading that says how
  /// it differs.
  var blocks: [ReportBlock] {
    [.heading(RichText(title), level: 1)] + Self.blocks(crossSections, level: 2)
      + parts.enumerated().flatMap { index, part in
        let isAlone = index == 0 && crossSections.isEmpty
        return (isAlone ? [] : Self.heading(of: part, isFirst: index == 0))
          + Self.blocks(part.sections, level: isAlone ? 2 : 3)
      }
  }

  private static func heading(of part: Part, isFirst: Bool) -> [ReportBlock] {
    // Only the first letter is raised: the rest may be a name.
    let name = RichText(part.name.prefix(1).uppercased() + part.name.dropFirst())
    if isFirst { return [.heading(name, level: 2)] }
    let warning =
      part.isPlanned
      ? "Its cells share other settings, and stand in a table of their own." : "Not comparable with those above."
    return [
      .heading(part.isPlanned ? name : "Records of another protocol, \(code: part.protocol.hash)", level: 2),
      .artifact(.note(RichText(warning + " What differs:"))), .artifact(.findings(part.differences)),
    ]
  }

  /// Sections under headings, what is folded at their end.
  fileprivate static func blocks(_ sections: [Section], level: Int) -> [ReportBlock] {
    func blocks(_ section: Section) -> [ReportBlock] {
      [.heading(RichText(section.title), level: level)] + section.artifacts.map(ReportBlock.artifact)
    }
    let folded = sections.filter(\.isFolded)
    let titles = RichText(folded.map(\.title).joined(separator: ", "))
    return sections.filter { !$0.isFolded }.flatMap(blocks)
      + (folded.isEmpty ? [] : [.folded(titles: titles, folded.flatMap(blocks))])
  }
}

extension PaperReport {
  /// The table of claims, then part by part.
  var blocks: [ReportBlock] {
    [.heading(RichText(title), level: 1)] + opening.map(ReportBlock.artifact)
      + Report.blocks(sections, level: 2)
  }
}

import Records
import Support

/// What several runs found, side by side: of each run the part of its report that had the largest budget, and of each
/// tokenizer there the M2 size with the lowest bits/byte.
///
/// Runs differ in text, budget and more, so that numbers of two columns are not of one contest.
public struct ResultsOverview: Sendable {
  public struct Run: Sendable {
    public let title: String
    /// What the cells of its part were matched by, "8.00 T FLOPs"; nil where the records do not say.
    public let budget: String?
    /// Where its report is, from where the overview will be.
    public let link: String
    /// What was compared, and what to conclude.
    public let compared, conclusions: [Finding]
    /// How many other parts its report has.
    public let otherParts: Int
    fileprivate let scores: [Score]
  }

  fileprivate struct Score: Sendable {
    let tokenizer: String
    let bitsPerByte: Table.Cell
    let value: Double
  }

  public let runs: [Run]

  /// - Parameter reports: each with the link to it; those without a result are left out.
  public init(_ reports: [(link: String, report: Report)]) {
    runs = reports.compactMap { link, report in
      let planned = report.parts.filter(\.isPlanned)
      let scored = (planned.isEmpty ? report.parts : planned).filter { !$0.scores.isEmpty }
      let largest = scored.map(\.budget).max()
      guard let part = scored.first(where: { $0.budget == largest }) else { return nil }
      return Run(
        title: report.title, budget: part.matchedBy, link: link, compared: part.findings(RecordAnalysis.overview.title),
        conclusions: part.findings(RecordAnalysis.conclusions.title), otherParts: report.parts.count - 1,
        scores: part.scores)
    }
  }

  /// Tokenizers by runs: the lowest bits/byte of any M2 size.
  public var table: Table {
    let tokenizers = unique(runs.flatMap { $0.scores.map(\.tokenizer) })
    return Table(
      key: "results", tokenizers,
      fields: [.text("tokenizer", "Tokenizer") { $0 }]
        + runs.enumerated().map { index, run in
          .estimate(
            "run\(index + 1)", [run.title, run.budget].compactMap(\.self).joined(separator: ", "), unit: "bits/byte",
            .fixed(3), better: .lower
          ) { tokenizer in
            run.scores.filter { $0.tokenizer == tokenizer }.min { $0.value < $1.value }?.bitsPerByte ?? .number(nil)
          }
        })
  }
}

extension Report.Part {
  /// What its cells were matched by; 0 where that is no number.
  fileprivate var budget: Double { `protocol`.fields["match.budget"].flatMap(Double.init) ?? 0 }

  fileprivate var matchedBy: String? {
    guard budget > 0 else { return nil }
    let unit = `protocol`.fields["match.by"] ?? ""
    return "\(short(budget)) \(unit == "flops" ? "FLOPs" : unit)"
  }

  fileprivate func findings(_ title: String) -> [Finding] {
    sections.filter { $0.title == title }.flatMap(\.artifacts).flatMap { artifact -> [Finding] in
      if case .findings(let findings) = artifact { findings } else { [] }
    }
  }

  /// The rows of its table of results that are tokenizers' and have a score.
  fileprivate var scores: [ResultsOverview.Score] {
    let tables = sections.flatMap(\.artifacts).compactMap { artifact -> Table? in
      if case .table(let table) = artifact { table } else { nil }
    }
    guard let table = tables.first(where: { $0.columns.contains { $0.key == "bitsPerByte" } }),
      let tokenizer = table.columns.firstIndex(where: { $0.key == "tokenizer" }),
      let size = table.columns.firstIndex(where: { $0.key == "size" }),
      let bits = table.columns.firstIndex(where: { $0.key == "bitsPerByte" })
    else { return [] }
    return table.rows.compactMap { row in
      guard case .text(let name?) = row[tokenizer], case .text(_?) = row[size],
        case .number(let value?, _, _) = row[bits]
      else { return nil }
      return ResultsOverview.Score(tokenizer: name, bitsPerByte: row[bits], value: value)
    }
  }
}

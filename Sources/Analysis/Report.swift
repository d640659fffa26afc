import Records
import Support

/// A report as data: one part for each protocol, newest first, each with every analysis of its records alone.
public struct Report: Sendable {
  public let title: String
  public let parts: [Part]
  /// One row a record, of all protocols.
  public let records: Table

  /// The records of one protocol.
  public struct Part: Sendable {
    public let `protocol`: ComparisonProtocol
    /// Which fields differ from the newest protocol's, in words; empty for the newest itself.
    public let differences: [Finding]
    public let sections: [Section]
  }

  public struct Section: Sendable {
    public let title: String
    public let artifacts: [Artifact]
  }

  /// - Parameters:
  ///   - contents: what the record folders of the runs hold; none or empty ones give a report of what is planned.
  ///   - plan: the cells that are meant to be run, where they are known.
  ///   - baseline: a paper's figures to stand beside these.
  ///   - command: how the runs are repeated, one command a line.
  public init(
    title: String, contents: [RecordFolder.Contents], plan: ReportPlan? = nil, baseline: Baseline? = nil,
    command: String = "", analyses: [RecordAnalysis] = builtInAnalyses
  ) {
    // Of several folders, one record of each cell and protocol.
    let newest = RecordFolder.Contents(contents.flatMap(\.records))
    let records = newest.records
    let superseded = newest.superseded + contents.flatMap(\.superseded)
    var protocols = unique(records.reversed().map(\.protocol))
    if let plan {  // what is being run now leads, though none of it may be finished yet
      protocols.removeAll { $0.hash == plan.protocol.hash }
      protocols.insert(plan.protocol, at: 0)
    }
    self.title = title
    parts = protocols.map { one in
      let input = AnalysisInput(
        records: records.filter { $0.protocol.hash == one.hash },
        superseded: superseded.filter { $0.protocol.hash == one.hash }, protocol: one, plan: plan, baseline: baseline,
        command: command)
      let isNewest = one.hash == protocols.first?.hash
      return Part(
        protocol: one, differences: isNewest ? [] : protocols.first.map { one.differenceFindings(from: $0) } ?? [],
        sections: analyses.compactMap { analysis in
          let artifacts = analysis.run(input).map { isNewest ? $0 : $0.renamed(suffix: String(one.hash.prefix(8))) }
          return artifacts.isEmpty ? nil : Section(title: analysis.title, artifacts: artifacts)
        })
    }
    self.records = recordTable(records)
  }

  public var artifacts: [Artifact] { parts.flatMap { $0.sections.flatMap(\.artifacts) } }
}

extension ComparisonProtocol {
  /// One sentence for each field that differs from another protocol's.
  public func differenceFindings(from other: ComparisonProtocol) -> [Finding] {
    differences(from: other).map { Finding("`\($0.field)`: \($0.this ?? "absent") instead of \($0.other ?? "absent")") }
  }
}

extension Artifact {
  /// Tables and figures of another protocol need names of their own.
  func renamed(suffix: String) -> Artifact {
    switch self {
    case .table(var table):
      table.key += "-" + suffix
      return .table(table)
    case .figure(var figure):
      figure.key += "-" + suffix
      return .figure(figure)
    case .findings, .note, .commands: return self
    }
  }
}

import Records
import Support

/// A report as data: what is said across protocols, then one part for each protocol with every analysis of its records
/// alone. Planned protocols lead, in the experiment's order; others follow, newest first.
public struct Report: Sendable {
  public let title: String
  /// What only several protocols together can answer.
  public let crossSections: [Section]
  public let parts: [Part]
  /// One row a record, of all protocols.
  public let records: Table
  /// One row for each scored example of each record.
  public var examples: Table { exampleTable(sources) }
  private let sources: [RunRecord]

  /// The records of one protocol.
  public struct Part: Sendable {
    public let `protocol`: ComparisonProtocol
    /// What tells it from the other parts, in a few words.
    public let name: String
    /// Whether the run means to make it: the others are left from earlier runs.
    public let isPlanned: Bool
    /// Which fields differ from the first part's, in words; empty for the first itself.
    public let differences: [Finding]
    public let sections: [Section]
  }

  public struct Section: Sendable {
    public let title: String
    public let artifacts: [Artifact]
    /// Folded away where a report can fold: the detail of parts after the first.
    public let isFolded: Bool
  }

  /// What stays in sight of the parts after the first.
  private static let leading: Set = [RecordAnalysis.mainResults.key, RecordAnalysis.notScored.key]

  /// - Parameters:
  ///   - contents: what the record folders of the runs hold; none or empty ones give a report of what is planned.
  ///   - plans: the cells that are meant to be run, by protocol, where they are known.
  ///   - baseline: a paper's figures to stand beside these.
  ///   - command: how the runs are repeated, one command a line.
  public init(
    title: String, contents: [RecordFolder.Contents], plans: [ReportPlan] = [], baseline: Baseline? = nil,
    command: String = "", analyses: [RecordAnalysis] = builtInAnalyses,
    crossAnalyses: [CrossAnalysis] = builtInCrossAnalyses
  ) {
    // Of several folders, one record of each cell and protocol.
    let newest = RecordFolder.Contents(contents.flatMap(\.records))
    let records = newest.records
    let superseded = newest.superseded + contents.flatMap(\.superseded)
    // What is being run now leads, though none of it may be finished yet.
    let protocols = unique(plans.map(\.protocol) + records.reversed().map(\.protocol))
    let inputs = protocols.map { one in
      AnalysisInput(
        records: records.filter { $0.protocol.hash == one.hash },
        superseded: superseded.filter { $0.protocol.hash == one.hash }, protocol: one,
        plan: plans.first { $0.protocol.hash == one.hash }, isBesideTuned: records.contains(where: \.isTuned),
        baseline: baseline, command: command)
    }
    let planned = plans.isEmpty ? inputs : Array(inputs.prefix(Set(plans.map(\.protocol.hash)).count))
    self.title = title
    crossSections = crossAnalyses.compactMap { analysis in
      let artifacts = analysis.run(planned)
      return artifacts.isEmpty ? nil : Section(title: analysis.title, artifacts: artifacts, isFolded: analysis.isFolded)
    }
    let names = axisNames(planned) + inputs.dropFirst(planned.count).map(\.protocol.hash)
    var cutLines: Set<Artifact> = []
    /// The same tokens of the same lines are shown once.
    func new(_ artifacts: [Artifact]) -> [Artifact] {
      guard artifacts.contains(where: \.isCutLine) else { return artifacts }
      let left = artifacts.filter { !$0.isCutLine || cutLines.insert($0).inserted }
      return left.contains(where: \.isCutLine) ? left : []
    }
    parts = zip(inputs, names).enumerated().map { index, named in
      let (input, name) = named
      return Part(
        protocol: input.protocol, name: name, isPlanned: !plans.isEmpty && index < planned.count,
        differences: index == 0 ? [] : input.protocol.differenceFindings(from: protocols[0]),
        sections: analyses.compactMap { analysis in
          let artifacts = new(analysis.run(input)).map {
            index == 0 ? $0 : $0.renamed(suffix: String(input.protocol.hash.prefix(8)))
          }
          guard !artifacts.isEmpty else { return nil }
          return Section(
            title: analysis.title, artifacts: artifacts, isFolded: index > 0 && !Self.leading.contains(analysis.key))
        })
    }
    self.records = recordTable(records)
    sources = records
  }

  public var artifacts: [Artifact] { (crossSections + parts.flatMap(\.sections)).flatMap(\.artifacts) }
}

extension ComparisonProtocol {
  /// One sentence for each field that differs from another protocol's.
  public func differenceFindings(from other: ComparisonProtocol) -> [Finding] {
    differences(from: other).map { Finding("\(code: $0.field): \(brief($0.this)) instead of \(brief($0.other))") }
  }
}

extension Artifact {
  fileprivate var isCutLine: Bool { if case .cutLine = self { true } else { false } }

  /// Tables and figures of another protocol need names of their own.
  func renamed(suffix: String) -> Artifact {
    switch self {
    case .table(var table):
      table.key += "-" + suffix
      return .table(table)
    case .figure(var figure):
      figure.key += "-" + suffix
      return .figure(figure)
    case .findings, .note, .cutLine, .commands: return self
    }
  }
}

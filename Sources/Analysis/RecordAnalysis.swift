/// One question put to the records of one protocol: a pure function from them to typed artifacts.
///
/// A new one is a file under Analyses/, a line in ``builtInAnalyses`` and a test.
public struct RecordAnalysis: Sendable {
  /// Tells it from the others; no two of ``builtInAnalyses`` have the same.
  public let key: String
  /// The heading of its section.
  public let title: String
  /// No artifacts where the records have nothing to say.
  public let run: @Sendable (AnalysisInput) -> [Artifact]

  public init(_ key: String, title: String, run: @escaping @Sendable (AnalysisInput) -> [Artifact]) {
    self.key = key
    self.title = title
    self.run = run
  }
}

/// Every analysis of a report, in its order.
public let builtInAnalyses: [RecordAnalysis] = [
  .overview, .mainResults, .conclusions, .costPlots, .uncertainty, .tuningCurves, .furtherTexts, .cost, .tokenizers,
  .cutLines, .learningCurves,
  .besideThePaper, .sideInformation, .notScored, .sharedSettings, .provenance, .leftAside,
]

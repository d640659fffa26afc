/// One question put to the records of several protocols at once: a pure function from them to typed artifacts.
///
/// Only what is meant to be compared across protocols belongs here: a table of results never mixes two. A new one is a
/// file under Analyses/, a line in ``builtInCrossAnalyses`` and a test.
public struct CrossAnalysis: Sendable {
  /// Tells it from the others; no two of ``builtInCrossAnalyses`` have the same.
  public let key: String
  /// The heading of its section.
  public let title: String
  /// Whether its section is detail that a report may fold away.
  public let isFolded: Bool
  /// From one input a protocol, in the report's order, to artifacts; none where they have nothing to say together.
  public let run: @Sendable ([AnalysisInput]) -> [Artifact]

  public init(
    _ key: String, title: String, isFolded: Bool = false, run: @escaping @Sendable ([AnalysisInput]) -> [Artifact]
  ) {
    self.key = key
    self.title = title
    self.isFolded = isFolded
    self.run = run
  }
}

/// Every analysis across protocols, in the report's order.
public let builtInCrossAnalyses: [CrossAnalysis] = [.acrossAxes, .whatItDependsOn, .ladder, .pairByPair]

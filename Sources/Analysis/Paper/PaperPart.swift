/// One finding of a paper asked again at another scale: what it takes, and a pure function from records and measurements
/// to typed tables, figures and claims.
///
/// A new one is a file under Parts/, a line in ``paperParts`` and a test.
public struct PaperPart: Sendable {
  /// Names it on the command line; no two of ``paperParts`` have the same.
  public let key: String
  /// The heading of its section.
  public let title: String
  /// Where in the paper it stands: "tables 1, 2 and 12".
  public let source: String
  /// The cells and measurements that it reads, with nothing left open.
  public let needs: @Sendable (PaperScale) -> PaperNeeds
  /// Called only where there is something of what it needs.
  public let run: @Sendable (PaperInput) -> PaperAnswer

  public init(
    _ key: String, title: String, source: String, needs: @escaping @Sendable (PaperScale) -> PaperNeeds,
    run: @escaping @Sendable (PaperInput) -> PaperAnswer
  ) {
    self.key = key
    self.title = title
    self.source = source
    self.needs = needs
    self.run = run
  }
}

/// What a part found.
public struct PaperAnswer: Sendable {
  public var claims: [Claim]
  public var artifacts: [Artifact]
  public init(claims: [Claim], artifacts: [Artifact]) {
    self.claims = claims
    self.artifacts = artifacts
  }
}

/// Every part, in the report's order.
public let paperParts: [PaperPart] = [
  .ratios, .trivialModels, .mainResult, .windowLength, .vocabulary, .bitLevel, .sequenceToSequence, .stability,
  .tokenMeaning,
  .learningByPosition, .uniformity, .m1Resets, .endOfWindow, .scaledData, .seeds, .spelling, .softmax, .generationSpeed,
  .m1Quality,
  .otherTexts, .entropyCuts,
]

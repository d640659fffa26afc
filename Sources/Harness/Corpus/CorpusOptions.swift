/// What text an experiment runs on, and how it is cut.
public struct CorpusOptions: Sendable, Hashable, Codable {
  public var paths: [String]
  /// Separate held-out files; empty to split by a hash of each document.
  public var validationPaths: [String] = []
  public var validationShare = 0.02
  /// Between documents. A document that was cut goes on without it.
  public var separator = "\n\n"
  public var exampleBytes = 10_240
  /// Seeds the order of the examples.
  public var seed: UInt64 = 0
  public init(paths: [String]) { self.paths = paths }
}

import Records

/// The cells that a run means to make, in the experiment's order: gives reports their order, and says what is missing.
public struct ReportPlan: Sendable {
  public struct Cell: Sendable, Hashable {
    public let tokenizer: String
    public let size: String
    public let seed: UInt64
    public init(tokenizer: String, size: String, seed: UInt64) {
      self.tokenizer = tokenizer
      self.size = size
      self.seed = seed
    }
  }

  public let cells: [Cell]
  /// What the planned cells share: a record of another protocol fulfils no plan.
  public let `protocol`: ComparisonProtocol

  public init(cells: [Cell], protocol: ComparisonProtocol) {
    self.cells = cells
    self.protocol = `protocol`
  }
}

import Records

/// The cells of one protocol that a run means to make, in the experiment's order: gives reports their order, and says
/// what is missing. An experiment with variants has several.
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
  /// Which of the experiment's variants they are; nil for the experiment as it stands.
  public let variant: String?

  public init(cells: [Cell], protocol: ComparisonProtocol, variant: String? = nil) {
    self.cells = cells
    self.protocol = `protocol`
    self.variant = variant
  }
}

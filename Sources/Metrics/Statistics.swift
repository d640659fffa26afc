/// Mean and sample standard deviation (n - 1) of some seeds' results.
public struct Summary: Sendable, Hashable {
  public let count: Int
  public let mean: Double
  /// nil for one value: there is no spread to speak of.
  public let standardDeviation: Double?

  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    standardDeviation =
      values.count > 1
      ? (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot() : nil
  }
}

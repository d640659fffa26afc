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

extension Summary {
  /// The 95% interval of the standard deviation, for normal values: s·√((n − 1) / χ²). nil for one value.
  public var standardDeviationInterval: Interval? {
    guard let standardDeviation else { return nil }
    let freedom = Double(count - 1)
    func scaled(_ p: Double) -> Double {
      standardDeviation * (freedom / chiSquaredQuantile(p, degreesOfFreedom: freedom)).squareRoot()
    }
    return Interval(lower: scaled(0.975), upper: scaled(0.025))
  }
}

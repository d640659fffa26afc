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

/// Welch's unequal-variances t-test.
/// - Source: Welch 1947; degrees of freedom by Welch–Satterthwaite.
public struct WelchTest: Sendable, Hashable {
  public let t: Double
  public let degreesOfFreedom: Double
  /// Two-sided.
  public let pValue: Double

  /// nil with fewer than two values on a side, or no spread on both.
  public init?(_ a: [Double], _ b: [Double]) {
    guard let x = Summary(a), let y = Summary(b), let sx = x.standardDeviation, let sy = y.standardDeviation else {
      return nil
    }
    let va = sx * sx / Double(a.count), vb = sy * sy / Double(b.count)
    guard va + vb > 0 else { return nil }
    let t = (x.mean - y.mean) / (va + vb).squareRoot()
    let freedom = (va + vb) * (va + vb) / (va * va / Double(a.count - 1) + vb * vb / Double(b.count - 1))
    self.t = t
    degreesOfFreedom = freedom
    pValue = studentPValue(t: t, degreesOfFreedom: freedom)
  }
}

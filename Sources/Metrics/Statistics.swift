#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

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
    pValue = regularizedIncompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
  }
}

/// I_x(a, b), by its continued fraction (Lentz's method), relative error about 1e-12.
/// - Source: Abramowitz & Stegun 26.5.8.
func regularizedIncompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
  func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    var c = 1.0
    var d = 1 / max(tiny, 1 - (a + b) * x / (a + 1))
    var h = d
    for m in 1...500 {
      let m = Double(m)
      for term in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 + term * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + term / c
        if abs(c) < tiny { c = tiny }
        h *= c * d
      }
      if abs(c * d - 1) < 1e-14 { break }
    }
    return h
  }
  return x < (a + 1) / (a + b + 2) ? front * fraction(x, a, b) / a : 1 - front * fraction(1 - x, b, a) / b
}

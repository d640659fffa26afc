/// A parabola through three points, by least squares through more, and where its minimum lies: the best setting between
/// those that were tried.
///
/// For losses at one budget against log size (isoFLOP curves; Hoffmann et al. 2022, "Training compute-optimal large
/// language models", approach 2), and wherever else a valley is known at a few places.
public struct QuadraticFit: Sendable, Hashable {
  /// y = constant + slope·(x - centre) + curvature·(x - centre)².
  public let centre, constant, slope, curvature: Double
  /// Of the x that were given.
  public let measured: Interval

  /// The points may come in any order. Nil for fewer than three different x, and for numbers that are not finite.
  /// - Complexity: O(points).
  public init?(_ points: [(x: Double, y: Double)]) {
    guard Set(points.map(\.x)).count >= 3, points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }),
      let low = points.map(\.x).min(), let high = points.map(\.x).max()
    else { return nil }
    let n = Double(points.count)
    func mean(_ value: ((x: Double, y: Double)) -> Double) -> Double { points.reduce(0) { $0 + value($1) } / n }
    // About the mean, 1, t and t² - skew·t - m2 are orthogonal, so that each coefficient is a quotient of its own.
    let centre = mean { $0.x }
    let m2 = mean { ($0.x - centre) * ($0.x - centre) }
    let skew = mean { ($0.x - centre) * ($0.x - centre) * ($0.x - centre) } / m2
    func square(_ x: Double) -> Double { (x - centre) * (x - centre) - skew * (x - centre) - m2 }
    let length = mean { square($0.x) * square($0.x) }
    guard m2 > 0, length > 0 else { return nil }
    // Above the first y, so that equal ones give 0 exactly; of points on a line only rounding is left, which is nothing.
    let base = points[0].y, rise = points.map { abs($0.y - base) }.max() ?? 0
    let measuredCurvature = mean { ($0.y - base) * square($0.x) } / length
    let curvature = abs(measuredCurvature) * m2 > 1e-12 * rise ? measuredCurvature : 0
    self.centre = centre
    self.curvature = curvature
    slope = mean { ($0.y - base) * ($0.x - centre) } / m2 - curvature * skew
    constant = base + mean { $0.y - base } - curvature * m2
    measured = Interval(lower: low, upper: high)
  }

  public func value(at x: Double) -> Double {
    constant + (slope + curvature * (x - centre)) * (x - centre)
  }

  /// Where the parabola is lowest; nil where it does not open upwards.
  public var minimum: (x: Double, y: Double)? {
    guard curvature > 0 else { return nil }
    let x = centre - slope / (2 * curvature), y = value(at: x)
    return x.isFinite && y.isFinite ? (x, y) : nil
  }

  /// Whether the minimum lies between the smallest and the largest x that were given: outside it is a guess.
  public var isMinimumInside: Bool { minimum.map { measured.contains($0.x) } ?? false }
}

/// The lowest point of the parabola through three points; nil where they lie on none that opens upwards, or are not all
/// finite.
///
/// The points may come in any order; two of the same x make no parabola.
public func parabolaVertex(
  _ a: (x: Double, y: Double), _ b: (x: Double, y: Double), _ c: (x: Double, y: Double)
) -> (x: Double, y: Double)? {
  // Newton's form: y = b.y + slope·(x - b.x) + curvature·(x - b.x)·(x - a.x).
  let slope = (b.y - a.y) / (b.x - a.x)
  let curvature = ((c.y - b.y) / (c.x - b.x) - slope) / (c.x - a.x)
  guard curvature > 0, curvature.isFinite, slope.isFinite else { return nil }
  let x = (a.x + b.x) / 2 - slope / (2 * curvature)
  let y = b.y + (x - b.x) * (slope + curvature * (x - a.x))
  return x.isFinite && y.isFinite ? (x, y) : nil
}

/// Where a curve that is known on a grid is lowest.
public struct GridMinimum: Sendable, Hashable {
  /// The grid's lowest point.
  public let index: Int
  /// The minimum: of the parabola through the lowest point and its two neighbours, else the lowest point itself.
  public let x: Double
  public let y: Double

  /// - Parameters:
  ///   - x: ascending, at least one.
  ///   - y: as many; nil, and what is no finite number, was not measured.
  /// - Returns: nil where nothing was measured. At an end of the grid, and beside what was not measured, the lowest
  ///   point itself; of several equally low ones the first.
  public init?(x: [Double], y: [Double?]) {
    precondition(x.count == y.count, "a grid has a y for each x")
    let y = y.map { $0.flatMap { $0.isFinite ? $0 : nil } }
    guard let lowest = y.indices.min(by: { (y[$0] ?? .infinity) < (y[$1] ?? .infinity) }), let value = y[lowest]
    else { return nil }
    index = lowest
    // Between neighbours that are no lower, the vertex lies nearer to this point than to either.
    if lowest > 0, lowest + 1 < x.count, let before = y[lowest - 1], let after = y[lowest + 1],
      let vertex = parabolaVertex((x[lowest - 1], before), (x[lowest], value), (x[lowest + 1], after))
    {
      self.x = min(max(vertex.x, x[lowest - 1]), x[lowest + 1])
      self.y = vertex.y
    } else {
      self.x = x[lowest]
      self.y = value
    }
  }
}

/// Where a positive curve that is known on a grid is lowest, such as bits/byte over log learning rate.
public struct GridMinimum: Sendable, Hashable {
  /// A point that lies so many times as high as the lowest one is of another regime, such as training that blew up:
  /// a parabola through it would say nothing of the valley.
  public static let reach = 1.1

  /// The grid's lowest point.
  public let index: Int
  /// Its height: always a measured one.
  public let y: Double
  /// Where the curve is lowest: the vertex of the parabola through the lowest point and its two neighbours, else the
  /// lowest point's place.
  public let x: Double

  /// - Parameters:
  ///   - x: ascending, at least one.
  ///   - y: as many; nil, and what is no finite number, was not measured.
  /// - Returns: nil where nothing was measured. At an end of the grid, and beside what was not measured or lies out of
  ///   ``reach``, the lowest point itself; of several equally low ones the first.
  public init?(x: [Double], y: [Double?]) {
    precondition(x.count == y.count, "a grid has a y for each x")
    let measured = y.enumerated().compactMap { index, y -> (index: Int, y: Double)? in
      y.flatMap { $0.isFinite ? (index, $0) : nil }
    }
    guard let lowest = measured.min(by: { $0.y < $1.y }) else { return nil }
    index = lowest.index
    self.y = lowest.y
    let valley = measured.filter { abs($0.index - lowest.index) <= 1 && $0.y <= lowest.y * Self.reach }
    let fit = QuadraticFit(valley.map { (x: x[$0.index], y: $0.y) })
    self.x = fit.flatMap { $0.isMinimumInside ? $0.minimum?.x : nil } ?? x[lowest.index]
  }
}

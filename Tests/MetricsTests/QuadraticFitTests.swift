import Testing

@testable import Metrics

@Suite struct QuadraticFitTests {
  /// numpy.polyfit; see ladder_constants.py.
  @Test func agreesWithNumpy() throws {
    let fit = try #require(QuadraticFit([(0, 2.1), (1, 1.7), (2.5, 1.62), (3, 1.66), (4.5, 2.3)]))
    let minimum = try #require(fit.minimum)
    #expect(abs(minimum.x - 2.0663471241170543) < 1e-12 && abs(minimum.y - 1.5719055946240614) < 1e-12)
    #expect(fit.isMinimumInside)
  }

  @Test func goesThroughThreePoints() throws {
    let points: [(x: Double, y: Double)] = [(1, 5), (2, 3), (4, 4)]
    let fit = try #require(QuadraticFit(points))
    for point in points { #expect(abs(fit.value(at: point.x) - point.y) < 1e-12) }
  }

  private func valley(_ x: Double) -> Double { 1.5 + 0.25 * (x - 3.2) * (x - 3.2) }

  /// In any order, near the minimum and far from it, as on a grid's three lowest.
  @Test(arguments: [[1, 3, 4], [4, 1, 3], [3.2, 9, -2], [10, 11, 12]])
  func threePointsGiveTheirParabolasMinimum(x: [Double]) throws {
    let minimum = try #require(QuadraticFit(x.map { ($0, valley($0)) })?.minimum)
    #expect(abs(minimum.x - 3.2) < 1e-9 && abs(minimum.y - 1.5) < 1e-9)
  }

  /// A line, a hill, and what is equal everywhere, rounded or not.
  @Test(arguments: [[1, 2, 3], [0.1, 0.2, 0.3], [1, 3, 1], [2, 2, 2], [0.1, 0.1, 0.1]])
  func thereIsNoMinimumWithoutAValley(y: [Double]) throws {
    let fit = try #require(QuadraticFit([(0, y[0]), (1, y[1]), (2, y[2])]))
    #expect(fit.minimum == nil && abs(fit.value(at: 1) - y[1]) < 1e-12)
  }

  /// Losses that fall to the end: the minimum lies beyond what was tried; and those that bend down have none.
  @Test func minimaOutsideAreCalledSo() throws {
    let falling = try #require(QuadraticFit([(0, 4), (1, 2), (2, 1)]))
    #expect(abs((falling.minimum?.x ?? 0) - 2.5) < 1e-12 && !falling.isMinimumInside)
    let bent = try #require(QuadraticFit([(0, 1), (1, 2), (2, 1)]))
    #expect(bent.minimum == nil && !bent.isMinimumInside)
  }

  @Test func threeDifferentPlacesAreNeeded() {
    #expect(QuadraticFit([(0, 1), (1, 2)]) == nil)
    #expect(QuadraticFit([(0, 1), (1, 2), (1, 3), (0, 2)]) == nil)
    #expect(QuadraticFit([(0, 1), (1, .nan), (2, 3)]) == nil)
  }
}

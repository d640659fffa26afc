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

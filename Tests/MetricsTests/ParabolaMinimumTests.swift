import Testing

@testable import Metrics

@Suite struct ParabolaMinimumTests {
  private func y(_ x: Double) -> Double { 1.5 + 0.25 * (x - 3.2) * (x - 3.2) }

  @Test(arguments: [(1, 3, 4), (4, 1, 3), (3.2, 9, -2), (10, 11, 12)])
  func exactOnAParabola(a: Double, b: Double, c: Double) throws {
    let vertex = try #require(parabolaVertex((a, y(a)), (b, y(b)), (c, y(c))))
    #expect(abs(vertex.x - 3.2) < 1e-9 && abs(vertex.y - 1.5) < 1e-9)
  }

  /// A line, a hill, one x twice, and what is no number.
  @Test(arguments: [[1, 2, 3], [1, 3, 1], [2, 2, 2], [.nan, 1, 2], [1, .infinity, 2]] as [[Double]])
  func noneWithoutAValley(y: [Double]) {
    #expect(parabolaVertex((0, y[0]), (1, y[1]), (2, y[2])) == nil)
    #expect(parabolaVertex((1, 3), (1, 1), (2, 3)) == nil)
  }

  @Test func theGridsMinimumLiesBetweenItsPoints() throws {
    let x = [0.0, 1, 2, 3, 4, 5]
    let found = try #require(GridMinimum(x: x, y: x.map(y)))
    #expect(found.index == 3 && abs(found.x - 3.2) < 1e-9 && abs(found.y - 1.5) < 1e-9)
  }

  /// At an end, beside a point that was not measured, on a flat curve: the point itself.
  @Test(
    arguments: [
      ([1, 2, 3], 0), ([3, 2, 1], 2), ([nil, 1, 2], 1), ([2, 1, .nan], 1), ([1, 1, 1], 0), ([nil, 4, nil], 1),
      ([7], 0), ([3, 1, 1], 1),
    ] as [([Double?], Int)])
  func elseTheLowestPoint(y: [Double?], index: Int) throws {
    let x = y.indices.map(Double.init)
    let found = try #require(GridMinimum(x: x, y: y))
    #expect(found.index == index)
    if y != [3, 1, 1] { #expect(found.x == x[index] && found.y == y[index]) }
  }

  @Test func nothingMeasuredHasNoMinimum() {
    #expect(GridMinimum(x: [1, 2], y: [nil, .nan]) == nil && GridMinimum(x: [], y: []) == nil)
  }
}

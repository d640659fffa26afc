import Testing

@testable import Metrics

@Suite struct GridMinimumTests {
  private func y(_ x: Double) -> Double { 1.5 + 0.02 * (x - 3.2) * (x - 3.2) }

  @Test func itLiesBetweenTheGridsPoints() throws {
    let x = [0.0, 1, 2, 3, 4, 5]
    let found = try #require(GridMinimum(x: x, y: x.map(y)))
    #expect(found.index == 3 && abs(found.x - 3.2) < 1e-9 && found.y == y(3))
  }

  /// Bits/byte of Bytes at rates of 1e-2, 2e-2 and 4e-2, where the last blew up: the vertex would be at 1.697, lower than
  /// another tokenizer's 1.850, which is the better one.
  @Test func aBlownUpNeighbourBendsNoParabola() throws {
    let blown = try #require(GridMinimum(x: [0, 1, 2], y: [1.933, 1.920, 3.742]))
    #expect(blown.index == 1 && blown.x == 1 && blown.y == 1.920)
    let better = try #require(GridMinimum(x: [0, 1, 2], y: [1.875, 1.850, 1.852]))
    #expect(better.y < blown.y && better.x > 1 && better.x < 2)
    // A tenth above is the same valley still.
    #expect(try #require(GridMinimum(x: [0, 1, 2], y: [1.01, 1, 1.1])).x < 1)
    #expect(try #require(GridMinimum(x: [0, 1, 2], y: [1.01, 1, 1.11])).x == 1)
  }

  /// At an end, beside a point that was not measured, on a flat curve: the point itself.
  @Test(
    arguments: [
      ([1, 1.02, 1.05], 0), ([1.05, 1.02, 1], 2), ([nil, 1, 1.02], 1), ([1.02, 1, .nan], 1), ([1, 1, 1], 0),
      ([nil, 4, nil], 1), ([7], 0),
    ] as [([Double?], Int)])
  func elseTheLowestPoint(y: [Double?], index: Int) throws {
    let x = y.indices.map(Double.init)
    let found = try #require(GridMinimum(x: x, y: y))
    #expect(found.index == index && found.x == x[index] && found.y == y[index])
  }

  @Test func nothingMeasuredHasNoMinimum() {
    #expect(GridMinimum(x: [1, 2], y: [nil, .nan]) == nil && GridMinimum(x: [], y: []) == nil)
  }
}

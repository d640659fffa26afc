import Testing

@testable import Metrics

/// Expected values from scipy.stats.ttest_ind(equal_var=False) 1.17.1.
@Test func welchEqualsScipy() throws {
  let first = try #require(WelchTest([1.29, 1.31, 1.28], [1.25, 1.24, 1.27]))
  #expect(abs(first.t - 3.2071349029490746) < 1e-9 && abs(first.pValue - 0.03267792333680356) < 1e-9)
  let second = try #require(WelchTest([2.1, 2.5, 2.2, 2.9, 2.4], [2.3, 2.2]))
  #expect(abs(second.t - 1.1487535432791265) < 1e-9 && abs(second.pValue - 0.30487582785565287) < 1e-9)
  #expect(WelchTest([1], [1, 2]) == nil)
  #expect(WelchTest([1, 1], [1, 1]) == nil)
}

@Test func summariesHaveNoSpreadForOneValue() {
  #expect(Summary([])?.mean == nil)
  #expect(Summary([2])?.standardDeviation == nil)
  #expect(Summary([1, 3])?.standardDeviation == 2.0.squareRoot())
}

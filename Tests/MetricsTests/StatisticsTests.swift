import Testing

@testable import Metrics

@Test func summariesHaveNoSpreadForOneValue() {
  #expect(Summary([])?.mean == nil)
  #expect(Summary([2])?.standardDeviation == nil)
  #expect(Summary([1, 3])?.standardDeviation == 2.0.squareRoot())
}

/// scipy.stats.binomtest(a, a + b).pvalue.
@Test(arguments: [
  (15, 6, 0.0783538818359375), (4, 17, 0.007197380065917969), (7, 0, 0.015625), (3, 3, 1), (0, 0, 1),
  (300, 250, 0.036578745549102676),
])
func theSignTestIsTheBinomials(first: Int, second: Int, p: Double) {
  #expect(abs(signTestPValue(first, second) - p) < 1e-12)
}

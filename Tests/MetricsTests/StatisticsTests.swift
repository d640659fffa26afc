import Testing

@testable import Metrics

@Test func summariesHaveNoSpreadForOneValue() {
  #expect(Summary([])?.mean == nil)
  #expect(Summary([2])?.standardDeviation == nil)
  #expect(Summary([1, 3])?.standardDeviation == 2.0.squareRoot())
}

import Testing

@testable import Metrics

private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-12) -> Bool { abs(a - b) <= tolerance * abs(b) }

@Suite struct BitUniformityTests {
  /// 1 0 1 1 | 0 1: pairs 10 01 11 and 01 at every bit, 10 11 and 01 as tokens; none across the end of a string.
  @Test func patternsAreCountedByHand() {
    let strings: [[UInt8]] = [[1, 0, 1, 1], [0, 1]]
    #expect(bitPatternCounts(strings, width: 2, .grams) == [0, 2, 1, 1])
    #expect(bitPatternCounts(strings, width: 2, .tokens) == [0, 1, 1, 1])
    #expect(bitPatternCounts(strings, width: 1, .grams) == [2, 4])
    // What fills no token is left out.
    #expect(bitPatternCounts(strings, width: 3, .tokens) == [0, 0, 0, 0, 0, 1, 0, 0])
    #expect(bitPatternCounts(strings, width: 3, .grams) == [0, 0, 0, 1, 0, 1, 0, 0])
  }

  /// Golden values: scipy.stats.entropy([3/8, 1/8, 4/8], base=2), and 2 / (2·8·ln 2) more.
  @Test func millerAndMadowAddTheBias() {
    #expect(near(entropyBits([3, 1, 0, 4]), 1.4056390622295665))
    #expect(near(millerMadowEntropyBits([3, 1, 0, 4]), 1.585975942340687))
    #expect(millerMadowEntropyBits([0, 0]) == 0 && millerMadowEntropyBits([5, 0]) == 0)
  }
}

@Suite struct SpreadTests {
  /// Golden values: scipy.stats.chi2.
  @Test func chiSquaredAsScipy() {
    #expect(near(chiSquaredQuantile(0.025, degreesOfFreedom: 4), 0.48441856, 1e-7))
    #expect(near(chiSquaredQuantile(0.975, degreesOfFreedom: 4), 11.14328678, 1e-9))
    #expect(near(chiSquaredQuantile(0.025, degreesOfFreedom: 1), 9.82069117e-4, 1e-8))
    #expect(near(chiSquaredQuantile(0.5, degreesOfFreedom: 7), 6.345811195521515))
    #expect(near(chiSquaredProbability(below: 30, degreesOfFreedom: 10), 0.9991433587892247))
  }

  @Test func aDeviationHasAnInterval() throws {
    let interval = try #require(Summary([1.2, 1.25, 1.19, 1.31, 1.22])?.standardDeviationInterval)
    #expect(near(interval.lower, 0.02892020068900529, 1e-9) && near(interval.upper, 0.13870674179142292, 1e-9))
    #expect(Summary([2])?.standardDeviationInterval == nil)
  }

  @Test func theMiddleOfSomeValues() {
    let interval = Interval([5, 1, 3, 2, 4], level: 0.5)
    #expect(interval == Interval(lower: 2, upper: 4))
  }
}

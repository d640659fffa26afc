import Testing

@testable import Metrics

@Suite struct DifferenceTestTests {
  /// scipy.stats.ttest_rel; see scipy_constants.py.
  @Test func oneSeedIsThePairedTTest() throws {
    let a = try examples(seed: 1, count: 30, shift: 0), b = try examples(seed: 1, count: 30, shift: 0.02)
    let test = try #require(DifferenceTest([a], [b]))
    #expect(abs(test.t + 2.6783452865125428) < 1e-9)
    #expect(test.degreesOfFreedom == 29)
    #expect(abs(test.pValue - 0.012057388918711873) < 1e-9)
    #expect(test.variation == .examples)
  }

  /// numpy, by Satterthwaite's formula; see scipy_constants.py.
  @Test func seedsAddTheirVariance() throws {
    let a = try [0.0, 0.03, 0.06].map { try examples(seed: 1, count: 30, shift: $0) }
    let b = try [0.04, 0.10, 0.14].map { try examples(seed: 1, count: 30, shift: $0) }
    let test = try #require(DifferenceTest(a, b))
    #expect(abs(test.t + 1.5344357485489526) < 1e-9)
    #expect(abs(test.degreesOfFreedom - 7.038750298201431) < 1e-9)
    #expect(abs(test.pValue - 0.16856109593297494) < 1e-9)
    #expect(test.variation == .seedsAndExamples)
    // The interval and the p-value are of one distribution: at the level of 1 - p its end is at no difference.
    #expect(abs(test.interval(level: 1 - test.pValue).upper) < 1e-9 && test.interval().contains(0))
    let meanA = a.map(\.bitsPerByte).reduce(0, +) / 3, meanB = b.map(\.bitsPerByte).reduce(0, +) / 3
    #expect(abs(test.difference - (meanA - meanB)) < 1e-12)
  }

  /// Where every example moves alike with the seed, the test is Welch's between the seeds: scipy.stats.ttest_ind without
  /// equal variances; see scipy_constants.py.
  @Test func withoutVariationBetweenExamplesItIsWelch() throws {
    func side(_ values: [Double]) throws -> [ExampleScores] {
      try values.map { try #require(ExampleScores(nats: [$0, $0, $0], bytes: [8, 8, 8])) }
    }
    let a = [1.29, 1.31, 1.28], b = [1.25, 1.24, 1.27]
    let test = try #require(DifferenceTest(try side(a), try side(b)))
    #expect(abs(test.t - 3.2071349029490746) < 1e-9)
    #expect(abs(test.degreesOfFreedom - 4) < 1e-9)
    #expect(abs(test.pValue - 0.03267792333680356) < 1e-9)
  }

  /// By hand: 0.1 nats between examples of 8 bytes that all differ alike, over √(0.03² + 0.04²).
  @Test func whatSeedsChangeMayBeKnownFromElsewhere() throws {
    let a = try #require(ExampleScores(nats: [1.3, 1.3, 1.3], bytes: [8, 8, 8]))
    let b = try #require(ExampleScores(nats: [1.2, 1.2, 1.2], bytes: [8, 8, 8]))
    func deviation(_ nats: Double) -> SeedDeviation { SeedDeviation(bitsPerByte: nats / natsPerBit / 8, seeds: 5) }
    let test = try #require(DifferenceTest([a], [b], elsewhere: [deviation(0.03), deviation(0.04)]))
    #expect(abs(test.t - 2) < 1e-9 && test.variation == .seedsAndExamples)
    #expect(abs(test.degreesOfFreedom - 25.0 * 25 * 4 / (9 * 9 + 16 * 16)) < 1e-6)
    #expect(test.pValue > 0.05 && test.pValue < 0.1)
  }

  /// Without a difference, one test in twenty finds one, within binomial error.
  @Test func falseAlarmsAreAsRareAsPromised() throws {
    let trials = 2_000
    var alarms = 0
    for trial in 0..<trials {
      let a = try examples(seed: UInt64(trial), count: 40, shift: 0)
      let b = try examples(seed: UInt64(trial + 100_000), count: 40, shift: 0)
      if try #require(DifferenceTest([a], [b])).pValue < 0.05 { alarms += 1 }
    }
    #expect(abs(Double(alarms) / Double(trials) - 0.05) < 3 * (0.05 * 0.95 / Double(trials)).squareRoot())
  }

  @Test func equalSidesAreEqualAndOtherExamplesAreRefused() throws {
    let a = try examples(seed: 1, count: 30, shift: 0), other = try examples(seed: 1, count: 31, shift: 0)
    #expect(DifferenceTest([a], [a])?.pValue == 1)
    #expect(DifferenceTest([a], [other]) == nil)
    #expect(DifferenceTest([], [a]) == nil)
    let one = try #require(ExampleScores(nats: [1], bytes: [1]))
    #expect(DifferenceTest([one], [one]) == nil)
  }
}

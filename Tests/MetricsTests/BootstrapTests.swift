import Foundation
import Testing

@testable import Metrics

@Suite struct BootstrapTests {
  /// scipy.stats.bootstrap(method: BCa) on the same draws; see scipy_constants.py.
  @Test func intervalsEqualScipys() throws {
    var generator = SplitMix(7)
    let resamples = try #require(ExampleResamples(examples: 30, using: &generator))
    let a = resamples.bitsPerByte(try examples(seed: 1, count: 30, shift: 0))
    let b = resamples.bitsPerByte(try examples(seed: 1, count: 30, shift: 0.02))
    #expect(abs(a.value - 1.7050370286944803) < 1e-12)
    let own = a.interval(), difference = (a - b).interval()
    #expect(abs(own.lower - 1.607435577509595) < 1e-9 && abs(own.upper - 1.8328594821433293) < 1e-9)
    #expect(abs(difference.lower + 0.0071879109122630356) < 1e-9)
    #expect(abs(difference.upper + 0.0009402504672663744) < 1e-9)
    // Without a jackknife it is the percentile interval.
    let percentile = BootstrapEstimate(value: a.value, replicates: a.replicates, jackknife: []).interval()
    #expect(abs(percentile.lower - 1.5987706306530605) < 1e-9)
    #expect(abs(percentile.upper - 1.8190582940085054) < 1e-9)
  }

  @Test func aPairIsFarNarrowerThanItsSides() throws {
    var generator = SplitMix(3)
    let resamples = try #require(ExampleResamples(examples: 60, using: &generator))
    let a = resamples.bitsPerByte(try examples(seed: 2, count: 60, shift: 0))
    let b = resamples.bitsPerByte(try examples(seed: 2, count: 60, shift: 0.01))
    let side = a.interval(), pair = (a - b).interval()
    #expect((pair.upper - pair.lower) * 20 < side.upper - side.lower)
  }

  /// Of 95% (80%) intervals on synthetic skewed texts with a known ratio, that share holds it, within binomial error.
  @Test(arguments: [0.95, 0.8]) func intervalsCover(level: Double) throws {
    let trials = 600, truth = (1 + 0.8 / 4) / log(2)  // E u³ = 1/4
    var generator = SplitMix(11)
    var covered = 0
    for trial in 0..<trials {
      let resamples = try #require(ExampleResamples(examples: 60, count: 400, using: &generator))
      let scores = try examples(seed: UInt64(1_000 + trial), count: 60, shift: 0)
      if resamples.bitsPerByte(scores).interval(level: level).contains(truth) { covered += 1 }
    }
    let share = Double(covered) / Double(trials)
    let error = (level * (1 - level) / Double(trials)).squareRoot()
    #expect(abs(share - level) < 3 * error, "\(share)")
  }

  /// Of five skewed examples Student's t holds the ratio in some 87% of cases, resamples in 10 points fewer.
  @Test func fewExamplesHaveStudentsInterval() throws {
    let truth = (1 + 0.8 / 4) / log(2), trials = 600
    var generator = SplitMix(11), covered = 0, resampled = 0
    for trial in 0..<trials {
      let resamples = try #require(ExampleResamples(examples: 5, count: 400, using: &generator))
      let estimate = resamples.bitsPerByte(try examples(seed: UInt64(1_000 + trial), count: 5, shift: 0))
      if estimate.interval().contains(truth) { covered += 1 }
      let percentiles = BootstrapEstimate(value: estimate.value, replicates: estimate.replicates, jackknife: [])
      if percentiles.interval().contains(truth) { resampled += 1 }
    }
    #expect(Double(covered) / Double(trials) > 0.84 && covered > resampled + trials / 20, "\(covered) \(resampled)")
    // Of examples as long as each other it is that of the mean: scipy.stats.t.interval(0.95, 3, 2.5, sem([1, 2, 3, 4])).
    let resamples = try #require(ExampleResamples(examples: 4, count: 10, using: &generator))
    let four = try #require(ExampleScores(nats: [1, 2, 3, 4].map { 8 * log(2) * $0 }, bytes: [8, 8, 8, 8]))
    let interval = resamples.bitsPerByte(four).interval()
    #expect(abs(interval.lower - 0.4457397432391205) < 1e-9 && abs(interval.upper - 4.55426025676088) < 1e-9)
  }

  /// Where examples do not vary the interval is Student's about the seeds' mean; where seeds do not, that over examples.
  @Test func fewSeedsAreAsUnsureAsStudentSays() throws {
    var generator = SplitMix(5)
    let two = try #require(ExampleResamples(examples: 2, count: 20_000, using: &generator))
    let seeds = try [0.9, 1, 1.15].map { factor in
      try #require(ExampleScores(nats: [8 * factor, 8 * factor], bytes: [8, 8]))
    }
    let estimate = two.bitsPerByte(seeds: seeds, using: &generator), interval = estimate.interval()
    let deviation = try #require(Summary(seeds.map(\.bitsPerByte))?.standardDeviation)
    let reach = 4.302652729911275 * deviation / 3.0.squareRoot()  // scipy.stats.t.ppf(0.975, 2)
    #expect(abs((estimate.value - interval.lower) / reach - 1) < 0.1)
    #expect(abs((interval.upper - estimate.value) / reach - 1) < 0.1)

    let resamples = try #require(ExampleResamples(examples: 40, using: &generator))
    let one = try examples(seed: 4, count: 40, shift: 0)
    let same = resamples.bitsPerByte(seeds: [one, one, one], using: &generator)
    #expect(zip(same.replicates, resamples.bitsPerByte(one).replicates).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  /// All examples alike: an interval without width, not a trap.
  @Test func withoutVariationTheIntervalIsAPoint() throws {
    var generator = SplitMix(1)
    let scores = try #require(ExampleScores(nats: [8, 8], bytes: [4, 4]))
    let interval = try #require(ExampleResamples(examples: 2, using: &generator)).bitsPerByte(scores).interval()
    #expect(interval.lower == interval.upper && abs(interval.lower - 2 / log(2)) < 1e-12)
  }

  @Test func whatCannotBeEstimatedHasNoInterval() throws {
    var generator = SplitMix(1)
    #expect(ExampleResamples(examples: 1, using: &generator) == nil)
    #expect(ExampleScores(nats: [1], bytes: []) == nil)
    #expect(ExampleScores(nats: [], bytes: []) == nil)
    #expect(ExampleScores(nats: [1], bytes: [0]) == nil)
    #expect(ExampleScores(nats: [.nan], bytes: [3]) == nil)
  }

  @Test func quantilesAreNumpys() {
    #expect(quantile([1, 2, 4], 0.25) == 1.5)
    #expect(quantile([1, 2, 4], 1) == 4)
    // scipy.stats.norm.ppf
    #expect(abs(normalQuantile(0.025) + 1.9599639845400545) < 1e-12)
    #expect(abs(normalQuantile(1e-10) + 6.361340902404056) < 1e-9)
    #expect(normalQuantile(0) == -.infinity)
  }
}

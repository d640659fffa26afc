/// Whether two models differ in bits/byte on the examples that both were scored on.
///
/// Bits/byte is Σ nats / ln 2 / Σ bytes, and both sides share the bytes, so the difference is zero exactly where the mean
/// difference of the examples' nats is: **a paired t-test on those differences**, in nats of whole examples, so that an
/// example counts by its length as it does in the ratio. Why this test: a test of per-byte differences (or Wilcoxon's on
/// their ranks) would weigh a short last example like a whole one and ask after the median, not after the number in the
/// table; a bootstrap sign test cannot tell p-values below 1/resamples apart and draws at random. The t-test is exact for
/// normal differences and near it for tens of examples.
///
/// With several seeds on both sides, training again counts too: the variances of the seeds' means are added to that of
/// the examples' mean, with degrees of freedom by Satterthwaite. With one seed it is the plain paired t-test; with no
/// variation between examples it is Welch's test between seeds.
/// - Source: Student 1908; Satterthwaite 1946; agrees with scipy.stats.ttest_rel for one seed.
public struct DifferenceTest: Sendable, Hashable {
  /// What the p-value allows to vary.
  public enum Variation: String, Codable, Sendable {
    /// Other text, the same trained models.
    case examples
    /// Other text and other seeds.
    case seedsAndExamples
  }

  public let variation: Variation
  public let t: Double
  public let degreesOfFreedom: Double
  /// Two-sided; 1 where both sides are equal in every example.
  public let pValue: Double
  /// a - b in bits/byte, and its standard error.
  public let difference, standardError: Double

  /// - Parameters:
  ///   - a: the seeds of one side, all over the same examples.
  ///   - b: of the other.
  ///   - elsewhere: for sides of one seed, what another would change, where that is known from elsewhere: then it counts
  ///     as several seeds do.
  /// - Returns: nil for fewer than two examples, other examples on one side, or differences without any variation.
  public init?(_ a: [ExampleScores], _ b: [ExampleScores], elsewhere: [SeedDeviation] = []) {
    guard let meanA = ExampleScores.mean(a), let meanB = ExampleScores.mean(b), meanA.bytes == meanB.bytes,
      let differences = Summary(zip(meanA.nats, meanB.nats).map(-)), let spread = differences.standardDeviation
    else { return nil }
    var parts = [(variance: spread * spread / Double(differences.count), freedom: Double(differences.count - 1))]
    let seeds = a.count > 1 && b.count > 1
    if seeds {
      for side in [a, b] {
        let means = side.map { $0.nats.reduce(0, +) / Double(differences.count) }
        guard let spread = Summary(means)?.standardDeviation else { return nil }
        parts.append((spread * spread / Double(side.count), Double(side.count - 1)))
      }
    }
    let natsPerBits = natsPerBit * Double(meanA.bytes.reduce(0, +)) / Double(differences.count)
    for side in elsewhere where side.seeds > 1 {
      let spread = side.bitsPerByte * natsPerBits
      parts.append((spread * spread, Double(side.seeds - 1)))
    }
    variation = seeds || !elsewhere.isEmpty ? .seedsAndExamples : .examples
    let variance = parts.reduce(0) { $0 + $1.variance }
    difference = differences.mean / natsPerBits
    standardError = variance.squareRoot() / natsPerBits
    guard variance > 0 else {
      guard differences.mean == 0 else { return nil }
      (t, degreesOfFreedom, pValue) = (0, parts[0].freedom, 1)
      return
    }
    t = differences.mean / variance.squareRoot()
    degreesOfFreedom = variance * variance / parts.reduce(0) { $0 + $1.variance * $1.variance / $1.freedom }
    pValue = studentPValue(t: t, degreesOfFreedom: degreesOfFreedom)
  }

  /// The interval of the difference in bits/byte: it holds 0 exactly where the p-value is above 1 - `level`.
  public func interval(level: Double = 0.95) -> Interval {
    let reach = standardError * studentQuantile(twoSided: 1 - level, degreesOfFreedom: degreesOfFreedom)
    return Interval(lower: difference - reach, upper: difference + reach)
  }
}

/// A standard deviation over seeds.
public struct SeedDeviation: Sendable, Hashable {
  public let bitsPerByte: Double
  /// Of how many seeds.
  public let seeds: Int
  public init(bitsPerByte: Double, seeds: Int) {
    self.bitsPerByte = bitsPerByte
    self.seeds = seeds
  }
}

/// A range of values, both ends included.
public struct Interval: Codable, Sendable, Hashable {
  public let lower: Double
  public let upper: Double
  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }
  public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

  /// The middle share `level` of some values.
  /// - Precondition: at least one value.
  public init(_ values: [Double], level: Double) {
    let sorted = values.sorted(), tail = (1 - level) / 2
    self.init(lower: quantile(sorted, tail), upper: quantile(sorted, 1 - tail))
  }
}

/// Draws of examples with replacement, made once and used for every model over the same examples.
///
/// That is what makes comparisons paired: replicate r of every model is its bits/byte on the same resampled text, so the
/// replicates of a difference are the differences of the replicates.
/// - Source: Efron & Tibshirani 1993, chapters 8 and 14.
public struct ExampleResamples: Sendable {
  public let examples: Int
  public let count: Int
  /// `[examples, count]` row-major: how often a resample holds an example.
  private let draws: [Double]

  /// Nil for fewer than two examples: of one there is nothing to draw.
  /// - Parameters:
  ///   - count: resamples, at least 1; 2,000 put the ends of a 95% interval within about 3% of
  ///     its width of where they would lie with infinitely many.
  /// - Complexity: O(examples · count).
  public init?(examples: Int, count: Int = 2_000, using generator: inout some RandomNumberGenerator) {
    precondition(count > 0, "a bootstrap needs resamples")
    guard examples > 1 else { return nil }
    var draws = [Double](repeating: 0, count: examples * count)
    for resample in 0..<count {
      for _ in 0..<examples { draws[generator.below(examples) * count + resample] += 1 }
    }
    self.examples = examples
    self.count = count
    self.draws = draws
  }

  /// Bits/byte of one model: replicates over examples, the model taken as it is.
  /// - Precondition: the scores are over `examples` examples.
  /// - Complexity: O(examples · count).
  public func bitsPerByte(_ scores: ExampleScores) -> BootstrapEstimate {
    let nats = scores.nats.reduce(0, +), bytes = scores.bytes.reduce(0, +)
    return BootstrapEstimate(
      value: scores.bitsPerByte, replicates: ratios(scores),
      jackknife: zip(scores.nats, scores.bytes).compactMap { Metrics.bitsPerByte(nats: nats - $0, bytes: bytes - $1) })
  }

  /// Mean bits/byte of several seeds, replicated on two levels: seeds, then examples.
  ///
  /// Of two or three seeds none can be drawn with replacement: the replicates never leave the range of the seeds, which
  /// holds the mean of all seeds in 50% of cases for two and in 75% for three. So seeds vary as Student's t says,
  /// s/√k·t with k - 1 degrees of freedom, about the mean over the resampled examples.
  /// - Precondition: at least two seeds, all over the same `examples` examples.
  public func bitsPerByte(seeds: [ExampleScores], using generator: inout some RandomNumberGenerator)
    -> BootstrapEstimate
  {
    precondition(seeds.count > 1, "two levels need two seeds")
    let ratios = seeds.map(ratios), k = Double(seeds.count), freedom = seeds.count - 1
    let deviation = Summary(seeds.map(\.bitsPerByte))?.standardDeviation ?? 0
    let replicates = (0..<count).map { resample -> Double in
      let mean = ratios.reduce(0.0) { $0 + $1[resample] } / k
      var chiSquared = 0.0
      for _ in 0..<freedom {
        let z = generator.normal()
        chiSquared += z * z
      }
      let t = generator.normal() * (Double(freedom) / chiSquared).squareRoot()
      return mean + deviation / k.squareRoot() * t
    }
    return BootstrapEstimate(
      value: seeds.reduce(0) { $0 + $1.bitsPerByte } / k, replicates: replicates, jackknife: [])
  }

  private func ratios(_ scores: ExampleScores) -> [Double] {
    precondition(scores.nats.count == examples, "scores over other examples than were resampled")
    return zip(sums(scores.nats), sums(scores.bytes.map(Double.init))).map { $1 > 0 ? $0 / natsPerBit / $1 : 0 }
  }

  /// Each resample's sum of the examples' values.
  private func sums(_ values: [Double]) -> [Double] {
    var sums = [Double](repeating: 0, count: count)
    draws.withUnsafeBufferPointer { draws in
      for (example, value) in values.enumerated() {
        for resample in 0..<count { sums[resample] += draws[example * count + resample] * value }
      }
    }
    return sums
  }
}

/// A value with its bootstrap replicates.
public struct BootstrapEstimate: Sendable, Hashable {
  public let value: Double
  public let replicates: [Double]
  /// The value without each example in turn; empty for an estimate on two levels, which has no such thing.
  public let jackknife: [Double]
  /// So many examples have a bootstrap's interval.
  public static let fewExamples = 20

  /// The paired difference of two estimates from one ``ExampleResamples``.
  public static func - (a: BootstrapEstimate, b: BootstrapEstimate) -> BootstrapEstimate { combined(a, b, -) }

  /// What two estimates from one ``ExampleResamples`` give together: the draws stay paired.
  public static func combined(
    _ a: BootstrapEstimate, _ b: BootstrapEstimate, _ body: (Double, Double) -> Double
  ) -> BootstrapEstimate {
    precondition(a.replicates.count == b.replicates.count, "what is combined is of the same resamples")
    let sameLevels = a.jackknife.count == b.jackknife.count
    return BootstrapEstimate(
      value: body(a.value, b.value), replicates: zip(a.replicates, b.replicates).map(body),
      jackknife: sameLevels ? zip(a.jackknife, b.jackknife).map(body) : [])
  }

  /// The interval that holds the true value with this probability.
  ///
  /// Over examples it is BCa (bias-corrected and accelerated): examples are few (about 70 in a quick run) and their nats
  /// skewed, and BCa's error falls with 1/n where the percentile interval's falls with 1/√n. On two levels, and where
  /// the replicates lie all on one side of the value, it is the percentile interval. Resamples of a handful of examples
  /// vary too little: of fewer than ``fewExamples`` it is Student's t about the value, with the jackknife's standard error.
  /// - Source: Efron 1987, "Better bootstrap confidence intervals"; agrees with scipy.stats.bootstrap on one set of draws.
  ///   Tukey 1958 for Student's t with a jackknife.
  public func interval(level: Double = 0.95) -> Interval {
    if (2..<Self.fewExamples).contains(jackknife.count) {
      let n = Double(jackknife.count), mean = jackknife.reduce(0, +) / n
      let squares = jackknife.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let reach =
        ((n - 1) / n * squares).squareRoot() * studentQuantile(twoSided: 1 - level, degreesOfFreedom: n - 1)
      return Interval(lower: value - reach, upper: value + reach)
    }
    let sorted = replicates.sorted()
    let tail = (1 - level) / 2
    let (low, high) = correctedTails(sorted, tail) ?? (tail, 1 - tail)
    return Interval(lower: quantile(sorted, low), upper: quantile(sorted, high))
  }

  /// BCa's probabilities in place of `tail` and 1 - `tail`.
  private func correctedTails(_ sorted: [Double], _ tail: Double) -> (Double, Double)? {
    let below = Double(sorted.count { $0 < value }) + Double(sorted.count { $0 == value }) / 2
    let bias = normalQuantile(below / Double(sorted.count))
    guard !jackknife.isEmpty, bias.isFinite else { return nil }
    let mean = jackknife.reduce(0, +) / Double(jackknife.count)
    let squares = jackknife.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    guard squares > 0 else { return nil }
    let cubes = jackknife.reduce(0) { $0 + (mean - $1) * (mean - $1) * (mean - $1) }
    let acceleration = cubes / (6 * squares * squares.squareRoot())
    func corrected(_ tail: Double) -> Double {
      let z = bias + normalQuantile(tail)
      return normalProbability(below: bias + z / (1 - acceleration * z))
    }
    return (corrected(tail), corrected(1 - tail))
  }
}

/// The p-quantile of sorted values, interpolated linearly (numpy's default, Hyndman & Fan's type 7).
/// - Precondition: at least one value.
func quantile(_ sorted: [Double], _ p: Double) -> Double {
  let place = min(max(p, 0), 1) * Double(sorted.count - 1), index = Int(place)
  return index + 1 < sorted.count
    ? sorted[index] + (place - Double(index)) * (sorted[index + 1] - sorted[index]) : sorted[index]
}

extension RandomNumberGenerator {
  /// Uniform in 0 ..< bound by multiplication: the same draws from the same generator in every version of Swift.
  mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}

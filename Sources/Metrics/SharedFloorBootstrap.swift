#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How sure a ``SharedFloorFit`` is: the same fit of points drawn anew about its curves.
///
/// A ladder has four or five points a curve, too few to draw points from them with replacement: a resample would miss
/// whole budgets, and a fit this close to least absolute deviations goes through many points exactly, so that residuals
/// drawn anew would be mostly none. So the bootstrap is parametric. Log losses are drawn from normal distributions about
/// the curves with the variance s² = Σ r²/ν of the log residuals, ν = points - parameters, and s² itself is drawn anew for
/// every resample from its own distribution (ν·s²/χ²_ν), as Student's t does it; where repetitions say that a point
/// varies more than that, by what they say.
///
/// What varies is training again and the curves' lack of fit; the scored text stays the same.
/// - Source: Efron & Tibshirani 1993, chapter 6 and section 9.4.
public struct SharedFloorBootstrap: Sendable {
  public let fit: SharedFloorFit
  /// Fits of the resamples.
  public let replicates: [SharedFloorFit]
  /// s, the standard deviation of log loss about the curves, and ν.
  public let deviation: Double
  public let degreesOfFreedom: Int
  /// Each resample's own s.
  private let deviations: [Double]

  /// With one or two degrees of freedom s² says next to nothing of the variance: some resamples are drawn so far off that
  /// they have no finite fit, and bands without them are too narrow.
  public static let leastDegreesOfFreedom = 3

  /// - Parameter count: resamples, at least 1.
  /// - Returns: nil where the points cannot tell the parameters (``SharedFloorFit/isIdentified(_:)``), or not how sure
  ///   they are (``leastDegreesOfFreedom``).
  /// - Complexity: O(count) fits.
  public init?(_ ladders: [[ComputePoint]], count: Int = 400, using generator: inout some RandomNumberGenerator) {
    precondition(count > 0, "a bootstrap needs resamples")
    let freedom = SharedFloorFit.degreesOfFreedom(ladders)
    guard freedom >= Self.leastDegreesOfFreedom, let fit = SharedFloorFit(ladders) else { return nil }
    let expected = ladders.enumerated().map { index, points in
      points.map { fit.predict(index, compute: $0.compute) }
    }
    let squares = zip(ladders.joined(), expected.joined()).reduce(0) { sum, pair in
      sum + log(pair.0.loss / pair.1) * log(pair.0.loss / pair.1)
    }
    let deviation = (squares / Double(freedom)).squareRoot()
    var replicates: [SharedFloorFit] = [], deviations: [Double] = []
    for _ in 0..<count {
      let chiSquared = (0..<freedom).reduce(0.0) { sum, _ in
        let z = generator.normal()
        return sum + z * z
      }
      let drawn = deviation * (Double(freedom) / chiSquared).squareRoot()
      let resample = zip(ladders, expected).map { points, losses in
        zip(points, losses).map { point, loss in
          let wide = max(drawn, point.deviation ?? 0)
          return ComputePoint(compute: point.compute, loss: loss * exp(wide * generator.normal()))
        }
      }
      // Losses beyond what a Double holds: without this resample the bands would be too narrow, so there are none.
      guard let replicate = SharedFloorFit(resample) else { return nil }
      replicates.append(replicate)
      deviations.append(drawn)
    }
    self.fit = fit
    self.replicates = replicates
    self.deviations = deviations
    self.deviation = deviation
    degreesOfFreedom = freedom
  }

  /// The interval that holds a quantity of the curves with this probability, by percentiles of the replicates.
  public func interval(level: Double = 0.95, _ value: (SharedFloorFit) -> Double) -> Interval {
    Interval(replicates.map(value), level: level)
  }

  /// The band of a curve at this compute.
  public func band(_ curve: Int, compute: Double, level: Double = 0.95) -> Interval {
    interval(level: level) { $0.predict(curve, compute: compute) }
  }

  /// Where a further measurement at this compute is expected: the curve's band and the measurement's own variation.
  /// - Parameter deviation: of the measurement's log loss, where it is known to vary more than the points do.
  public func predictionBand(
    _ curve: Int, compute: Double, deviation: Double? = nil, level: Double = 0.95,
    using generator: inout some RandomNumberGenerator
  ) -> Interval {
    let draws = zip(replicates, deviations).map { replicate, own in
      replicate.predict(curve, compute: compute) * exp(max(own, deviation ?? 0) * generator.normal())
    }
    return Interval(draws, level: level)
  }

  /// Where two curves meet.
  public struct Crossing: Sendable, Hashable {
    /// The compute; nil where the fitted curves do not meet in the range.
    public let compute: Double?
    /// 95% of the resamples' crossings that count; nil where none does.
    public let interval: Interval?
    /// The share of resamples without a crossing that counts: the interval says nothing of these.
    public let missingShare: Double
  }

  /// The crossing of two curves within a range of compute: what lies beyond it is not told. Where the fitted curves have
  /// one, a resample's counts only if it is of the same direction: the same curve falls faster, and is the lower beyond.
  public func crossing(_ a: Int, _ b: Int, within range: ClosedRange<Double>, level: Double = 0.95) -> Crossing {
    func inside(_ fit: SharedFloorFit) -> Double? { fit.crossing(a, b).flatMap { range.contains($0) ? $0 : nil } }
    func isSteeper(_ fit: SharedFloorFit) -> Bool { fit.curves[a].exponent > fit.curves[b].exponent }
    let meeting = inside(fit)
    let found = replicates.filter { meeting == nil || isSteeper($0) == isSteeper(fit) }.compactMap(inside)
    return Crossing(
      compute: meeting, interval: found.isEmpty ? nil : Interval(found, level: level),
      missingShare: 1 - Double(found.count) / Double(replicates.count))
  }
}

extension RandomNumberGenerator {
  /// Standard normal, by the inverse of its distribution.
  mutating func normal() -> Double { normalQuantile((Double(next() >> 11) + 0.5) * 0x1p-53) }
}

import Foundation
import Metrics
import Support

/// The curves of a ladder's tokenizers, fitted together, and how sure they are.
struct LadderFit: Sendable {
  /// Those with points at three budgets or more, in the ladder's order.
  let tokenizers: [String]
  /// Their points, by tokenizer.
  let points: [[ComputePoint]]
  let bootstrap: SharedFloorBootstrap
  /// nil where the smaller budgets alone are too few.
  let checks: [PredictionCheck]?
  /// From the smallest measured compute to the largest.
  let measured: ClosedRange<Double>

  /// How far beyond the largest measured compute the curves are followed.
  static let extrapolation = 100.0

  /// nil where the points cannot tell the curves.
  init?(_ ladder: Ladder) {
    let all = ladder.tokenizers.map { tokenizer in
      (tokenizer: tokenizer, points: ladder.optima(of: tokenizer).compactMap(\.point))
    }
    let fitted = all.filter { $0.points.count >= 3 }
    tokenizers = fitted.map(\.tokenizer)
    points = fitted.map(\.points)
    let computes = points.joined().map(\.compute)
    var generator = SeededGenerator(seed: 1, purpose: "ladder")
    guard let bootstrap = SharedFloorBootstrap(points, using: &generator), let low = computes.min(),
      let high = computes.max()
    else { return nil }
    self.bootstrap = bootstrap
    measured = low...high
    checks = PredictionCheck.checks(points, using: &generator)
  }

  var fit: SharedFloorFit { bootstrap.fit }
  var farthest: Double { measured.upperBound * Self.extrapolation }

  /// Two tokenizers whose curves are asked where they meet.
  struct Pair: Sendable {
    let first, second: String
    let crossing: SharedFloorBootstrap.Crossing
    /// The one whose curve falls faster: the lower beyond the crossing.
    let lowerBeyond: String
    /// Whether nearly all resamples have a crossing in the range.
    var isTold: Bool { crossing.compute != nil && crossing.missingShare < 0.05 }
  }

  /// Every two tokenizers, within the measured range and 100 times beyond it.
  var pairs: [Pair] {
    tokenizers.indices.flatMap { a in
      tokenizers.indices.filter { $0 > a }.map { b in
        Pair(
          first: tokenizers[a], second: tokenizers[b],
          crossing: bootstrap.crossing(a, b, within: measured.lowerBound...farthest),
          lowerBeyond: tokenizers[fit.curves[a].exponent > fit.curves[b].exponent ? a : b])
      }
    }
  }

  /// The share of resamples in which each tokenizer is the lowest at a compute.
  func shareLowest(at compute: Double) -> [Double] {
    let lowest = bootstrap.replicates.map { replicate in
      tokenizers.indices.min { replicate.predict($0, compute: compute) < replicate.predict($1, compute: compute) }
    }
    return tokenizers.indices.map { index in Double(lowest.count { $0 == index }) / Double(lowest.count) }
  }
}

import Foundation
import Metrics
import Support

/// The curves of a ladder's tokenizers, fitted together, and how sure they are.
struct LadderFit: Sendable {
  /// Those with points at three budgets or more, in the ladder's order.
  let tokenizers: [String]
  /// Their points, by tokenizer.
  let points: [[ComputePoint]]
  /// How many of these are the smallest or largest size that was tried, by tokenizer.
  let pointsAtEnd: [Int]
  let bootstrap: SharedFloorBootstrap
  /// None where the smaller budgets alone are too few.
  let checks: [PredictionCheck]
  /// From the smallest measured compute to the largest.
  let measured: ClosedRange<Double>

  /// How far beyond the largest measured compute the curves are followed.
  static let extrapolation = 100.0

  /// nil where the points cannot tell the curves, or not how sure they are.
  init?(_ ladder: Ladder) {
    let all = ladder.tokenizers.map { tokenizer in
      let optima = ladder.optima(of: tokenizer).filter { $0.point != nil }
      return (tokenizer: tokenizer, points: optima.compactMap(\.point), atEnd: optima.count(where: \.isAtEnd))
    }
    let fitted = all.filter { SharedFloorFit.isLongEnough($0.points) }
    tokenizers = fitted.map(\.tokenizer)
    points = fitted.map(\.points)
    pointsAtEnd = fitted.map(\.atEnd)
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

  /// Tokenizers whose largest budget was not predicted.
  var unchecked: [String] {
    tokenizers.indices.filter { index in !checks.contains { $0.curve == index } }.map { tokenizers[$0] }
  }

  /// What curves are worth beyond what was measured. One floor is shared by all, so that one failed check is every
  /// curve's.
  enum Extrapolation: Sendable, Hashable {
    case checked, failed, unchecked
  }

  func extrapolation(of tokenizers: [String]) -> Extrapolation {
    if !checks.allSatisfy(\.isWithinBand) { return .failed }
    return unchecked.contains { tokenizers.contains($0) } ? .unchecked : .checked
  }

  /// Two tokenizers whose curves are asked where they meet.
  struct Pair: Sendable {
    let first, second: String
    let crossing: SharedFloorBootstrap.Crossing
    /// The one whose curve falls faster: the lower beyond the crossing.
    let lowerBeyond: String
    /// Those of the two with points at an end of the sizes.
    let onEnds: [String]
    let verdict: Verdict
  }

  enum Verdict: Sendable, Hashable {
    /// No crossing in the range.
    case apart
    /// Too many resamples have none there, or one of the other direction.
    case untold
    /// Where both curves were measured.
    case measured
    /// Beyond what was measured, and the check holds.
    case predicted
    case checkFailed, unchecked

    /// - Parameter measured: where both curves were measured.
    init(
      _ crossing: SharedFloorBootstrap.Crossing, measured: ClosedRange<Double>, _ extrapolation: Extrapolation
    ) {
      guard let compute = crossing.compute else {
        self = .apart
        return
      }
      self =
        if crossing.missingShare >= 0.05 { .untold } else if measured.contains(compute) { .measured } else {
          switch extrapolation {
          case .checked: .predicted
          case .failed: .checkFailed
          case .unchecked: .unchecked
          }
        }
    }

    /// Whether it is said where the curves cross.
    var isTold: Bool { self == .measured || self == .predicted }
  }

  /// Every two tokenizers, within the measured range and 100 times beyond it.
  var pairs: [Pair] {
    tokenizers.indices.flatMap { a in tokenizers.indices.filter { $0 > a }.map { pair(a, $0) } }
  }

  private func pair(_ a: Int, _ b: Int) -> Pair {
    let crossing = bootstrap.crossing(a, b, within: measured.lowerBound...farthest)
    let (x, y) = (range(a), range(b))
    // Of ranges that do not meet, none: what is left is one point between them.
    let low = max(x.lowerBound, y.lowerBound), both = low...max(low, min(x.upperBound, y.upperBound))
    return Pair(
      first: tokenizers[a], second: tokenizers[b], crossing: crossing,
      lowerBeyond: tokenizers[fit.curves[a].exponent > fit.curves[b].exponent ? a : b],
      onEnds: [a, b].filter { pointsAtEnd[$0] > 0 }.map { tokenizers[$0] },
      verdict: Verdict(crossing, measured: both, extrapolation(of: [tokenizers[a], tokenizers[b]])))
  }

  /// From a curve's smallest measured compute to its largest; it has three.
  private func range(_ curve: Int) -> ClosedRange<Double> {
    let computes = points[curve].map(\.compute)
    return (computes.min() ?? 0)...(computes.max() ?? 0)
  }

  /// The share of resamples in which each tokenizer is the lowest at a compute.
  func shareLowest(at compute: Double) -> [Double] {
    let lowest = bootstrap.replicates.map { replicate in
      tokenizers.indices.min { replicate.predict($0, compute: compute) < replicate.predict($1, compute: compute) }
    }
    return tokenizers.indices.map { index in Double(lowest.count { $0 == index }) / Double(lowest.count) }
  }
}

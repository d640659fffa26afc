#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A loss that was measured with so much compute.
public struct ComputePoint: Sendable, Hashable {
  /// Training FLOPs, above 0.
  public let compute: Double
  /// Above 0, such as bits/byte.
  public let loss: Double
  /// The standard deviation of log loss, where it is known from repetitions (seeds).
  public let deviation: Double?

  public init(compute: Double, loss: Double, deviation: Double? = nil) {
    self.compute = compute
    self.loss = loss
    self.deviation = deviation
  }
}

/// Curves L_t(C) = E + A_t·C^(-α_t) of several tokenizers t over compute C, with one floor E ≥ 0 for all of them.
///
/// Bits/byte measure the same text for every lossless tokenizer, so what no model can predict of it is the same for all.
/// The fit minimises Σ Huber(log L̂ - log L) with δ = 1e-3 over E and every A_t and α_t.
///
/// For a given E each curve is a fit of its own, of two numbers; so the search is over E alone: a grid of starts from 0 to
/// the lowest loss, each curve fitted at each, then golden sections round the lowest. Nothing is drawn at random.
/// - Source: Hoffmann et al. 2022, approach 3 and appendix D.2, with a floor shared between curves; agrees with
///   scipy.optimize.least_squares(loss: huber).
public struct SharedFloorFit: Sendable, Hashable {
  /// A_t·C^(-α_t) = exp(logScale - exponent·ln(C / reference)).
  public struct Curve: Sendable, Hashable {
    public var logScale: Double
    /// α_t; negative where loss rises with compute.
    public var exponent: Double
  }

  /// E, from 0 to the lowest loss.
  public let floor: Double
  /// By tokenizer, in the order given.
  public let curves: [Curve]
  /// Σ Huber of the log residuals.
  public let objective: Double
  /// The geometric mean of all points' compute.
  public let reference: Double

  /// Where the Huber loss goes over from squares to absolute values, in log loss.
  public static let delta = 1e-3

  /// Whether a curve has enough points of its own: at three different computes.
  public static func isLongEnough(_ ladder: [ComputePoint]) -> Bool { Set(ladder.map(\.compute)).count >= 3 }

  /// Points less parameters: two a curve, and the floor.
  public static func degreesOfFreedom(_ ladders: [[ComputePoint]]) -> Int {
    ladders.reduce(0) { $0 + $1.count } - 2 * ladders.count - 1
  }

  /// Whether the points can tell the parameters: every curve is long enough, and there is at least one point more than
  /// there are parameters, so that one curve alone needs four points.
  public static func isIdentified(_ ladders: [[ComputePoint]]) -> Bool {
    !ladders.isEmpty && ladders.allSatisfy(isLongEnough) && degreesOfFreedom(ladders) > 0
      && ladders.joined().allSatisfy { $0.compute > 0 && $0.compute.isFinite && $0.loss > 0 && $0.loss.isFinite }
  }

  /// - Parameter ladders: the points of each curve.
  /// - Returns: nil where ``isIdentified(_:)`` says so.
  /// - Complexity: about 100 fits of every curve; about a millisecond for four curves of five points.
  public init?(_ ladders: [[ComputePoint]]) {
    guard Self.isIdentified(ladders) else { return nil }
    let points = ladders.joined()
    let reference = exp(points.reduce(0) { $0 + log($1.compute) } / Double(points.count))
    let samples = ladders.map { $0.map { CurveFit.Sample(x: log($0.compute / reference), y: log($0.loss)) } }
    let lowest = points.map(\.loss).min() ?? 0
    func objective(_ floor: Double, tolerance: Double) -> Double {
      samples.reduce(0) { $0 + CurveFit($1, floor: floor, tolerance: tolerance).objective }
    }
    let coarse = 1e-4, fine = 1e-13

    let starts = 32
    let grid = (0...starts).map { lowest * Double($0) / Double(starts) }
    let values = grid.map { objective($0, tolerance: coarse) }
    let valleys = grid.indices.filter { index in
      (index == 0 || values[index] <= values[index - 1]) && (index == starts || values[index] <= values[index + 1])
    }
    let deepest = valleys.sorted { (values[$0], $0) < (values[$1], $1) }.prefix(3)
    let minima = deepest.map { index in
      goldenSection(from: grid[max(0, index - 1)], to: grid[min(starts, index + 1)]) { objective($0, tolerance: fine) }
    }
    let best = minima.min { $0.value < $1.value } ?? (0, values[0])
    floor = best.x
    curves = samples.map { CurveFit($0, floor: best.x, tolerance: fine).curve }
    self.objective = best.value
    self.reference = reference
  }

  /// L̂_t(C).
  public func predict(_ curve: Int, compute: Double) -> Double {
    let one = curves[curve]
    return floor + exp(one.logScale - one.exponent * log(compute / reference))
  }

  /// A_t, with compute in the points' own unit.
  public func scale(_ curve: Int) -> Double {
    exp(curves[curve].logScale + curves[curve].exponent * log(reference))
  }

  /// The compute at which two curves meet: over one floor there is exactly one, and after it the curve with the larger
  /// exponent is the lower. Nil for curves of equal exponents; 0 or infinity where it cannot be told from them.
  public func crossing(_ a: Int, _ b: Int) -> Double? {
    let steeper = curves[a].exponent - curves[b].exponent
    guard steeper != 0 else { return nil }
    return reference * exp((curves[a].logScale - curves[b].logScale) / steeper)
  }
}

/// The two numbers of one curve over a given floor, by iteratively reweighted least squares with Levenberg's damping.
struct CurveFit {
  /// Log compute over the reference, and log loss.
  struct Sample {
    let x, y: Double
  }

  private(set) var curve: SharedFloorFit.Curve
  private(set) var objective: Double

  /// - Parameter tolerance: where a step lowers the objective by no more than this share of it, it was the last.
  init(_ samples: [Sample], floor: Double, tolerance: Double) {
    curve = Self.start(samples, floor: floor)
    objective = Self.objective(samples, floor, curve)
    var damping = 1e-6
    for _ in 0..<300 {
      // Normal equations of the residuals r = log(E + e^(a - αx)) - y, each weighed as Huber's loss grows.
      var (aa, ax, xx, ga, gx) = (0.0, 0.0, 0.0, 0.0, 0.0)
      for sample in samples {
        let power = exp(curve.logScale - curve.exponent * sample.x), share = power / (floor + power)
        let residual = log(floor + power) - sample.y
        let weight = min(1, SharedFloorFit.delta / abs(residual))
        let (da, dx) = (share, -share * sample.x)
        aa += weight * da * da
        ax += weight * da * dx
        xx += weight * dx * dx
        ga += weight * da * residual
        gx += weight * dx * residual
      }
      var fell = 0.0
      while damping < 1e12 {
        let (p, q) = (aa * (1 + damping), xx * (1 + damping)), determinant = p * q - ax * ax
        let next = SharedFloorFit.Curve(
          logScale: curve.logScale - (q * ga - ax * gx) / determinant,
          exponent: curve.exponent - (p * gx - ax * ga) / determinant)
        let value = Self.objective(samples, floor, next)
        if value < objective {
          fell = objective - value
          (curve, objective) = (next, value)
          damping = max(damping / 10, 1e-12)
          break
        }
        damping *= 10
      }
      if fell <= objective * tolerance { break }
    }
  }

  /// Over this floor the logarithm of what lies above it is a straight line.
  private static func start(_ samples: [Sample], floor: Double) -> SharedFloorFit.Curve {
    var (w, wx, wy, wxx, wxy) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for sample in samples {
      let loss = exp(sample.y), above = max(loss - floor, loss * 1e-4), weight = above / loss * (above / loss)
      w += weight
      wx += weight * sample.x
      wy += weight * log(above)
      wxx += weight * sample.x * sample.x
      wxy += weight * sample.x * log(above)
    }
    let slope = (w * wxy - wx * wy) / (w * wxx - wx * wx)
    return .init(logScale: (wy - slope * wx) / w, exponent: -slope)
  }

  private static func objective(_ samples: [Sample], _ floor: Double, _ curve: SharedFloorFit.Curve) -> Double {
    let delta = SharedFloorFit.delta
    return samples.reduce(0) { sum, sample in
      let size = abs(log(floor + exp(curve.logScale - curve.exponent * sample.x)) - sample.y)
      return sum + (size <= delta ? size * size / 2 : delta * (size - delta / 2))
    }
  }
}

/// The lowest of a function that falls and then rises between two ends, the ends included.
/// - Source: Kiefer 1953.
private func goldenSection(from: Double, to: Double, _ value: (Double) -> Double) -> (x: Double, value: Double) {
  let ratio = (5.0.squareRoot() - 1) / 2
  var (low, high) = (from, to)
  var (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
  var (atA, atB) = (value(a), value(b))
  while high - low > 1e-7 * (to - from) {
    if atA <= atB {
      (high, b, atB) = (b, a, atA)
      a = high - ratio * (high - low)
      atA = value(a)
    } else {
      (low, a, atA) = (a, b, atB)
      b = low + ratio * (high - low)
      atB = value(b)
    }
  }
  let candidates = [(from, value(from)), (to, value(to)), atA <= atB ? (a, atA) : (b, atB)]
  return candidates.min { $0.1 < $1.1 } ?? (a, atA)
}

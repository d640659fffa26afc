#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// P(Z ≤ z) of the standard normal distribution.
func normalProbability(below z: Double) -> Double { erfc(-z / 2.0.squareRoot()) / 2 }

/// The z with P(Z ≤ z) = p, by bisection to the last bit or 1e-15; ±∞ outside (0, 1).
func normalQuantile(_ p: Double) -> Double {
  guard p > 0 else { return -.infinity }
  guard p < 1 else { return .infinity }
  var low = -40.0, high = 40.0
  while high - low > 1e-15 {
    let middle = (low + high) / 2
    if middle == low || middle == high { break }
    if normalProbability(below: middle) < p { low = middle } else { high = middle }
  }
  return (low + high) / 2
}

/// Two-sided p-value of Student's t; 1 for t = 0.
func studentPValue(t: Double, degreesOfFreedom: Double) -> Double {
  regularizedIncompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5)
}

/// The t that Student's |T| exceeds with this probability, in (0, 1), by bisection.
func studentQuantile(twoSided p: Double, degreesOfFreedom: Double) -> Double {
  var low = 0.0, high = 1.0
  while studentPValue(t: high, degreesOfFreedom: degreesOfFreedom) > p { high *= 2 }
  for _ in 0..<200 {
    let middle = (low + high) / 2
    if studentPValue(t: middle, degreesOfFreedom: degreesOfFreedom) > p { low = middle } else { high = middle }
  }
  return (low + high) / 2
}

/// Two-sided p-value of the sign test: that of so many coins, or more on one side, where each side is as likely. Of two
/// models' answers to the same questions it is McNemar's exact test, ties left out.
/// - Source: agrees with scipy.stats.binomtest.
public func signTestPValue(_ first: Int, _ second: Int) -> Double {
  // P(X ≥ k) of n fair coins is I_½(k, n - k + 1).
  first == second
    ? 1 : min(1, 2 * regularizedIncompleteBeta(0.5, Double(max(first, second)), Double(min(first, second) + 1)))
}

/// I_x(a, b), by its continued fraction (Lentz's method), relative error about 1e-12.
/// - Source: Abramowitz & Stegun 26.5.8.
func regularizedIncompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
  func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    var c = 1.0
    var d = 1 / max(tiny, 1 - (a + b) * x / (a + 1))
    var h = d
    for m in 1...500 {
      let m = Double(m)
      for term in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 + term * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + term / c
        if abs(c) < tiny { c = tiny }
        h *= c * d
      }
      if abs(c * d - 1) < 1e-14 { break }
    }
    return h
  }
  return x < (a + 1) / (a + b + 2) ? front * fraction(x, a, b) / a : 1 - front * fraction(1 - x, b, a) / b
}

/// P(X ≤ x) of the χ² distribution, by the series of the incomplete gamma function; relative error about 1e-14.
/// - Source: Abramowitz & Stegun 6.5.29.
func chiSquaredProbability(below x: Double, degreesOfFreedom: Double) -> Double {
  guard x > 0 else { return 0 }
  let a = degreesOfFreedom / 2, z = x / 2
  var term = 1 / a, sum = term, n = a
  while term > sum * 1e-16 {
    n += 1
    term *= z / n
    sum += term
  }
  return min(1, sum * exp(a * log(z) - z - lgamma(a)))
}

/// The x with P(X ≤ x) = p of the χ² distribution, by bisection.
func chiSquaredQuantile(_ p: Double, degreesOfFreedom: Double) -> Double {
  var low = 0.0, high = 1.0
  while chiSquaredProbability(below: high, degreesOfFreedom: degreesOfFreedom) < p { high *= 2 }
  for _ in 0..<200 {
    let middle = (low + high) / 2
    if chiSquaredProbability(below: middle, degreesOfFreedom: degreesOfFreedom) < p {
      low = middle
    } else {
      high = middle
    }
  }
  return (low + high) / 2
}

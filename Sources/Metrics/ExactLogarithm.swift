// The C library's logarithms differ in their last bit from machine to machine; a record of `precision: exact` may not.

/// Natural logarithm out of IEEE +, -, * and /: the same bits on every machine, relative error below 1e-14.
///
/// -inf at 0, NaN below and for NaN. The kernels' `ck_log` computes the same bits.
public func exactLog(_ x: Double) -> Double {
  guard let (exponent, rest) = split(x) else { return special(x) }
  return Double(exponent) * ln2 + rest
}

/// Logarithm to base 2, as ``exactLog(_:)``. Exact for powers of two.
public func exactLog2(_ x: Double) -> Double {
  guard let (exponent, rest) = split(x) else { return special(x) }
  return Double(exponent) + rest / ln2
}

/// ln 2: a bit in nats.
public let natsPerBit = ln2
private let ln2 = 0.69314718055994531

/// log x = exponent·ln 2 + rest, rest = 2·atanh((m-1)/(m+1)), m in (√½, √2]: its series up to the 21st power. Nil where
/// there is nothing to split: 0, numbers below, infinity and NaN.
private func split(_ x: Double) -> (exponent: Int, rest: Double)? {
  guard x > 0, x.isFinite else { return nil }
  // A denormal number has no exponent of its own.
  let normal = x.isNormal ? x : x * 0x1p54
  var exponent = Int(normal.exponent) - (x.isNormal ? 0 : 54)
  var m = normal.significand
  if m > 1.4142135623730951 {
    m *= 0.5
    exponent += 1
  }
  let t = (m - 1) / (m + 1), u = t * t
  var s = 0.0
  for k in stride(from: 21.0, through: 1, by: -2) { s = s * u + 1 / k }
  return (exponent, 2 * t * s)
}

private func special(_ x: Double) -> Double { x == 0 ? -.infinity : x > 0 ? x : .nan }

import CKernels
import Foundation
import Support
import Testing

@testable import Transformer

private func relativeError(_ value: Double, _ expected: Double) -> Double {
  expected == 0 ? abs(value) : abs(value / expected - 1)
}

@Test func logIsAccurate() {
  var generator = SeededGenerator(seed: 1)
  var worst = 0.0
  for i in 1...200_000 {
    let bits = generator.next() % 0x7ff0_0000_0000_0000  // every positive finite number, denormal ones too
    for x in [Double(i) * 0.37, generator.uniform(), 1 + (generator.uniform() - 0.5) * 1e-3, Double(bitPattern: bits)] {
      worst = max(worst, relativeError(ck_log(x), log(x)))
    }
  }
  #expect(worst < 1e-14)
  #expect(ck_log(0) == -.infinity && ck_log(.infinity) == .infinity && ck_log(1) == 0)
  #expect(ck_log(.nan).isNaN && ck_log(-1).isNaN)
}

@Test func exponentialIsAccurate() {
  var worst = 0.0
  for i in -70_000...70_000 { worst = max(worst, relativeError(ck_exp(Double(i) / 100), exp(Double(i) / 100))) }
  for i in -1000...1000 { worst = max(worst, relativeError(ck_exp(Double(i) * 1e-6), exp(Double(i) * 1e-6))) }
  #expect(worst < 1e-14)
  #expect(ck_exp(0) == 1 && ck_exp(-800) == 0 && ck_exp(800) == .infinity && ck_exp(.nan).isNaN)
}

/// Against libm in the first eighth of a turn, by symmetry elsewhere, where π·x in Double would not be accurate.
@Test func sinesAreAccurate() {
  var worst = 0.0
  for i in 0...25_000 {
    let x = Double(i) / 100_000
    let (s, c) = (sin(.pi * x), cos(.pi * x))
    for (turned, expectedSin, expectedCos) in [
      (x, s, c), (-x, -s, c), (x + 2, s, c), (x - 64, s, c), (x + 0.5, c, -s), (x + 1, -s, -c), (x - 1.5, c, -s),
    ] where turned.remainder(dividingBy: 0.5).magnitude == x || i % 100 == 0 {
      let lost = abs(turned) * 0x1p-52 * 4  // what adding to x has rounded off
      worst = max(worst, abs(ck_sinpi(turned) - expectedSin) - lost, abs(ck_cospi(turned) - expectedCos) - lost)
    }
    worst = max(worst, relativeError(ck_sinpi(x), s), relativeError(ck_cospi(x), c))
  }
  #expect(worst < 1e-14)
  #expect(ck_sinpi(0.5) == 1 && ck_cospi(0.5) == 0 && ck_cospi(1) == -1 && ck_sinpi(1) == 0)
}

@Test func powersAreAccurate() {
  for n in [0, 1, 2, 7, 100, 5000] {
    #expect(relativeError(power(0.95, n), pow(0.95, Double(n))) < 1e-12)
  }
}

@Test func singlePrecisionExponentialIsAccurate() {
  var worst = 0.0
  for i in -8600...8700 {
    let x = Float(i) / 100
    worst = max(worst, relativeError(Double(ck_expf(x)), exp(Double(x))))
  }
  #expect(worst <= 2e-7)
}

/// T5's formula; its logarithm is a whole number at 16 and 128 only, where no rounding matters.
@Test func relativeBucketsAreT5s() {
  for distance in 0..<5000 {
    let expected =
      distance < 16 ? distance : min(31, 16 + Int(log(Double(distance) / 16) / log(8.0) * 16 + 1e-9))
    #expect(RelativeBias.bucket(distance: distance) == expected, "\(distance)")
  }
}

/// The whole schedule by hand for a few steps; and its cosine against libm's.
@Test func schedulesMoveAsTheySay() {
  #expect(Schedule.linear.factor(step: 0, steps: 100, warmup: 100) == 0.1)
  #expect(Schedule.linear.factor(step: 55, steps: 100, warmup: 10) == 0.5)
  #expect(Schedule.constant.factor(step: 99, steps: 100, warmup: 10) == 1)
  #expect(Schedule.rsqrt.factor(step: 399, steps: 100, warmup: 10) == 0.05)
  for step in 10..<100 {
    let expected = 0.1 + 0.45 * (1 + cos(.pi * Double(step - 10) / 90))
    #expect(abs(Schedule.cosine.factor(step: step, steps: 100, warmup: 10) - expected) < 1e-14)
  }
}

import CKernels
import Foundation
import Testing

@testable import Metrics

/// Numbers of all magnitudes, denormal ones too, and many near 1, where a logarithm is hardest.
private func numbers() -> [Double] {
  var generator = SplitMix(1)
  var all = [1, 1.0.nextUp, 1.0.nextDown, 2.0.squareRoot(), 0.5.squareRoot(), .leastNonzeroMagnitude]
  for i in 1...100_000 {
    all.append(Double(i))
    all.append(Double(i) / 16_384)
    all.append(1 + (generator.uniform() - 0.5) * 1e-3)
    all.append(Double(bitPattern: generator.next() % 0x7ff0_0000_0000_0000))
  }
  return all
}

@Suite struct ExactLogarithmTests {
  @Test func logarithmsAreAccurate() {
    func error(_ value: Double, _ expected: Double) -> Double { expected == 0 ? abs(value) : abs(value / expected - 1) }
    var worst = 0.0
    for x in numbers() { worst = max(worst, error(exactLog(x), log(x)), error(exactLog2(x), log2(x))) }
    #expect(worst < 1e-14)
  }

  /// Records and codes then agree in every bit.
  @Test func theKernelsComputeTheSameBits() {
    let all = numbers() + [0, .infinity]
    #expect(all.allSatisfy { exactLog($0).bitPattern == ck_log($0).bitPattern })
  }

  @Test func edgesAreLogarithms() {
    for logarithm in [exactLog, exactLog2] {
      #expect(logarithm(0) == -.infinity && logarithm(.infinity) == .infinity && logarithm(1) == 0)
      #expect(logarithm(.nan).isNaN && logarithm(-1).isNaN && logarithm(-.infinity).isNaN)
    }
  }

  @Test func powersOfTwoAreExact() {
    #expect((-1074...1023).allSatisfy { exactLog2(Double(sign: .plus, exponent: $0, significand: 1)) == Double($0) })
    #expect(natsPerBit == exactLog(2) && natsPerBit == log(2))
  }
}

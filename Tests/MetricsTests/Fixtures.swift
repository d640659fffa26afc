@testable import Metrics

/// The generator of scipy_constants.py.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// Skewed nats of examples of 10,240 bytes, the last of 3,000: scipy_constants.py's numbers.
func examples(seed: UInt64, count: Int, shift: Double) throws -> ExampleScores {
  var generator = SplitMix(seed)
  var nats: [Double] = [], bytes: [Int] = []
  for index in 0..<count {
    let u = generator.uniform()
    bytes.append(index == count - 1 ? 3_000 : 10_240)
    nats.append(Double(bytes[index]) * (1 + 0.8 * u * u * u + shift * (generator.uniform() - 0.4)))
  }
  guard let scores = ExampleScores(nats: nats, bytes: bytes) else { throw Unscored() }
  return scores
}
struct Unscored: Error {}

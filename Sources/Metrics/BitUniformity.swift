/// How bits are read as numbers of n bits.
public enum BitReading: String, Codable, Sendable, CaseIterable {
  /// At every bit: n-grams that overlap.
  case grams
  /// At every n-th bit: tokens of n bits; what does not fill one is left out.
  case tokens
}

/// How often each number of n bits occurs in some strings of bits, none of them read across its end.
/// - Parameters:
///   - strings: of zeros and ones, one an element.
///   - width: n, 1 … 24.
/// - Returns: `[2^n]` counts.
/// - Complexity: O(bits + 2^n).
public func bitPatternCounts(_ strings: [[UInt8]], width: Int, _ reading: BitReading) -> [Int] {
  precondition((1...24).contains(width), "2^n counts are to fit into memory")
  var counts = [Int](repeating: 0, count: 1 << width)
  let mask = counts.count - 1
  for bits in strings {
    var value = 0, held = 0
    for bit in bits {
      value = (value << 1 | Int(bit & 1)) & mask
      held += 1
      guard held >= width else { continue }
      counts[value] += 1
      if reading == .tokens { held = 0 }
    }
  }
  return counts
}

/// Entropy in bits by the estimate of Miller and Madow: the plug-in entropy, which is too low for few observations, and
/// (K − 1) / (2·N·ln 2) for K kinds that occur among N observations.
/// - Source: Miller 1955, "Note on the bias of information estimates".
public func millerMadowEntropyBits(_ counts: [Int]) -> Double {
  let total = counts.reduce(0, +)
  guard total > 0 else { return 0 }
  return entropyBits(counts) + Double(counts.count { $0 > 0 } - 1) / (2 * Double(total) * natsPerBit)
}

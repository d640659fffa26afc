import Metrics
import Tokenizers

/// Cuts text where a byte model is least sure of what comes next: before every byte whose entropy is a peak.
///
/// H(i) is the entropy of the model's 14-bit distribution before byte i, given all of the example before it. A cut stands
/// before byte i > 0 where H(i) > H(i - 1), H(i) ≥ H(i + 1) (nothing is asked of what follows the last byte), and H(i) is
/// at least so many bits. Entropies are integers, sums of one table's entries: the same cuts on every machine and any
/// number of threads.
/// - Source: the entropy of the next byte as a boundary: Pagnoni et al. 2024, Byte Latent Transformer, section 2.3, and,
///   before a code, Zheng et al. 2026, arXiv 2602.04289.
struct EntropyPeaks: Sendable {
  /// In units of ``unit``.
  private let least: Int64

  /// - Parameter leastBits: that a peak has.
  init(leastBits: Int) { least = Int64(leastBits) << Self.unit }

  /// Entropies count 2^-46 bits.
  static let unit: Int64 = 46
  private static let precision = QuantisedDistribution.codingPrecision

  /// f·log2 f in units of 2^-32, for every frequency f.
  private static let table: [Int64] = (0...1 << precision).map { f in
    f == 0 ? 0 : Int64((Double(f) * exactLog2(Double(f)) * 0x1p32).rounded())
  }

  /// -Σ q·log2 q, q = f·2^-14, is 14 - 2^-14·Σ f·log2 f.
  static func entropy(_ distribution: QuantisedDistribution) -> Int64 {
    precondition(distribution.precision == precision, "entropies are of \(precision)-bit distributions")
    return table.withUnsafeBufferPointer { table in
      var sum: Int64 = 0
      for frequency in distribution.frequencies { sum &+= table[Int(frequency)] }
      return Int64(precision) << unit - sum
    }
  }

  /// The entropy before every byte of a text.
  /// - Throws: ``TokenizerError/invalidDistribution(reason:)``.
  /// - Complexity: one forward pass.
  static func entropies(of text: [UInt8], under model: any ByteModel) throws -> [Int64] {
    var entropies: [Int64] = []
    entropies.reserveCapacity(text.count)
    try model.distributions(along: text, precision: precision) { _, frequencies in
      entropies.append(entropy(try QuantisedDistribution(frequencies, precision: precision)))
    }
    return entropies
  }

  /// Whether a cut stands before a byte of entropy `here`; `after` is nil for a text's last byte.
  func isPeak(_ here: Int64, before: Int64, after: Int64?) -> Bool {
    here > before && here >= least && after.map { here >= $0 } ?? true
  }

  /// Where the stretches between the cuts end, the last of them with the text.
  /// - Parameter entropies: before every byte of a text.
  func ends(_ entropies: [Int64]) -> [Int] {
    guard !entropies.isEmpty else { return [] }
    let last = entropies.count - 1
    return entropies.indices.dropFirst().filter { i in
      isPeak(entropies[i], before: entropies[i - 1], after: i < last ? entropies[i + 1] : nil)
    } + [entropies.count]
  }
}

import Support
import Tokenizers

/// Cuts text where a byte surprises a byte model.
///
/// A span begins with a pre-token, and with every byte that does not go on the span before it. Surprisals are -log2 of
/// the model's 14-bit distributions, the same on every machine.
/// - Source: Goriely et al. 2025, section 3.
struct ByteSpans: Sendable {
  enum Constraint: String, CaseIterable, Sendable {
    /// A byte goes on a span where it is no more surprising than the one before it.
    case monotonic
    /// A byte goes on a span where its surprisal is below the threshold.
    case global
    /// Either.
    case combined
  }
  let constraint: Constraint
  /// The threshold of ``Constraint/global`` and ``Constraint/combined``.
  let bits: Double

  /// Text that M1 reads: it costs a forward pass.
  static let trainingBytes = 4 << 20
  /// A longer span is none: it would be a text, not a word.
  static let longest = 64

  /// Where spans begin, the first at 0.
  /// - Parameter surprisals: in bits, of every byte of one pre-token.
  func starts(_ surprisals: some RandomAccessCollection<Double>) -> [Int] {
    let surprisals = Array(surprisals)
    return surprisals.indices.filter { i in
      guard i > 0 else { return true }
      let isDecreasing = surprisals[i] <= surprisals[i - 1]
      let isLow = surprisals[i] < bits
      switch constraint {
      case .monotonic: return !isDecreasing
      case .global: return !isLow
      case .combined: return !isDecreasing && !isLow
      }
    }
  }

  /// How often every span of 2…``longest`` bytes occurs in the beginning of the examples.
  /// - Throws: what reading them throws, ``TokenizerError/invalidDistribution(reason:)``.
  func counts(
    of examples: some Sequence<[UInt8]>, _ preTokenizer: PreTokenizer, _ model: any ByteModel, threads: Int
  ) throws -> PreTokenCounts {
    var texts: [[UInt8]] = []
    var bytes = 0
    for example in examples where !example.isEmpty {
      texts.append(example)
      bytes += example.count
      if bytes >= Self.trainingBytes { break }
    }
    let precision = QuantisedDistribution.codingPrecision
    let parts = try parallelMap(texts.count, threads: threads) { [texts] index in
      let text = texts[index]
      let surprisals = try model.intervals(of: text, precision: precision).map {
        $0.informationBits(precision: precision)
      }
      var part = PreTokenCounts()
      let matcher = PreTokenMatcher(preTokenizer)
      try text.withUnsafeBufferPointer { text in
        var offset = 0
        try matcher.forEach(in: text) { piece in
          let starts = starts(surprisals[offset..<offset + piece.count])
          for (start, end) in zip(starts, starts.dropFirst() + [piece.count])
          where (2...Self.longest).contains(end - start) {
            part.add(UnsafeBufferPointer(rebasing: piece[start..<end]))
          }
          offset += piece.count
        }
      }
      return part
    }
    var counts = PreTokenCounts()
    for part in parts { counts.add(part) }
    return counts
  }
}

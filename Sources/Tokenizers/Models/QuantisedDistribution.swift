/// The part of the integers [0, 2^precision) that a byte owns in a quantised distribution.
public struct SymbolInterval: Hashable, Sendable {
  /// Sum of the frequencies of all lower bytes.
  public var cumulative: UInt32
  /// At least 1.
  public var frequency: UInt32

  @inlinable public init(cumulative: UInt32, frequency: UInt32) {
    self.cumulative = cumulative
    self.frequency = frequency
  }

  /// Whether it is a part of [0, 2^precision), and not empty.
  @inlinable public func isPossible(precision: Int) -> Bool {
    frequency > 0 && UInt64(cumulative) + UInt64(frequency) <= 1 << UInt64(precision)
  }
}

/// What a byte model says of the next byte: 256 integer frequencies, each at least 1, with total exactly 2^precision.
/// Where some bytes are ruled out (``given(_:in:)``), theirs are 0.
///
/// A view of the caller's memory, checked when it is made; valid as long as that memory is, and unchanged. The symbols
/// lie in byte order: byte c owns [Σ f(b) over b < c, that + f(c)).
public struct QuantisedDistribution {
  /// 256 of them.
  public let frequencies: UnsafeBufferPointer<UInt32>
  /// 8 … 16.
  public let precision: Int

  /// The precisions that a distribution over 256 bytes can have here.
  public static let precisions = 8...16

  /// - Throws: ``TokenizerError/invalidDistribution(reason:)`` where these are not 256 positive numbers of that total.
  @inlinable public init(_ frequencies: UnsafeBufferPointer<UInt32>, precision: Int) throws {
    guard frequencies.count == 256, 8 <= precision, precision <= 16 else {
      throw TokenizerError.invalidDistribution(
        reason: "\(frequencies.count) frequencies of precision \(precision), where 256 of 8 to 16 bits are meant")
    }
    var all: UInt32 = 0
    var total: UInt32 = 0
    for frequency in frequencies {
      all |= frequency &- 1  // 0 becomes the largest number
      total &+= frequency
    }
    guard all < 1 << UInt32(precision), total == 1 << UInt32(precision) else {
      throw TokenizerError.invalidDistribution(
        reason: "every byte must have at least 1 of 2^\(precision), and all together that")
    }
    self.frequencies = frequencies
    self.precision = precision
  }

  private init(ofTotal frequencies: UnsafeBufferPointer<UInt32>, precision: Int) {
    self.frequencies = frequencies
    self.precision = precision
  }

  /// The distribution given that the byte is one of some: their frequencies in proportion, 2^precision in total again,
  /// what rounding leaves over one each to the largest remainders (ties: the lower byte), 0 for all other bytes. Whatever
  /// is possible keeps at least the frequency it had.
  /// - Parameters:
  ///   - possible: of every byte, whether it is one of them; at least one is, and has a frequency.
  ///   - memory: 256 places, overwritten; what is returned is a view of them.
  public func given(
    _ possible: [Bool], in memory: UnsafeMutableBufferPointer<UInt32>
  ) -> QuantisedDistribution {
    precondition(possible.count == 256 && memory.count == 256, "there are 256 bytes")
    var total: UInt32 = 0
    for byte in 0..<256 where possible[byte] { total += frequencies[byte] }
    precondition(total > 0, "a byte must be possible")
    var left = UInt32(1) << UInt32(precision)
    /// Of each possible byte, its remainder and, so that the lower byte comes first, 255 less the byte.
    var remainders: [UInt32] = []
    for byte in 0..<256 {
      guard possible[byte] else {
        memory[byte] = 0
        continue
      }
      let product = UInt64(frequencies[byte]) << UInt64(precision)
      memory[byte] = UInt32(product / UInt64(total))
      left -= memory[byte]
      remainders.append(UInt32(product % UInt64(total)) << 8 | UInt32(255 - byte))
    }
    if left > 0 {
      remainders.sort(by: >)
      for key in remainders.prefix(Int(left)) { memory[255 - Int(key & 0xFF)] += 1 }
    }
    return QuantisedDistribution(ofTotal: UnsafeBufferPointer(memory), precision: precision)
  }

  /// - Complexity: O(byte).
  @inlinable public func interval(of byte: UInt8) -> SymbolInterval {
    var below: UInt32 = 0
    for lower in 0..<Int(byte) { below &+= frequencies[lower] }
    return SymbolInterval(cumulative: below, frequency: frequencies[Int(byte)])
  }

  /// The byte that owns a place below 2^precision, and its interval.
  /// - Complexity: O(byte).
  @inlinable public func symbol(at place: UInt32) -> (byte: UInt8, interval: SymbolInterval) {
    assert(place < 1 << UInt32(precision), "a place outside the distribution")
    var byte = 0
    var below: UInt32 = 0
    while byte < 255, below &+ frequencies[byte] <= place {
      below &+= frequencies[byte]
      byte &+= 1
    }
    return (UInt8(truncatingIfNeeded: byte), SymbolInterval(cumulative: below, frequency: frequencies[byte]))
  }
}

/// Room for one distribution at a time, for loops that read many.
public struct DistributionBuffer: ~Copyable {
  @usableFromInline let memory = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
  public init() {}
  deinit { memory.deallocate() }

  /// The distribution after a stream's text. Valid until the next one is read.
  /// - Throws: ``TokenizerError/invalidDistribution(reason:)``.
  @inlinable public func read(
    _ stream: Int, of streams: any ByteModelStreams, precision: Int
  ) throws -> QuantisedDistribution {
    streams.frequencies(of: stream, precision: precision, into: memory)
    return try QuantisedDistribution(UnsafeBufferPointer(memory), precision: precision)
  }
}

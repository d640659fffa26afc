import Synchronization

/// A language model over bytes whose integer distributions drive arithmetic coding (the paper's M1).
///
/// All its answers are exact: the same text gives the same integers, one-shot or step by step, on any machine. It hands
/// out 256 frequencies, each at least 1, with total 2^precision; whoever codes with them checks that
/// (``QuantisedDistribution``).
public protocol ByteModel: Sendable {
  /// Forward FLOPs for each byte that it reads.
  /// - Parameter meanContext: positions that a byte attends to on average, itself and what begins a text included; nil
  ///   for texts longer than what the model looks back on.
  func flopsPerByte(meanContext: Double?) -> Double
  /// Identifies the weights: a hash in hexadecimal, at most 32 digits.
  var fingerprint: String { get }
  /// The distribution before each byte of a text, in order. One-shot, on the calling thread.
  /// - Parameters:
  ///   - text: of any length.
  ///   - precision: frequencies sum to 2^precision, which is 8 … 16.
  ///   - body: gets the byte's place in the text and 256 frequencies.
  /// - Complexity: one forward pass.
  func distributions(
    along text: [UInt8], precision: Int, body: (Int, UnsafeBufferPointer<UInt32>) throws -> Void) rethrows
  /// Of each byte of the text, its interval given the bytes before it. One-shot, on the calling thread.
  func intervals(of text: [UInt8], precision: Int) throws -> [SymbolInterval]
  /// `count` texts to be walked side by side; each starts fresh.
  func makeStreams(count: Int) -> any ByteModelStreams
  /// The distribution after each prefix, in any order.
  /// - Parameters:
  ///   - prefixes: texts from where the model starts afresh.
  ///   - precision: frequencies sum to 2^precision, which is 8 … 16.
  ///   - threads: at most so many work.
  ///   - body: gets the prefix's index and 256 frequencies; called from up to `threads` threads.
  func distributions(
    after prefixes: [[UInt8]], precision: Int, threads: Int, body: @Sendable (Int, UnsafeBufferPointer<UInt32>) -> Void)
  /// To be called before many short texts are walked: may spend a second and memory once, so that each restart costs
  /// less. Changes no result.
  func prepareForRestarts(threads: Int)
  func save(to folder: String) throws
}

extension ByteModel {
  public func prepareForRestarts(threads: Int) {}

  /// Of each byte of the text, its interval given the bytes before it.
  /// - Throws: ``TokenizerError/invalidDistribution(reason:)``.
  public func intervals(of text: [UInt8], precision: Int) throws -> [SymbolInterval] {
    var intervals: [SymbolInterval] = []
    intervals.reserveCapacity(text.count)
    try distributions(along: text, precision: precision) { place, frequencies in
      intervals.append(try QuantisedDistribution(frequencies, precision: precision).interval(of: text[place]))
    }
    return intervals
  }

  /// What `body` makes of the distribution after each prefix, in order.
  /// - Throws: what `body` throws, and ``TokenizerError/invalidDistribution(reason:)``.
  public func map<T: Sendable>(
    distributionsAfter prefixes: [[UInt8]], precision: Int, threads: Int,
    _ body: @Sendable (Int, QuantisedDistribution) throws -> T
  ) throws -> [T] {
    let results = Mutex([Result<T, any Error>?](repeating: nil, count: prefixes.count))
    distributions(after: prefixes, precision: precision, threads: threads) { index, frequencies in
      let result = Result { try body(index, QuantisedDistribution(frequencies, precision: precision)) }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { all in
      try all.map { result in
        guard let result else {
          throw TokenizerError.invalidDistribution(reason: "there is none after some of the prefixes asked for")
        }
        return try result.get()
      }
    }
  }
}

/// The state of several texts under one ``ByteModel``. Not shared between threads.
public protocol ByteModelStreams: AnyObject {
  var count: Int { get }
  /// Forgets the stream's text.
  func restart(_ stream: Int)
  /// Appends a byte. True where the next distribution is known already; else ``evaluate()`` makes it known.
  @discardableResult func append(_ byte: UInt8, to stream: Int) -> Bool
  /// Evaluates all that was appended since the last call, in one batch.
  func evaluate()
  /// 256 frequencies with total 2^precision, for the byte after the stream's text.
  func frequencies(of stream: Int, precision: Int, into table: UnsafeMutableBufferPointer<UInt32>)
}

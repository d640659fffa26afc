/// The part of the interval [0, 2^precision) that a byte owns in a quantised distribution.
public struct SymbolInterval: Hashable, Sendable {
  /// Sum of the frequencies of all lower bytes.
  public var cumulative: UInt32
  /// At least 1.
  public var frequency: UInt32

  public init(cumulative: UInt32, frequency: UInt32) {
    self.cumulative = cumulative
    self.frequency = frequency
  }
}

/// A language model over bytes whose integer distributions drive arithmetic coding (the paper's M1).
///
/// All its answers are exact: the same text gives the same integers, one-shot or step by step, on any machine.
public protocol ByteModel: Sendable {
  /// Forward FLOPs for each byte of a long text.
  var flopsPerByte: Double { get }
  /// Identifies the weights: a hash in hexadecimal.
  var fingerprint: String { get }
  /// Of each byte of the text, its interval given the bytes before it. One-shot, on the calling thread.
  /// - Complexity: one forward pass.
  func intervals(of text: [UInt8], precision: Int) -> [SymbolInterval]
  /// `count` texts to be walked side by side; each starts fresh.
  func makeStreams(count: Int) -> any ByteModelStreams
  /// Quantised distributions after each prefix. `body` gets the prefix's index and 256 frequencies.
  func distributions(
    after prefixes: [[UInt8]], precision: Int, threads: Int, body: @Sendable (Int, UnsafeBufferPointer<UInt32>) -> Void)
  /// To be called before many short texts are walked: may spend a second and memory once, so that each restart costs
  /// less. Changes no result.
  func prepareForRestarts(threads: Int)
  func save(to folder: String) throws
}

extension ByteModel {
  public func prepareForRestarts(threads: Int) {}
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

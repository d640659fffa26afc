import Tokenizers

/// Where a window ends and how its text becomes an integer below 2^b.
enum WindowRule: String, Sendable, CaseIterable {
  /// Every prefix keeps one integer for itself: codes and window texts are in bijection (the project's rule, default).
  case reserve
  /// The longest text whose code fits in b bits, padded with zeros (the paper's). Ambiguous.
  case greedy
  /// What the first b bits of the code of the rest of the text determine; needs look-ahead.
  case delay
}

/// One window under one rule, while it is written or read. It knows nothing of models: the distribution after its text
/// so far is handed to it.
protocol Window: Sendable {
  /// The empty window of b bits.
  init(bits: Int, precision: Int)

  /// Encoding: takes the byte in, or says that the window ends before it.
  mutating func take(_ byte: UInt8, _ distribution: QuantisedDistribution) -> Bool
  /// Encoding: whether it takes no more bytes, whichever comes next.
  var isFull: Bool { get }
  /// Encoding: the code of what it took.
  func closed() -> ClosedWindow

  /// Decoding: the next byte of the window with that code, or nil at its end.
  mutating func next(_ code: UInt128, _ distribution: QuantisedDistribution) -> UInt8?
  /// Decoding: whether the window with that code ends here; nil where only the next distribution tells.
  func ends(at code: UInt128) -> Bool?
}

/// What became of a window.
struct ClosedWindow: Equatable {
  /// Below 2^b.
  var code: UInt128
  /// Bytes that the code determines. Fewer than the window took under `delay`: the rest begins the next window.
  var length: Int
  /// Whether the code, read again, goes on beyond them (`greedy`).
  var isAmbiguous = false
}

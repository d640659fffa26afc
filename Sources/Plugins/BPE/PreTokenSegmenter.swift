import Tokenizers

/// Cuts one pre-token into tokens: a pure function of its bytes.
protocol PreTokenSegmenter: Sendable {
  /// Appends the tokens of a pre-token of one byte or more.
  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token])
}

import Tokenizers

/// Cuts one pre-token into tokens: a pure function of its bytes.
protocol PreTokenSegmenter: Sendable {
  /// Appends the tokens of a pre-token of one byte or more. True where it also stands alone: where merges across
  /// pre-tokens do not touch it.
  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) -> Bool
}

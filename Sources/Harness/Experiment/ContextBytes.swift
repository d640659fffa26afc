import Foundation
import Transformer

extension TrainingOptions {
  /// The longest sequence that is trained on.
  static let longestSequence = 1 << 16

  /// Steps of as many tokens, cut into sequences that hold so many bytes of text instead: every tokenizer looks back on
  /// the same text, and still learns from `batch` × `sequenceLength` tokens a step, as nearly as whole sequences allow.
  /// - Parameter bytesPerToken: measured on training text.
  /// - Throws: ``HarnessError/cell(_:)`` for fewer than two tokens, and for more than are trained on.
  func lookingBack(bytes: Int, bytesPerToken: Double) throws -> TrainingOptions {
    let tokens = (Double(bytes) / bytesPerToken).rounded()
    guard tokens >= 2 else {
      throw HarnessError.cell(
        String(format: "contextBytes %d is fewer than two tokens of %.1f bytes; raise it", bytes, bytesPerToken))
    }
    guard tokens <= Double(Self.longestSequence) else {
      throw HarnessError.cell("contextBytes \(bytes) is more than \(Self.longestSequence) tokens; lower it")
    }
    var options = self
    options.sequenceLength = Int(tokens)
    options.batch = max(1, Int((Double(tokensPerStep) / tokens).rounded()))
    return options
  }
}

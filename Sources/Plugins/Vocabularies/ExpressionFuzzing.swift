import Tokenizers

/// For the project's fuzzer alone: what reads the expressions of a tokenizer.json.
@_spi(Fuzzing)
public enum ExpressionReaders {
  /// Cuts a short text by an expression, in every way that a Split may.
  /// - Returns: what must not happen and does, a sentence; nil where the expression is refused, or cuts.
  public static func problem(_ bytes: [UInt8]) -> String? {
    let text = Array("aS\u{df}1 \u{4e2d}\n!".utf8)
    do {
      let expression = try OnigurumaExpression.translated(String(decoding: bytes, as: UTF8.self))
      for behavior in SplitBehavior.allCases {
        let preTokenizer = try PreTokenizer(expression: behavior.pieces(of: expression, inverted: false))
        if preTokenizer.mayMatchNothing { continue }
        var pieces: [[UInt8]] = []
        try text.withUnsafeBufferPointer { text in
          try PreTokenMatcher(preTokenizer).forEach(in: text) { pieces.append(Array($0)) }
        }
        guard Array(pieces.joined()) == text, !pieces.contains([]) else {
          return "the pieces of a text are not the text"
        }
      }
    } catch is OnigurumaExpression.Unsupported {
    } catch is PreTokenizer.Malformed {
    } catch { return "an error of another kind: \(error)" }
    return nil
  }
}

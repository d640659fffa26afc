/// How the matches of an expression cut a text, as Hugging Face's Split names it.
enum SplitBehavior: String, CaseIterable {
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// The expression whose matches, and what lies between them, are the pieces that this behaviour cuts with the matches
  /// of another one.
  /// - Parameter inverted: whether the pieces between the matches are taken for the matches.
  func pieces(of expression: String, inverted: Bool) -> String {
    switch (self, inverted) {
    case (.isolated, _): expression
    case (.contiguous, _): "(?:(?>\(expression)))++"
    // What lies before a match and the match: it is found from where the last one ended (\G), as in a search.
    case (.mergedWithPrevious, false), (.mergedWithNext, true): "\\G(?s:.*?)(?:\(expression))"
    // A match and what follows, up to where the next one begins.
    case (.mergedWithNext, false), (.mergedWithPrevious, true): "(?:\(expression))(?s:(?!\(expression)).)*+"
    }
  }
}

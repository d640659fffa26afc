/// Where the pre-tokens of a text begin, for whoever compares tokens with them.
public struct PreTokenStarts {
  private let matcher: PreTokenMatcher

  public init(_ pattern: SplitPattern) throws { matcher = PreTokenMatcher(try PreTokenizer(pattern)) }

  /// The places, rising; the first is 0, unless the text is empty.
  public func callAsFunction(_ text: [UInt8]) throws -> [Int] {
    var starts: [Int] = []
    var place = 0
    try text.withUnsafeBufferPointer { text in
      try matcher.forEach(in: text) { piece in
        starts.append(place)
        place += piece.count
      }
    }
    return starts
  }
}

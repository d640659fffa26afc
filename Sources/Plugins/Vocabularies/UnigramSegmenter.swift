import Tokenizers

/// The most probable tokens of a pre-token under a unigram language model: those with the highest sum of scores, found
/// exactly. A character that no token is, scored below all tokens, is its bytes.
/// - Source: Kudo 2018, Subword Regularization, section 3.1; of equal sums the one that the library finds first.
struct UnigramSegmenter: PreTokenSegmenter {
  private let texts: TextIDs
  private let trie: VocabularyTrie
  /// Log probabilities by place in the table.
  private let scores: [Double]
  private let unknownScore: Double
  /// The place of the token that the library gives to what is unknown.
  private let unknownToken: Token?

  /// How much less probable than the least probable token a character is that none is.
  private static let unknownPenalty = 10.0
  /// A path's last token where it is no token.
  private static let unknown = Token.max

  /// - Parameters:
  ///   - scores: natural logarithms, by place in the texts' table.
  ///   - lowest: of the whole vocabulary.
  ///   - unknown: the id of the token for what is unknown, if there is one.
  init(_ texts: TextIDs, scores: [Double], lowest: Double, unknown: Token?) {
    self.texts = texts
    self.scores = scores
    trie = VocabularyTrie(texts.table)
    unknownScore = lowest - Self.unknownPenalty
    unknownToken = unknown.flatMap { texts.ids.firstIndex(of: $0) }.map { Token($0) }
  }

  /// The best path to a place: its score, its last token's place in the table, and where that begins.
  private struct Path {
    var score: Double
    var token: Token
    var start: Int32
  }

  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    var position = 0
    while position < piece.count {
      let (end, isText) = texts.isByteLevel ? (piece.count, true) : utf8Stretch(in: piece, from: position)
      let stretch = UnsafeBufferPointer(rebasing: piece[position..<end])
      if isText {
        segment(text: stretch, into: &tokens)
      } else {
        for byte in stretch { tokens.append(texts.byteIDs[Int(byte)]) }
      }
      position = end
    }
  }

  /// - Complexity: O(bytes × bytes of the longest token).
  private func segment(text: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    let none: Int32 = -1
    var paths = [Path](repeating: Path(score: 0, token: Self.unknown, start: none), count: text.count + 1)
    paths.withUnsafeMutableBufferPointer { paths in
      @inline(__always) func offer(_ token: Token, _ score: Double, _ start: Int, _ end: Int) {
        if paths[end].start == none || score > paths[end].score {
          paths[end] = Path(score: score, token: token, start: Int32(truncatingIfNeeded: start))
        }
      }
      var start = 0
      while start < text.count {
        let length = texts.isByteLevel ? 1 : TextIDs.scalarLength(text[start])
        let score = paths[start].score
        var isToken = false
        trie.forEachToken(at: start, of: text) { token, end in
          offer(token, scores[Int(token)] + score, start, end)
          if end == start &+ length { isToken = true }
        }
        if !isToken { offer(Self.unknown, unknownScore + score, start, start &+ length) }
        start &+= length
      }
    }
    func isUnknown(_ end: Int) -> Bool { paths[end].token == Self.unknown || paths[end].token == unknownToken }
    let first = tokens.count
    var end = text.count
    while end > 0 {
      let path = paths[end]
      var start = Int(path.start)
      if isUnknown(end) {
        while start > 0, isUnknown(start) { start = Int(paths[start].start) }
      }
      // The unknown token's own letters are that token where they stand alone; with what is unknown beside them, they are
      // unknown as well.
      if isUnknown(end), path.token == Self.unknown || start < path.start {
        for byte in text[start..<end].reversed() { tokens.append(texts.byteIDs[Int(byte)]) }
      } else {
        tokens.append(texts.ids[Int(path.token)])
      }
      end = start
    }
    tokens[first...].reverse()
  }
}

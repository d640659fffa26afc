import Tokenizers

/// Cuts into tokens whose costs are least together; of several ways the one whose last token is the longest, then the one
/// before it, and so on.
///
/// With -log2 of the tokens' probabilities as costs it is the most probable segmentation under a unigram model
/// (`segmenter=unigram`; Kudo 2018, section 3.2); with equal costs it takes as few tokens as possible.
struct LeastCostSegmenter: PreTokenSegmenter {
  private let trie: VocabularyTrie
  /// Of each token; at least 1.
  private let costs: [UInt32]

  init(_ vocabulary: BPEVocabulary, costs: [UInt32]) {
    precondition(costs.count == vocabulary.count, "every token has a cost")
    trie = VocabularyTrie(vocabulary)
    self.costs = costs
  }

  /// A way to a place of a text: what it costs, its last token, and where that one begins.
  private typealias Path = (cost: UInt64, token: Token, start: Int)

  /// The best way to every place.
  private func paths(_ piece: UnsafeBufferPointer<UInt8>, without unwanted: Token?) -> [Path] {
    var paths = [Path](repeating: (.max, 0, 0), count: piece.count + 1)
    paths[0].cost = 0
    paths.withUnsafeMutableBufferPointer { paths in
      costs.withUnsafeBufferPointer { costs in
        // Every byte is a token, so every place is reached before it is left.
        for start in 0..<piece.count {
          let before = paths[start].cost
          // An earlier start was there first: of equal ways the longest last token stays.
          trie.forEachToken(at: start, of: piece) { token, end in
            let cost = before &+ UInt64(costs[Int(token)])
            if cost < paths[end].cost, token != unwanted { paths[end] = (cost, token, start) }
          }
        }
      }
    }
    return paths
  }

  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    let paths = paths(piece, without: nil)
    let first = tokens.count
    var end = piece.count
    while end > 0 {
      tokens.append(paths[end].token)
      end = paths[end].start
    }
    tokens[first...].reverse()
  }

  /// What a text costs where one token, no single byte, may not be used.
  func cost(of piece: UnsafeBufferPointer<UInt8>, without token: Token) -> UInt64 {
    paths(piece, without: token)[piece.count].cost
  }
}

import HeapModule
import Tokenizers

/// `segmenter=merges`: from single bytes on, the merge of lowest rank is applied, the leftmost of several, until there
/// is none.
/// - Source: Sennrich, Haddow & Birch 2016, section 3.2; over bytes: Radford et al. 2019, section 2.2.
struct MergeSegmenter: PreTokenSegmenter {
  private enum Way {
    case onePass(OnePassMerges)
    /// One merge after the other, for vocabularies that ``OnePassMerges`` is not for.
    case oneByOne(PairTable)
  }
  private let vocabulary: BPEVocabulary
  private let way: Way
  /// Of each token, whether a pre-token that is the token is looked up: where merging its bytes would be longer, or give
  /// other tokens. Empty where there is none.
  private let isLookedUp: [Bool]

  /// Above so many symbols a heap finds the next merge; below, a look through all is faster.
  static let fewSymbols = 48

  /// - Parameter takesWholeTokens: whether a pre-token that is a token becomes it, whatever merges would make of it, as
  ///   in tiktoken and under `ignore_merges` of Hugging Face.
  init(_ vocabulary: BPEVocabulary, takesWholeTokens: Bool = false) {
    self.vocabulary = vocabulary
    if let merges = OnePassMerges(vocabulary) {
      way = .onePass(merges)
      let others = (0..<vocabulary.count).map { takesWholeTokens && !merges.isMade($0) }
      isLookedUp = others.contains(true) ? others : []
      return
    }
    let merges = PairTable(vocabulary.rules)
    way = .oneByOne(merges)
    isLookedUp = (0..<vocabulary.count).map { token in
      if takesWholeTokens { return true }
      var symbols: [Token] = []
      Array(vocabulary.tokens[token]).withUnsafeBufferPointer {
        Self.merge($0, vocabulary.byteTokens, merges, into: &symbols)
      }
      return symbols == [Token(token)]
    }
  }

  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    if !isLookedUp.isEmpty, piece.count <= vocabulary.longest, let token = vocabulary.tokens.index(of: piece),
      isLookedUp[token]
    {
      tokens.append(Token(token))
      return
    }
    switch way {
    case .onePass(let merges): merges.segment(piece, into: &tokens)
    case .oneByOne(let merges): Self.merge(piece, vocabulary.byteTokens, merges, into: &tokens)
    }
  }

  private static func merge(
    _ piece: UnsafeBufferPointer<UInt8>, _ byteTokens: [Token], _ merges: PairTable, into tokens: inout [Token]
  ) {
    if piece.count <= fewSymbols {
      withUnsafeTemporaryAllocation(of: Token.self, capacity: fewSymbols) { symbols in
        for (i, byte) in piece.enumerated() { symbols[i] = byteTokens[Int(byte)] }
        let count = mergeFew(symbols, piece.count, merges)
        tokens.append(contentsOf: symbols[..<count])
      }
    } else {
      var symbols = piece.map { byteTokens[Int($0)] }
      mergeMany(&symbols, merges)
      tokens += symbols
    }
  }

  /// Merges the first `count` symbols in place. Returns how many are left.
  /// - Complexity: O(count²), with a small constant.
  static func mergeFew(
    _ symbols: UnsafeMutableBufferPointer<Token>, _ count: Int, _ merges: PairTable
  ) -> Int {
    withUnsafeTemporaryAllocation(of: PairTable.Merge.self, capacity: fewSymbols) { due in
      var count = count
      for i in 0..<max(0, count - 1) { due[i] = merges[symbols[i], symbols[i + 1]] }
      while count > 1 {
        var best = PairTable.none
        var place = 0
        for i in 0..<count &- 1 where due[i] < best {
          best = due[i]
          place = i
        }
        if best == PairTable.none { break }
        symbols[place] = PairTable.result(best)
        count &-= 1
        var i = place &+ 1
        while i < count {
          symbols[i] = symbols[i &+ 1]
          due[i &- 1] = due[i]
          i &+= 1
        }
        if place > 0 { due[place &- 1] = merges[symbols[place &- 1], symbols[place]] }
        if place < count &- 1 { due[place] = merges[symbols[place], symbols[place &+ 1]] }
      }
      return count
    }
  }

  /// Merges symbols in place.
  /// - Complexity: O(n log n).
  static func mergeMany(_ symbols: inout [Token], _ merges: PairTable) {
    let dead = Token.max
    let count = symbols.count
    guard count > 1 else { return }
    var next = Array(Int32(1)...Int32(count))
    var previous = Array(Int32(-1)..<Int32(count - 1))
    symbols.withUnsafeMutableBufferPointer { symbols in
      // Rank and place: the lowest is due first, the leftmost of several. What no longer holds is found out when it
      // comes up.
      var due = Heap<UInt64>(
        (0..<count - 1).compactMap { i in
          let merge = merges[symbols[i], symbols[i + 1]]
          return merge == PairTable.none ? nil : (merge >> 32) << 32 | UInt64(i)
        })
      func add(_ left: Int, _ right: Int) {
        let merge = merges[symbols[left], symbols[right]]
        if merge != PairTable.none { due.insert((merge >> 32) << 32 | UInt64(left)) }
      }
      while let first = due.popMin() {
        let left = Int(first & 0xFFFF_FFFF)
        let right = Int(next[left])
        guard symbols[left] != dead, right < count else { continue }
        let merge = merges[symbols[left], symbols[right]]
        guard merge != PairTable.none, merge >> 32 == first >> 32 else { continue }
        symbols[left] = PairTable.result(merge)
        symbols[right] = dead
        let after = Int(next[right])
        next[left] = Int32(after)
        if after < count {
          previous[after] = Int32(left)
          add(left, after)
        }
        if previous[left] >= 0 { add(Int(previous[left]), left) }
      }
    }
    symbols.removeAll { $0 == dead }
  }
}

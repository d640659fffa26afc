import Tokenizers

/// What merges make of a text, found from left to right without applying them; docs/bpe.md says why it is the same.
///
/// Two tokens are *stable* where merges make of their bytes together just these two. A row of tokens is what merges make
/// of its bytes where each is stable beside the next, and every text has one such row. So the longest token that is
/// stable beside the last one is taken, a shorter one where that leads nowhere.
///
/// `@unchecked Sendable`: written in init, never after; the memory ends in deinit.
/// - Source: Berglund & van der Merwe 2023, Formalizing BPE Tokenization (when merges may be looked at locally); van
///   Antwerpen & Neubeck 2024, So many tokens, so little time (the search and the check of pairs).
final class OnePassMerges: @unchecked Sendable {
  /// How a token comes about. 16 bytes: one look at memory.
  private struct Origin {
    /// What the token is merged from.
    var left: Token = 0
    var right: Token = 0
    /// The rank of that merge plus one; 0: it is a byte, or nothing makes it.
    var time: UInt32 = 0
    var byteCount: UInt32 = 0
    /// Whether its bytes alone become it.
    var isMade: Bool { time > 0 || byteCount == 1 }
  }
  private let origins: UnsafeMutableBufferPointer<Origin>
  /// Of each token, the longest other one that it begins with; ``none`` of a byte.
  private let shorter: UnsafeMutableBufferPointer<Token>
  private static let none = Token.max
  /// The merges that make tokens.
  private let merges: PairTable
  private let trie: VocabularyTrie

  /// Nil where merges do not happen in the order of their ranks alone: where one of low rank needs a token that one of
  /// higher rank makes. No trainer makes such vocabularies, but a file may.
  init?(_ vocabulary: BPEVocabulary) {
    origins = .allocate(capacity: vocabulary.count)
    shorter = .allocate(capacity: vocabulary.count)
    shorter.initialize(repeating: Self.none)
    for token in 0..<vocabulary.count {
      origins.initializeElement(at: token, to: Origin(byteCount: UInt32(vocabulary.tokens[token].count)))
    }
    let merges = PairTable(capacity: vocabulary.count), origins = origins
    self.merges = merges
    // Of all ways to a token the one that its own bytes take is the only one that any text takes.
    let rules = vocabulary.rules.sorted { $0.rank < $1.rank }
    var last: UInt32 = 0
    var isOrdered = true
    for rule in rules {
      let (left, right, result) = (Int(rule.left), Int(rule.right), Int(rule.result))
      guard !origins[result].isMade, origins[left].isMade, origins[right].isMade,
        Self.isStable(rule.left, rule.right, origins, merges)
      else { continue }
      let time = UInt32(rule.rank) + 1
      isOrdered = isOrdered && time > last
      last = time
      (origins[result].left, origins[result].right, origins[result].time) = (rule.left, rule.right, time)
      merges.insert(rule)
    }
    isOrdered =
      isOrdered
      && rules.allSatisfy { rule in
        origins[Int(rule.result)].isMade || !origins[Int(rule.left)].isMade || !origins[Int(rule.right)].isMade
          || !Self.isStable(rule.left, rule.right, origins, merges)
      }
    trie = VocabularyTrie(vocabulary.tokens, where: { isOrdered && origins[$0].isMade })
    guard isOrdered else { return nil }
    for token in 0..<vocabulary.count where origins[token].isMade {
      Array(vocabulary.tokens[token]).withUnsafeBufferPointer { bytes in
        trie.forEachToken(at: 0, of: bytes) { prefix, end in if end < bytes.count { shorter[token] = prefix } }
      }
    }
  }

  deinit {
    origins.deallocate()
    shorter.deallocate()
  }

  /// Whether a token's bytes alone become it.
  func isMade(_ token: Int) -> Bool { origins[token].isMade }

  /// Whether merges make of two tokens' bytes these two: the merges that made them are undone, the latest first, and no
  /// pair that stands at their border on the way may have merged by then.
  /// - Complexity: as many looks at two tables as merges made the left one's end and the right one's beginning.
  @inline(__always)
  private static func isStable(
    _ left: Token, _ right: Token, _ origins: UnsafeMutableBufferPointer<Origin>, _ merges: PairTable
  ) -> Bool {
    var (left, right) = (left, right)
    var end = PairTable.none
    while true {
      if merges[left, right] < end { return false }
      let (before, after) = (origins[Int(left)], origins[Int(right)])
      if before.time > after.time {
        // Of merges of one rank the left one came first: a merge across the border of the same rank came too late.
        end = UInt64(before.time &- 1) << 32
        left = before.right
      } else if after.time > 0 {
        // … or in time.
        end = UInt64(after.time) << 32
        right = after.left
      } else {
        return true
      }
    }
  }

  /// Appends the tokens of a text of one byte or more.
  /// - Complexity: O(n) for text; O(n · the longest token) at worst.
  func segment(_ text: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    withUnsafeTemporaryAllocation(of: Token.self, capacity: text.count) { found in
      // Of each place, whether it is known that no row of tokens goes on from there.
      withUnsafeTemporaryAllocation(of: Bool.self, capacity: text.count + 1) { isDead in
        isDead.initialize(repeating: false)
        var count = 0
        var position = 0
        var token = trie.longestToken(at: 0, of: text)
        while true {
          if token == Self.none {
            precondition(count > 0, "a text without an encoding, though every byte is a token")
            isDead[position] = true
            count &-= 1
            token = found[count]
            position &-= Int(origins[Int(token)].byteCount)
          }
          let end = position &+ Int(origins[Int(token)].byteCount)
          if !isDead[end], count == 0 || Self.isStable(found[count &- 1], token, origins, merges) {
            found[count] = token
            count &+= 1
            position = end
            if position == text.count { break }
            token = trie.longestToken(at: position, of: text)
          } else {
            token = shorter[Int(token)]
          }
        }
        tokens.append(contentsOf: found[..<count])
      }
    }
  }
}

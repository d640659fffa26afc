import Tokenizers

/// The tokens of a vocabulary, or any byte strings, as a byte trie: all that begin at a place of a text, in one walk.
///
/// `@unchecked Sendable`: written in init, never after; the memory ends in deinit.
final class VocabularyTrie: @unchecked Sendable {
  /// A slot's id is the token that ends there, or ``none``.
  private let slots: UnsafeMutableBufferPointer<UInt64>
  private static let none = Token(DoubleArrayTrie.Slot.largestID)

  convenience init(_ vocabulary: BPEVocabulary) { self.init(vocabulary.tokens) }

  /// - Parameters:
  ///   - strings: of a byte or more each; the tokens are their places in the table.
  ///   - isChosen: of each place, whether the string is found; all where it is left out.
  init(_ strings: ByteStringTable, where isChosen: (Int) -> Bool = { _ in true }) {
    // The array holds all single bytes, whether they are strings of the table or not.
    var texts = (UInt8.min...UInt8.max).map { [$0] }
    var isKnown = ByteStringTable(capacity: 2 * strings.count)
    for byte in texts { _ = isKnown.insert(byte) }
    for string in 0..<strings.count where isChosen(string) {
      let bytes = strings[string]
      for length in 1...bytes.count where isKnown.insert(bytes.prefix(length)).isNew {
        texts.append(Array(bytes.prefix(length)))
      }
    }
    texts.sort { $0.lexicographicallyPrecedes($1) }
    let tokens = texts.map { text in
      strings.index(of: text).flatMap { isChosen($0) ? Token($0) : nil } ?? Self.none
    }
    let made = DoubleArrayTrie.slots(of: texts)
    slots = .allocate(capacity: made.count)
    for (place, bits) in made.enumerated() {
      var slot = DoubleArrayTrie.Slot(bits: UInt64(littleEndian: bits))
      if slot.label < 256 { slot = .init(label: slot.label, base: slot.base, id: Int(tokens[Int(slot.id)])) }
      slots.initializeElement(at: place, to: slot.bits.littleEndian)
    }
  }

  deinit { slots.deallocate() }

  /// The tokens that `text` goes on with at `start`, shortest first.
  @inline(__always)
  func forEachToken(
    at start: Int, of text: UnsafeBufferPointer<UInt8>, _ body: (_ token: Token, _ end: Int) -> Void
  ) {
    var base = DoubleArrayTrie.root
    var position = start
    while position < text.count {
      let byte = Int(text[position])
      let slot = DoubleArrayTrie.Slot(bits: UInt64(littleEndian: slots[base ^ byte]))
      if slot.label != byte { return }
      position &+= 1
      if slot.id != Self.none { body(slot.id, position) }
      base = slot.base
    }
  }
}

extension VocabularyTrie {
  /// The longest token that `text` goes on with at `start`. There is one where every byte is a token.
  @inline(__always)
  func longestToken(at start: Int, of text: UnsafeBufferPointer<UInt8>) -> Token {
    var longest: Token = 0
    forEachToken(at: start, of: text) { token, _ in longest = token }
    return longest
  }
}

/// `segmenter=greedy`: from left to right, the longest token that fits.
struct GreedySegmenter: PreTokenSegmenter {
  private let trie: VocabularyTrie
  init(_ vocabulary: BPEVocabulary) { trie = VocabularyTrie(vocabulary) }

  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    var position = 0
    while position < piece.count {
      var best: (token: Token, end: Int) = (0, position)
      trie.forEachToken(at: position, of: piece) { best = ($0, $1) }
      tokens.append(best.token)
      position = best.end
    }
  }
}

/// `segmenter=path`: as few tokens as possible; of several ways the one whose last token is the longest, then the one
/// before it, and so on.
/// - Source: Schmidt et al. 2024, Tokenization Is More Than Compression, section 3.1 (PathPiece with longest tokens).
struct FewestTokensSegmenter: PreTokenSegmenter {
  private let trie: VocabularyTrie
  init(_ vocabulary: BPEVocabulary) { trie = VocabularyTrie(vocabulary) }

  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    /// Of each prefix: tokens of its shortest path, the last of them, and where that one begins.
    var paths = [(count: Int, token: Token, start: Int)](repeating: (.max, 0, 0), count: piece.count + 1)
    paths[0].count = 0
    paths.withUnsafeMutableBufferPointer { paths in
      for start in 0..<piece.count {
        let count = paths[start].count + 1
        // An earlier start was there first: of equal paths the longest last token stays.
        trie.forEachToken(at: start, of: piece) { token, end in
          if count < paths[end].count { paths[end] = (count, token, start) }
        }
      }
    }
    let first = tokens.count
    var end = piece.count
    while end > 0 {
      tokens.append(paths[end].token)
      end = paths[end].start
    }
    tokens[first...].reverse()
  }
}

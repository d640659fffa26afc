import Tokenizers

/// Merges of a vocabulary that does not have all 256 bytes as tokens, so that ``MergeSegmenter`` has nothing to begin
/// with: from characters on, the merge of lowest rank is applied, the leftmost of several. A character without a token is
/// its bytes.
/// - Source: Sennrich, Haddow & Birch 2016, section 3.2.
struct SymbolMergeSegmenter: PreTokenSegmenter {
  let texts: TextIDs
  let merges: PairTable
  /// Whether a pre-token that is a token becomes it, whatever merges would make of it (`ignore_merges`).
  let takesWholeTokens: Bool

  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    if takesWholeTokens, let token = texts.id(of: piece) {
      tokens.append(token)
      return
    }
    var symbols: [Token] = []
    symbols.reserveCapacity(piece.count)
    texts.forEachCharacter(of: piece) { character, isText in
      if isText, let token = texts.id(of: character) {
        symbols.append(token)
      } else {
        for byte in character { symbols.append(texts.byteIDs[Int(byte)]) }
      }
    }
    if symbols.count > MergeSegmenter.fewSymbols {
      MergeSegmenter.mergeMany(&symbols, merges)
      tokens += symbols
    } else {
      let count = symbols.withUnsafeMutableBufferPointer { MergeSegmenter.mergeFew($0, $0.count, merges) }
      tokens += symbols[..<count]
    }
  }
}

/// The tokens of a vocabulary by their text, and what bytes without a token become.
struct TextIDs: Sendable {
  /// Texts that tokens are chosen for.
  let table: ByteStringTable
  /// By place in the table.
  let ids: [Token]
  /// Of every byte.
  let byteIDs: [Token]
  /// Whether a byte is a character, as in vocabularies of ByteLevel; otherwise a Unicode scalar is.
  let isByteLevel: Bool

  func id(of text: UnsafeBufferPointer<UInt8>) -> Token? { table.index(of: text).map { ids[$0] } }

  /// The characters in order. What is no UTF-8 comes byte by byte, and is no text.
  @inline(__always)
  func forEachCharacter(
    of text: UnsafeBufferPointer<UInt8>, _ body: (_ character: UnsafeBufferPointer<UInt8>, _ isText: Bool) -> Void
  ) {
    var position = 0
    while position < text.count {
      let (end, isText) = isByteLevel ? (text.count, true) : utf8Stretch(in: text, from: position)
      while position < end {
        let length = isText && !isByteLevel ? Self.scalarLength(text[position]) : 1
        body(UnsafeBufferPointer(rebasing: text[position..<position &+ length]), isText)
        position &+= length
      }
    }
  }

  /// Bytes of the scalar of valid UTF-8 that begins so.
  @inline(__always)
  static func scalarLength(_ first: UInt8) -> Int { first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4 }
}

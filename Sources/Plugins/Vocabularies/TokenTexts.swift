import Tokenizers

/// What each id of a vocabulary stands for. Ids that no token has are holes.
struct TokenTexts: Sendable {
  /// Ids above would be a damaged file, and much memory.
  static let mostTokens = 1 << 24

  private let starts: [UInt32]
  private let bytes: [UInt8]
  private let isToken: [Bool]

  /// - Parameter texts: by id; nil for a hole.
  /// - Throws: ``VocabularyError`` for more text than 4 GiB.
  init(_ texts: [[UInt8]?]) throws {
    var starts: [UInt32] = [0]
    var bytes: [UInt8] = []
    for text in texts {
      bytes += text ?? []
      guard let end = UInt32(exactly: bytes.count + TextTable.slack) else {
        throw VocabularyError("its tokens have more than 4 GiB together")
      }
      starts.append((end - UInt32(TextTable.slack)).littleEndian)
    }
    self.starts = starts
    self.bytes = bytes + [UInt8](repeating: 0, count: TextTable.slack)
    isToken = texts.map { $0 != nil }
  }

  /// One more than the highest id.
  var count: Int { isToken.count }

  /// Whether it is a token's id, and no hole.
  func contains(_ id: Token) -> Bool { id < count && isToken[Int(id)] }

  func byteCount(of id: Token) -> Int {
    Int(UInt32(littleEndian: starts[Int(id) + 1]) - UInt32(littleEndian: starts[Int(id)]))
  }

  /// The texts of ids below ``count`` one after another, at most `most` bytes of them.
  func text(of ids: [Token], most: Int) -> [UInt8] {
    starts.withUnsafeBufferPointer { starts in
      bytes.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return [] }
        return TextTable(starts: starts, bytes: base).text(of: ids, byteCount: most).text
      }
    }
  }
}

/// What is no vocabulary, in a sentence; whoever reads the file says which one.
typealias VocabularyError = BPEVocabularyError

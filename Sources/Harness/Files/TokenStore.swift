import Foundation
import Support
import Tokenizers
import Transformer

/// Tokens in memory-mapped files, one after another: two bytes each up to a vocabulary of 65,536, else four.
public struct TokenStore: Sendable {
  private let files: [MappedFile]
  let paths: [String]
  /// Where each file's tokens begin, and the end of the last.
  private let starts: [Int]
  let isWide: Bool
  private let vocabularySize: Int
  public let count: Int

  static func isWide(vocabularySize: Int) -> Bool { vocabularySize > 1 << 16 }

  /// - Parameter limit: the tokens after the first so many are not there.
  /// - Throws: ``FileError`` for a file that cannot be mapped, or that holds half a token.
  init(paths: [String], vocabularySize: Int, limit: Int) throws {
    let isWide = Self.isWide(vocabularySize: vocabularySize)
    var starts = [0]
    files = try paths.map { path in
      let file = try MappedFile(path: path), width = isWide ? 4 : 2
      guard file.bytes.count % width == 0 else { throw FileError(path, "is damaged: it ends inside a token") }
      starts.append((starts.last ?? 0) + file.bytes.count / width)
      return file
    }
    self.paths = paths
    self.isWide = isWide
    self.vocabularySize = vocabularySize
    self.starts = starts
    count = min(limit, starts.last ?? 0)
  }

  /// The i-th token. A token outside the vocabulary cannot come out: the file would not be of this vocabulary.
  public subscript(i: Int) -> Int32 {
    precondition(i >= 0 && i < count, "token \(i) of \(count)")
    // The last file that begins at or before i.
    var (file, end) = (0, files.count)
    while end - file > 1 {
      let middle = (file + end) / 2
      if starts[middle] <= i { file = middle } else { end = middle }
    }
    let bytes = files[file].bytes, place = i - starts[file]
    let token =
      isWide
      ? Int(bytes.loadUnaligned(fromByteOffset: place * 4, as: UInt32.self).littleEndian)
      : Int(bytes.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self).littleEndian)
    precondition(token < vocabularySize, "token \(token) in a vocabulary of \(vocabularySize)")
    return Int32(truncatingIfNeeded: token)
  }

  /// Counts of every id.
  func histogram() -> [Int] {
    var counts = [Int](repeating: 0, count: vocabularySize)
    for i in 0..<count { counts[Int(self[i])] += 1 }
    return counts
  }

  /// Writes the tokens of examples, one after another.
  /// - Throws: ``FileError``.
  static func write(_ examples: [[Token]], vocabularySize: Int, to path: String) throws {
    let isWide = isWide(vocabularySize: vocabularySize)
    try writeFile(path) { file in
      for tokens in examples {
        if isWide {
          try tokens.map(\.littleEndian).withUnsafeBytes { try file.write($0) }
        } else {
          try tokens.map { UInt16(truncatingIfNeeded: $0).littleEndian }.withUnsafeBytes { try file.write($0) }
        }
      }
    }
  }
}

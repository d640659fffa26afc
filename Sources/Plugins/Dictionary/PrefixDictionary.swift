import Foundation
import Support
import Tokenizers

/// A fixed set of texts, each with an id: encoding takes the longest text that fits, again and again; decoding looks
/// texts up. What a compiled codebook, `M1Dictionary` without cuts (longest match) and `LZWDictionary` are.
///
/// The set holds every single byte and, with a text, all its prefixes; ids are the texts' places in sorted order. So
/// a walk down a ``DoubleArrayTrie`` encodes, and where it stops is always a text of the set; a ``TextTable`` decodes.
/// Both lie in one file, used from memory as it is (integers little-endian, the slots 8-byte aligned):
///
/// | bytes | what |
/// | --- | --- |
/// | 8 | `PREFDICT` |
/// | 4 × 4 | format, number of texts, slots of the trie, bytes of all texts |
/// | 32 | fingerprint of the M1 that it was compiled from, zero-padded; zeros where there is none |
/// | 8 each | slots |
/// | 4 each | where each text starts, and where the last one ends |
/// | … | the texts, then 16 zeros and zeros up to a multiple of 8 |
/// | 4 | CRC-32 of all before |
struct PrefixDictionary: Sendable {
  private let image: MappedFile
  private let header: Header

  /// Texts, and so ids.
  var count: Int { header.texts }

  static let fileName = "dictionary.bin"

  /// The file's beginning, and where its parts are.
  private struct Header {
    static let magic = Array("PREFDICT".utf8)
    static let format = 3
    static let fingerprintSize = 32
    static let size = 8 + 4 * 4 + fingerprintSize
    static let crcSize = 4

    let texts: Int
    let slots: Int
    let textBytes: Int

    var startsOffset: Int { Self.size + 8 * slots }
    var textsOffset: Int { startsOffset + 4 * (texts + 1) }
    /// Before the CRC.
    var fileSize: Int { (textsOffset + textBytes + TextTable.slack + 7) / 8 * 8 }
  }

  // A view is made of the image for every use; the image lives as long as this value.
  private var trie: DoubleArrayTrie {
    DoubleArrayTrie(slots: numbers(at: Header.size, header.slots))
  }
  private var table: TextTable? {
    image.bytes.baseAddress.map {
      TextTable(starts: numbers(at: header.startsOffset, header.texts + 1), bytes: $0 + header.textsOffset)
    }
  }
  private func numbers<T>(at offset: Int, _ count: Int) -> UnsafeBufferPointer<T> {
    assert(offset % MemoryLayout<T>.alignment == 0 && offset + count * MemoryLayout<T>.size <= image.bytes.count)
    return UnsafeRawBufferPointer(rebasing: image.bytes[offset..<offset + count * MemoryLayout<T>.size])
      .assumingMemoryBound(to: T.self)
  }

  /// Ids of the texts that make up `text`, each the longest that fits.
  func encode(_ text: [UInt8]) -> [UInt32] { withExtendedLifetime(image) { trie.longestMatches(in: text) } }

  /// The text of ids below ``count``, stopped at `byteCount` ≥ 0 bytes; `used`: the ids begun; `isWhole`: whether the
  /// last one's text fitted.
  func decode(_ ids: [UInt32], byteCount: Int) -> (text: [UInt8], used: Int, isWhole: Bool) {
    withExtendedLifetime(image) { table?.text(of: ids, byteCount: byteCount) ?? ([], 0, true) }
  }

  /// Of each id below ``count``, how many bytes its text has.
  func byteCounts(of ids: [UInt32]) -> [Int] {
    withExtendedLifetime(image) { table.map { table in ids.map { table.byteCount(of: Int($0)) } } ?? [] }
  }

  // MARK: Making one

  /// - Parameters:
  ///   - sortedTexts: every single byte, and with a text all its prefixes; in byte order.
  ///   - fingerprint: of the M1, at most 32 bytes of ASCII.
  init(sortedTexts texts: [[UInt8]], fingerprint: String) {
    precondition(fingerprint.utf8.count <= Header.fingerprintSize, "a fingerprint has at most 32 digits")
    let slots = DoubleArrayTrie.slots(of: texts)
    header = Header(texts: texts.count, slots: slots.count, textBytes: texts.reduce(0) { $0 + $1.count })
    var file = Header.magic
    file.reserveCapacity(header.fileSize + Header.crcSize)
    func append(_ value: Int) {
      withUnsafeBytes(of: UInt32(value).littleEndian) { file.append(contentsOf: $0) }
    }
    for value in [Header.format, header.texts, header.slots, header.textBytes] { append(value) }
    file += Array(fingerprint.utf8)
    file += [UInt8](repeating: 0, count: Header.size - file.count)
    slots.withUnsafeBytes { file.append(contentsOf: $0) }
    var start = 0
    for text in texts {
      append(start)
      start += text.count
    }
    append(start)
    for text in texts { file += text }
    file += [UInt8](repeating: 0, count: header.fileSize - file.count)
    append(Int(file.withUnsafeBytes { crc32($0) }))
    image = MappedFile(copying: file)
  }

  // MARK: File

  func write(to path: String) throws { try writeAtomically(image.bytes, to: path) }

  /// Maps a file that ``write(to:)`` wrote. Everything that a walk or a look-up relies on is checked.
  /// - Throws: ``TokenizerError/damagedFile(_:reason:)``; `FileError` for a file that cannot be read.
  init(path: String, count: Int, fingerprint: String) throws {
    func refuse(_ reason: String) -> TokenizerError { .damagedFile(path, reason: reason) }
    image = try MappedFile(path: path)
    let file = image.bytes
    func number(_ offset: Int) -> Int { Int(file.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian) }
    guard file.count >= Header.size + Header.crcSize, file.starts(with: Header.magic) else {
      throw refuse("not a dictionary of texts, or truncated")
    }
    guard number(8) == Header.format else {
      throw refuse("format \(number(8)); this program reads format \(Header.format); train the tokenizer again")
    }
    let body = UnsafeRawBufferPointer(rebasing: file.dropLast(Header.crcSize))
    guard Int(crc32(body)) == number(body.count) else {
      throw refuse("damaged or truncated: its CRC-32 does not match")
    }
    guard number(12) == count else { throw refuse("a dictionary of \(number(12)) texts, not \(count)") }
    guard file[24..<Header.size].prefix(while: { $0 != 0 }).elementsEqual(fingerprint.utf8) else {
      throw refuse("compiled from another M1")
    }
    header = Header(texts: count, slots: number(16), textBytes: number(20))
    guard body.count == header.fileSize else { throw refuse("its parts do not fit together") }
    if let slot = trie.firstImpossibleSlot(count: count) { throw refuse("slot \(slot) of its trie is impossible") }
    if let text = table?.firstImpossibleText(total: header.textBytes) {
      throw refuse("text \(text) of its table is impossible")
    }
  }
}

import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Reads documents from text, gzip and JSON-lines files, one at a time: a corpus may be larger than memory.
///
/// A plain text is one document. It comes in pieces, cut after the first blank line that follows 16 KiB, else after the
/// first line that follows 64 KiB, else (a text without lines) between two characters at 128 KiB.
struct DocumentReader {
  /// A document, or a part of one.
  struct Piece: Equatable {
    var bytes: [UInt8]
    /// Whether it continues the piece before it.
    var goesOn = false
  }
  let files: [String]

  static let extensions = ["txt", "text", "gz", "dz", "jsonl", "json", "ndjson"]

  /// Files of the paths: files, folders (walked in name order) and glob patterns.
  /// - Throws: ``HarnessError/corpus(file:place:reason:)`` where a path names nothing readable.
  init(paths: [String]) throws {
    var files: [String] = []
    for path in paths {
      let expanded = (path as NSString).expandingTildeInPath
      var matches = [expanded]
      if !FileManager.default.fileExists(atPath: expanded), expanded.contains(where: { "*?[".contains($0) }) {
        var result = glob_t()
        defer { globfree(&result) }
        matches = []
        if glob(expanded, 0, nil, &result) == 0 {
          for i in 0..<Int(result.gl_pathc) {
            if let name = result.gl_pathv[i] { matches.append(String(cString: name)) }
          }
        }
        guard !matches.isEmpty else { throw HarnessError.corpus(file: path, place: nil, reason: "no file matches") }
      }
      for match in matches {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: match, isDirectory: &isFolder) else {
          throw HarnessError.corpus(file: match, place: nil, reason: "no such file or folder")
        }
        guard isFolder.boolValue else {
          let target = URL(fileURLWithPath: match).resolvingSymlinksInPath().path
          guard try FileManager.default.attributesOfItem(atPath: target)[.type] as? FileAttributeType == .typeRegular
          else { throw HarnessError.corpus(file: match, place: nil, reason: "not a file: it is read more than once") }
          files.append(match)
          continue
        }
        let resolved = URL(fileURLWithPath: match).resolvingSymlinksInPath().path
        let inside = (FileManager.default.enumerator(atPath: resolved)?.compactMap { $0 as? String } ?? []).sorted()
          .filter { Self.extensions.contains(($0 as NSString).pathExtension.lowercased()) }
        guard !inside.isEmpty else {
          throw HarnessError.corpus(
            file: match, place: nil,
            reason: "the folder holds no corpus file (\(Self.extensions.map { ".\($0)" }.joined(separator: ", ")))")
        }
        files += inside.map { resolved + "/" + $0 }
      }
    }
    self.files = files
  }

  /// Of every file its format and SHA-256: what decides the documents.
  func identities() throws -> [String] {
    try files.map { file in
      let format = Self.format(file)
      return "\(format.isJSON ? "json" : "text")\(format.isCompressed ? " gzip" : "") \(try sha256(file: file))"
    }
  }

  private static func format(_ file: String) -> (isCompressed: Bool, isJSON: Bool) {
    var name = file.lowercased()
    let isCompressed = name.hasSuffix(".gz") || name.hasSuffix(".dz")
    if isCompressed { name.removeLast(3) }
    return (isCompressed, [".jsonl", ".json", ".ndjson"].contains { name.hasSuffix($0) })
  }

  /// Calls `body` with every document, in order, piece by piece.
  func forEach(_ body: (Piece) throws -> Void) throws {
    for file in files { try read(file, body) }
  }

  private func read(_ file: String, _ body: (Piece) throws -> Void) throws {
    let (isCompressed, isJSON) = Self.format(file)
    let next: () throws -> [UInt8]?
    if isCompressed {
      do {
        let gzip = try GZipFile(path: file)
        next = { try gzip.read() }
      } catch { throw HarnessError.corpus(file: file, place: nil, reason: "cannot be opened") }
    } else {
      guard let handle = FileHandle(forReadingAtPath: file) else {
        throw HarnessError.corpus(file: file, place: nil, reason: "cannot be opened")
      }
      next = { try handle.read(upToCount: 1 << 20).flatMap { $0.isEmpty ? nil : [UInt8]($0) } }
    }
    var pending: [UInt8] = []
    var searched = 0  // bytes of `pending` that hold no end
    var line = 0
    var goesOn = false
    func take(_ block: [UInt8], isLast: Bool) throws {
      pending += block
      var start = 0
      while let end = isJSON ? Self.lineEnd(pending, from: searched) : Self.cut(pending, from: start, isLast: isLast) {
        if isJSON {
          line += 1
          try parse(json: pending[start..<end], file: file, line: line, body)
        } else {
          try body(Piece(bytes: Array(pending[start..<end]), goesOn: goesOn))
          goesOn = true
        }
        start = end
        searched = end
      }
      if isLast, start < pending.count {
        if isJSON {
          try parse(json: pending[start...], file: file, line: line + 1, body)
        } else {
          try body(Piece(bytes: Array(pending[start...]), goesOn: goesOn))
        }
        start = pending.count
      }
      pending.removeFirst(start)
      searched = pending.count
    }
    do {
      while let block = try next() { try take(block, isLast: false) }
      try take([], isLast: true)
    } catch let problem as GZipFile.Problem {
      switch problem {
      case .cannotOpen: throw HarnessError.corpus(file: file, place: nil, reason: "cannot be opened")
      case .damaged(let offset, let reason):
        throw HarnessError.corpus(file: file, place: "byte \(offset)", reason: "not gzip, or damaged: \(reason)")
      case .truncated(let offset):
        throw HarnessError.corpus(
          file: file, place: "byte \(offset)", reason: "the gzip stream ends too soon; the file is truncated")
      }
    }
  }

  private func parse(json line: ArraySlice<UInt8>, file: String, line number: Int, _ body: (Piece) throws -> Void)
    throws
  {
    if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return }
    func refuse(_ reason: String) -> HarnessError { .corpus(file: file, place: "line \(number)", reason: reason) }
    guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else {
      throw refuse("not a JSON object, or not valid Unicode")
    }
    guard let text = object["text"] as? String else { throw refuse("the object has no string 'text'") }
    try body(Piece(bytes: Array(text.utf8)))
  }

  /// The end of the line that holds byte `start`, if the bytes hold it.
  private static func lineEnd(_ bytes: [UInt8], from start: Int) -> Int? {
    bytes[start...].firstIndex(of: 0x0A).map { $0 + 1 }
  }

  /// Bytes of a text after which a piece ends at a blank line, at a line, or anywhere.
  private static let paragraph = 1 << 14, lines = 1 << 16, longest = 1 << 17

  /// The end of the piece that begins at `start`, if the bytes tell it; with `isLast` no more bytes come.
  private static func cut(_ bytes: [UInt8], from start: Int, isLast: Bool) -> Int? {
    guard isLast || bytes.count - start >= longest else { return nil }
    let end = min(bytes.count, start + longest)
    var i = start + paragraph
    while i + 1 < min(end, start + lines) {
      if bytes[i] == 0x0A, bytes[i + 1] == 0x0A { return i + 2 }
      i += 1
    }
    if let newline = bytes[min(end, start + lines)..<end].firstIndex(of: 0x0A) { return newline + 1 }
    guard end - start == longest else { return nil }
    // Not inside a character: continuation bytes begin with the bits 10; four of them are no UTF-8.
    return (end - 3..<end).reversed().first { bytes[$0] & 0xC0 != 0x80 } ?? end
  }
}

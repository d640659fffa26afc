import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Reads documents from text, gzip and JSON-lines files, one at a time: a corpus may be larger than memory.
///
/// A plain text is cut into documents at the first blank line after 16 KiB, or at the first line after 64 KiB.
struct DocumentReader {
  let files: [String]

  static let extensions = ["txt", "text", "gz", "dz", "jsonl", "json", "ndjson"]

  /// Files of the paths: files, folders (walked in name order) and glob patterns.
  /// - Throws: ``HarnessError/corpus(file:place:reason:)`` where a path names nothing readable.
  init(paths: [String]) throws {
    var files: [String] = []
    for path in paths {
      let expanded = (path as NSString).expandingTildeInPath
      var matches = [expanded]
      if expanded.contains(where: { "*?[".contains($0) }) {
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

  /// Calls `body` with every document, in order.
  func forEach(_ body: ([UInt8]) throws -> Void) throws {
    for file in files { try read(file, body) }
  }

  private func read(_ file: String, _ body: ([UInt8]) throws -> Void) throws {
    var name = file.lowercased()
    let isCompressed = name.hasSuffix(".gz") || name.hasSuffix(".dz")
    if isCompressed { name.removeLast(3) }
    let isJSON = [".jsonl", ".json", ".ndjson"].contains { name.hasSuffix($0) }
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
    var line = 0
    func take(_ block: [UInt8], isLast: Bool) throws {
      pending += block
      var start = 0
      if isJSON {
        var scanned = 0
        while let end = pending[scanned...].firstIndex(of: 0x0A) {
          line += 1
          try parse(json: pending[start..<end], file: file, line: line, body)
          start = end + 1
          scanned = start
        }
        if isLast, start < pending.count {
          line += 1
          try parse(json: pending[start...], file: file, line: line, body)
          start = pending.count
        }
      } else {
        while let end = Self.cut(pending, from: start) {
          try body(Array(pending[start..<end]))
          start = end
        }
        if isLast, start < pending.count {
          try body(Array(pending[start...]))
          start = pending.count
        }
      }
      pending.removeFirst(start)
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

  private func parse(json line: ArraySlice<UInt8>, file: String, line number: Int, _ body: ([UInt8]) throws -> Void)
    throws
  {
    if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return }
    func refuse(_ reason: String) -> HarnessError { .corpus(file: file, place: "line \(number)", reason: reason) }
    guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else {
      throw refuse("not a JSON object")
    }
    guard let text = object["text"] as? String else { throw refuse("the object has no string 'text'") }
    try body(Array(text.utf8))
  }

  /// The end of the document that begins at `start`, if the bytes hold it.
  private static func cut(_ bytes: [UInt8], from start: Int) -> Int? {
    guard bytes.count - start > 1 << 16 else { return nil }
    var i = start + (1 << 14)
    while i < bytes.count - 1, i < start + (1 << 16) {
      if bytes[i] == 0x0A, bytes[i + 1] == 0x0A { return i + 2 }
      i += 1
    }
    i = start + (1 << 16)
    while i < bytes.count {
      if bytes[i] == 0x0A { return i + 1 }
      i += 1
    }
    return nil
  }
}

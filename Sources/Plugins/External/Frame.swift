import Foundation

/// What a plug-in and this program send each other: one line of JSON, then as many raw bytes as its `payload` says.
struct Frame: Sendable, Equatable {
  /// Without the newline.
  let header: [UInt8]
  let payload: [UInt8]

  static let longestHeader = 1 << 20
  static let largestPayload = 1 << 30
}

/// Why bytes are no frame, and how to mend it.
enum FrameProblem: Error, Equatable, CustomStringConvertible {
  case strayLine([UInt8])
  case endlessLine([UInt8])
  case badPayload([UInt8])

  var description: String {
    switch self {
    case .strayLine(let line):
      return
        "wrote \(quoted(line)) to its standard output, which is no frame: a frame begins with a line of JSON such as "
        + #"{"id":1,"payload":0}. Standard output is for frames alone; print what is for people to standard error "#
        + "(in Python: print(…, file=sys.stderr))"
    case .endlessLine(let start):
      return "wrote a line that does not end within \(Frame.longestHeader) bytes, beginning \(quoted(start)): a frame "
        + "begins with a line of JSON; print what is for people to standard error"
    case .badPayload(let line):
      return "began a frame with \(quoted(line)), whose payload is no number of bytes from 0 to \(Frame.largestPayload)"
    }
  }
}

/// Cuts what arrives in pieces into frames.
///
///     var parser = FrameParser()
///     parser.add(Array(#"{"id":1,"payload":2}"#.utf8) + [10, 7])
///     try parser.next()  // nil: a byte is missing
///     parser.add([8])
///     try parser.next()?.payload  // [7, 8]
struct FrameParser {
  private var buffer: [UInt8] = []
  /// Bytes at the beginning of ``buffer`` that hold no newline.
  private var searched = 0
  private var begun: (header: [UInt8], payloadCount: Int)?

  /// Whether nothing is left of what came.
  var isEmpty: Bool { begun == nil && buffer.isEmpty }
  /// What has come of a frame that is not whole, in words; nil where nothing has.
  var half: String? {
    if let begun { return "\(buffer.count) of the \(begun.payloadCount) bytes after \(quoted(begun.header))" }
    return buffer.isEmpty ? nil : "\(quoted(buffer)) without a newline"
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) { buffer.append(contentsOf: bytes) }
  mutating func add(_ bytes: [UInt8]) { buffer.append(contentsOf: bytes) }

  /// The next whole frame, taken out; nil where more bytes are needed.
  /// - Throws: ``FrameProblem``; the parser is of no use after that.
  mutating func next() throws -> Frame? {
    if begun == nil {
      guard let newline = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
        searched = buffer.count
        guard searched <= Frame.longestHeader else { throw FrameProblem.endlessLine(buffer) }
        return nil
      }
      guard newline <= Frame.longestHeader else { throw FrameProblem.endlessLine(buffer) }
      let header = Array(buffer[..<newline])
      begun = (header, try Self.payloadCount(header))
      buffer.removeFirst(newline + 1)
      searched = 0
    }
    guard let (header, count) = begun, buffer.count >= count else { return nil }
    let payload: [UInt8]
    if buffer.count == count {
      payload = buffer
      buffer = []
    } else {
      payload = Array(buffer[..<count])
      buffer.removeFirst(count)
    }
    begun = nil
    return Frame(header: header, payload: payload)
  }

  private static func payloadCount(_ header: [UInt8]) throws -> Int {
    struct Size: Decodable { var payload: Int? }
    let data = Data(header)
    if let size = try? JSONDecoder().decode(Size.self, from: data) {
      let count = size.payload ?? 0
      guard (0...Frame.largestPayload).contains(count) else { throw FrameProblem.badPayload(header) }
      return count
    }
    let isObject = (try? JSONSerialization.jsonObject(with: data)) is [String: Any]
    throw isObject ? FrameProblem.badPayload(header) : FrameProblem.strayLine(header)
  }
}

/// The first bytes in quotes, what cannot be printed as \xNN.
func quoted(_ bytes: [UInt8]) -> String {
  let most = 120
  func escaped(_ byte: UInt8) -> String { String(format: "\\x%02x", byte) }
  let text = TextRuns(Array(bytes.prefix(most))).map { range, isText in
    guard isText else { return bytes[range].map(escaped).joined() }
    return String(decoding: bytes[range], as: UTF8.self).unicodeScalars.map { scalar in
      scalar.value >= 0x20 && scalar.value != 0x7F ? String(scalar) : escaped(UInt8(scalar.value))
    }.joined()
  }
  return "\"\(text.joined())\(bytes.count > most ? "…" : "")\""
}

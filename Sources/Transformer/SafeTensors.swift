import Foundation

/// A safetensors file: named float32 tensors and a string-to-string table.
/// - Source: the format's description, huggingface/safetensors README ("Format").
package struct SafeTensors {
  package struct Entry {
    package let shape: [Int]
    /// Bytes of this tensor within `data`.
    package let range: Range<Int>
  }
  package let metadata: [String: String]
  package let entries: [String: Entry]
  let data: Data
  let path: String

  /// Writes beside `path`, then renames; a reader never sees half a file.
  package static func write(
    to path: String, metadata: [String: String],
    tensors: [(name: String, shape: [Int], values: UnsafeBufferPointer<Float>)]
  ) throws {
    var header: [String: Any] = ["__metadata__": metadata]
    var end = 0
    for tensor in tensors {
      let bytes = tensor.values.count * 4
      header[tensor.name] =
        ["dtype": "F32", "shape": tensor.shape, "data_offsets": [end, end + bytes]] as [String: Any]
      end += bytes
    }
    var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])
    json.append(Data(repeating: 0x20, count: (8 - json.count % 8) % 8))
    let beside = path + ".partial"
    guard FileManager.default.createFile(atPath: beside, contents: nil),
      let file = FileHandle(forWritingAtPath: beside)
    else { throw TransformerError.damagedFile(path, reason: "cannot be written; is the folder there and writable?") }
    var size = UInt64(json.count).littleEndian
    try file.write(contentsOf: withUnsafeBytes(of: &size) { Data($0) })
    try file.write(contentsOf: json)
    for tensor in tensors { try file.write(contentsOf: Data(buffer: tensor.values)) }
    try file.close()
    guard rename(beside, path) == 0 else {
      throw TransformerError.damagedFile(path, reason: "cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  /// - Throws: ``TransformerError/damagedFile(_:reason:)`` for a missing, truncated or foreign file.
  package init(path: String) throws {
    func refuse(_ reason: String) -> TransformerError { .damagedFile(path, reason: reason) }
    self.path = path
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
      throw refuse("cannot be read")
    }
    guard data.count >= 8 else { throw refuse("not a safetensors file: shorter than its header") }
    let size = data.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
    guard size <= UInt64(data.count - 8), size < 100_000_000 else {
      throw refuse("not a safetensors file, or truncated: its header would end past the file")
    }
    guard let header = try? JSONSerialization.jsonObject(with: data[8..<8 + Int(size)]) as? [String: Any] else {
      throw refuse("not a safetensors file: its header is not JSON")
    }
    metadata = header["__metadata__"] as? [String: String] ?? [:]
    let body = data.count - 8 - Int(size)
    var entries: [String: Entry] = [:]
    for (name, value) in header where name != "__metadata__" {
      guard let fields = value as? [String: Any], fields["dtype"] as? String == "F32",
        let shape = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int], offsets.count == 2,
        offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= body,
        shape.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }),
        shape.reduce(4.0, { $0 * Double($1) }) == Double(offsets[1] - offsets[0])
      else { throw refuse("tensor '\(name)' is not float32, or does not lie inside the file") }
      entries[name] = Entry(shape: shape, range: 8 + Int(size) + offsets[0]..<8 + Int(size) + offsets[1])
    }
    self.entries = entries
    self.data = data
  }

  /// Copies a tensor of exactly this shape.
  package func read(_ name: String, shape: [Int], into p: UnsafeMutablePointer<Float>) throws {
    guard let entry = entries[name] else { throw TransformerError.damagedFile(path, reason: "has no tensor '\(name)'") }
    guard entry.shape == shape else {
      throw TransformerError.damagedFile(path, reason: "tensor '\(name)' is \(entry.shape), expected \(shape)")
    }
    data[entry.range].withUnsafeBytes { _ = memcpy(p, $0.baseAddress ?? UnsafeRawPointer(p), $0.count) }
  }
}

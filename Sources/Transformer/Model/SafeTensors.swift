import Foundation
import Support

/// A safetensors file: named float32 tensors and a string-to-string table. The files that this program writes carry a
/// SHA-256 over all of it in the table; such a file is checked when it is opened.
/// - Source: the format's description, huggingface/safetensors README ("Format").
package struct SafeTensors {
  package typealias Tensor = (name: String, shape: [Int], values: UnsafeBufferPointer<Float>)
  package struct Entry {
    package let shape: [Int]
    /// Bytes of this tensor within the file.
    package let range: Range<Int>
  }
  /// Without the digest.
  package let metadata: [String: String]
  package let entries: [String: Entry]
  /// Whether the file carried a digest, which is then right.
  package let isSealed: Bool
  private let file: MappedFile
  private let path: String

  package var byteCount: Int { file.bytes.count }

  private static let digestKey = "sha256"

  /// SHA-256 over the table and every tensor, each with its length or shape, in the order of their names.
  private static func digest(
    _ metadata: [String: String], _ tensors: [(name: String, shape: [Int], bytes: UnsafeRawBufferPointer)]
  ) -> String {
    let tensors = tensors.sorted { $0.name < $1.name }
    let table = metadata.sorted { $0.key < $1.key }.map {
      "\($0.key.utf8.count) \($0.value.utf8.count) \($0.key)\($0.value)"
    }
    let names = tensors.map { "\($0.name.utf8.count) \($0.name)\($0.shape)" }
    var hash = SHA256Hash()
    hash.update(Array((table + names).joined(separator: "\n").utf8))
    for tensor in tensors { hash.update(tensor.bytes) }
    return hash.finish()
  }

  /// Writes beside `path`, syncs, then renames: a reader never sees half a file.
  /// - Throws: `FileError`.
  package static func write(to path: String, metadata: [String: String], tensors: [Tensor]) throws {
    var table = metadata
    table[digestKey] = nil
    table[digestKey] = digest(table, tensors.map { ($0.name, $0.shape, UnsafeRawBufferPointer($0.values)) })
    var header: [String: Any] = ["__metadata__": table]
    var end = 0
    for tensor in tensors {
      let bytes = tensor.values.count * 4
      header[tensor.name] =
        ["dtype": "F32", "shape": tensor.shape, "data_offsets": [end, end + bytes]] as [String: Any]
      end += bytes
    }
    var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])
    json.append(Data(repeating: 0x20, count: (8 - json.count % 8) % 8))
    try writeAtomically(to: path) { file in
      try withUnsafeBytes(of: UInt64(json.count).littleEndian) { try file.write($0) }
      try json.withUnsafeBytes { try file.write($0) }
      for tensor in tensors { try file.write(UnsafeRawBufferPointer(tensor.values)) }
    }
  }

  /// - Throws: `FileError` for a file that cannot be read, ``TransformerError/damagedFile(_:reason:)`` for a truncated,
  ///   changed or foreign one.
  package init(path: String) throws {
    func refuse(_ reason: String) -> TransformerError { .damagedFile(path, reason: reason) }
    self.path = path
    file = try MappedFile(path: path)
    let bytes = file.bytes
    guard bytes.count >= 8 else { throw refuse("not a safetensors file: shorter than its header") }
    let size = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard size <= UInt64(bytes.count - 8), size < 100_000_000 else {
      throw refuse("not a safetensors file, or truncated: its header would end past the file")
    }
    let start = 8 + Int(size)
    guard let header = try? JSONSerialization.jsonObject(with: Data(bytes[8..<start])) as? [String: Any] else {
      throw refuse("not a safetensors file: its header is not JSON")
    }
    var entries: [String: Entry] = [:]
    for (name, value) in header where name != "__metadata__" {
      guard let fields = value as? [String: Any], fields["dtype"] as? String == "F32",
        let shape = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int], offsets.count == 2,
        offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= bytes.count - start,
        shape.allSatisfy({ $0 >= 0 && $0 < 1 << 31 }),
        shape.reduce(4.0, { $0 * Double($1) }) == Double(offsets[1] - offsets[0])
      else { throw refuse("tensor '\(name)' is not float32, or does not lie inside the file") }
      entries[name] = Entry(shape: shape, range: start + offsets[0]..<start + offsets[1])
    }
    self.entries = entries
    var table = header["__metadata__"] as? [String: String] ?? [:]
    let digest = table.removeValue(forKey: Self.digestKey)
    metadata = table
    isSealed = digest != nil
    let tensors = entries.map { ($0.key, $0.value.shape, UnsafeRawBufferPointer(rebasing: bytes[$0.value.range])) }
    guard digest == nil || digest == Self.digest(table, tensors) else {
      throw refuse("changed since it was written: its digest is another")
    }
  }

  /// Copies a tensor of exactly this shape.
  package func read(_ name: String, shape: [Int], into p: UnsafeMutablePointer<Float>) throws {
    guard let entry = entries[name] else { throw TransformerError.damagedFile(path, reason: "has no tensor '\(name)'") }
    guard entry.shape == shape else {
      throw TransformerError.damagedFile(path, reason: "tensor '\(name)' is \(entry.shape), expected \(shape)")
    }
    UnsafeMutableRawBufferPointer(start: p, count: entry.range.count).copyMemory(
      from: UnsafeRawBufferPointer(rebasing: file.bytes[entry.range]))
  }
}

import Foundation

/// Texts one after another in memory, each found by its place in the list.
struct TextTable {
  /// Where each text starts in the bytes, and where the last one ends: little-endian, one more than there are texts.
  let starts: UnsafeBufferPointer<UInt32>
  /// All texts' bytes, and ``slack`` bytes after them.
  let bytes: UnsafeRawPointer

  /// Short texts are copied so many bytes at a time, and so read beyond the last of them.
  static let slack = 16
  private typealias Piece = SIMD16<UInt8>

  var count: Int { starts.count - 1 }

  @inline(__always) private func start(_ index: Int) -> Int { Int(UInt32(littleEndian: starts[index])) }

  func byteCount(of index: Int) -> Int { start(index + 1) - start(index) }

  /// The texts of ids below ``count`` one after another, stopped at `byteCount` bytes; `used`: the ids begun; `isWhole`:
  /// whether the last one's text fitted.
  func text(of ids: [UInt32], byteCount: Int) -> (text: [UInt8], used: Int, isWhole: Bool) {
    var used = 0
    var isWhole = true
    // No more room than the texts can need, whatever the byte count claims.
    let count = count
    var longest = 0
    for id in ids {
      precondition(id < count, "an id that no text has")
      longest &+= start(Int(id) &+ 1) &- start(Int(id))
    }
    let wanted = min(byteCount, longest)
    let text = [UInt8](unsafeUninitializedCapacity: wanted + Self.slack) { out, written in
      guard let to = UnsafeMutableRawPointer(out.baseAddress) else { return }
      while used < ids.count, written < wanted {
        let id = Int(ids[used])
        let from = start(id), length = start(id &+ 1) &- from
        used &+= 1
        if length > wanted &- written {
          memcpy(to + written, bytes + from, wanted &- written)
          written = wanted
          isWhole = false
        } else if length <= Self.slack {
          to.storeBytes(
            of: bytes.loadUnaligned(fromByteOffset: from, as: Piece.self), toByteOffset: written, as: Piece.self)
          written &+= length
        } else {
          memcpy(to + written, bytes + from, length)
          written &+= length
        }
      }
    }
    return (text, used, isWhole)
  }

  /// The first text that is empty, or would lie outside the `total` bytes.
  func firstImpossibleText(total: Int) -> Int? {
    guard start(0) == 0, start(count) == total else { return 0 }
    return (0..<count).first { start($0 + 1) <= start($0) || start($0 + 1) > total }
  }
}

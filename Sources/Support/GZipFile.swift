import CZlib
import Foundation

/// Reads a gzip file (concatenated members and dictd's .dz included) a block at a time.
public final class GZipFile {
  public enum Problem: Error, Sendable, Equatable {
    case cannotOpen
    /// Not gzip, or damaged, near this offset of the compressed file.
    case damaged(offset: UInt64, reason: String)
    case truncated(offset: UInt64)
  }
  private let file: FileHandle
  private var stream = z_stream()
  private var input = [UInt8]()
  private var consumed = 0
  private var offset: UInt64 = 0
  private var isInMember = true
  private var isAtEnd = false

  public init(path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else { throw Problem.cannotOpen }
    self.file = file
    guard czlib_inflate_init(&stream, 47) == Z_OK else { throw Problem.cannotOpen }
  }

  deinit {
    inflateEnd(&stream)
    try? file.close()
  }

  /// Up to 1 MiB more of the text; nil at its end.
  /// - Throws: ``Problem``.
  public func read() throws -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: 1 << 20)
    var produced = 0
    while produced < output.count, !isAtEnd {
      if consumed == input.count {
        input = [UInt8](try file.read(upToCount: 1 << 18) ?? Data())
        consumed = 0
        if input.isEmpty {
          if isInMember { throw Problem.truncated(offset: offset) }
          isAtEnd = true
          break
        }
      }
      if !isInMember {
        if input[consumed...].allSatisfy({ $0 == 0 }) {  // padding after the last member
          consumed = input.count
          continue
        }
        inflateReset(&stream)
        isInMember = true
      }
      let before = consumed
      let status = input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
          stream.next_in = source.baseAddress.map { $0 + before }
          stream.avail_in = uInt(source.count - before)
          stream.next_out = target.baseAddress.map { $0 + produced }
          stream.avail_out = uInt(target.count - produced)
          return inflate(&stream, Z_NO_FLUSH)
        }
      }
      consumed = input.count - Int(stream.avail_in)
      offset += UInt64(consumed - before)
      produced = output.count - Int(stream.avail_out)
      switch status {
      case Z_STREAM_END: isInMember = false
      case Z_OK, Z_BUF_ERROR: break
      default:
        throw Problem.damaged(offset: offset, reason: stream.msg.map { String(cString: $0) } ?? "zlib error \(status)")
      }
    }
    return produced == 0 ? nil : Array(output.prefix(produced))
  }
}

/// CRC-32 as in gzip and PNG.
public func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
  Array(bytes).withUnsafeBufferPointer { UInt32(crc32_z(0, $0.baseAddress, $0.count)) }
}

public let zlibVersionText = String(cString: zlibVersion())

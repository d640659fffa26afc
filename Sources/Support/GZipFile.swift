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
  private let stream = ZlibStream()
  private var input = [UInt8]()
  private var consumed = 0
  private var offset: UInt64 = 0
  private var isInMember = true
  private var isAtEnd = false

  /// - Throws: ``Problem/cannotOpen``.
  public init(path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else { throw Problem.cannotOpen }
    self.file = file
    guard czlib_inflate_init(stream.state, Zlib.Wrapper.detected.windowBits) == Z_OK else { throw Problem.cannotOpen }
  }

  deinit {
    inflateEnd(stream.state)
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
        inflateReset(stream.state)
        isInMember = true
      }
      let before = consumed
      let status = input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
          stream.state.pointee.next_in = source.baseAddress.map { $0 + before }
          stream.state.pointee.avail_in = uInt(source.count - before)
          stream.state.pointee.next_out = target.baseAddress.map { $0 + produced }
          stream.state.pointee.avail_out = uInt(target.count - produced)
          return inflate(stream.state, Z_NO_FLUSH)
        }
      }
      consumed = input.count - Int(stream.state.pointee.avail_in)
      offset += UInt64(consumed - before)
      produced = output.count - Int(stream.state.pointee.avail_out)
      switch status {
      case Z_STREAM_END: isInMember = false
      case Z_OK, Z_BUF_ERROR: break
      default:
        throw Problem.damaged(
          offset: offset, reason: stream.state.pointee.msg.map { String(cString: $0) } ?? "zlib error \(status)")
      }
    }
    return produced == 0 ? nil : Array(output.prefix(produced))
  }
}

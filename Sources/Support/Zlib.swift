import CZlib

/// zlib with all input at hand.
public enum Zlib {
  /// What stands round a deflate stream.
  public enum Wrapper: Sendable {
    /// zlib's header and Adler-32 checksum.
    case zlib
    /// Nothing.
    case none
    /// gzip's or zlib's, whichever is there. For reading.
    case detected

    var windowBits: Int32 {
      switch self {
      case .zlib: 15
      case .none: -15
      case .detected: 47
      }
    }
  }

  /// What zlib answers instead of doing it.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// The library's version.
  public static let version = String(cString: zlibVersion())

  /// One stream at the default level.
  /// - Throws: ``Failure`` for 4 GiB and more, and without memory.
  public static func deflate(_ bytes: [UInt8], wrapper: Wrapper = .zlib) throws(Failure) -> [UInt8] {
    guard bytes.count <= UInt32.max else { throw Failure(description: "zlib takes less than 4 GiB at once") }
    let stream = ZlibStream()
    guard czlib_deflate_init(stream.state, wrapper.windowBits) == Z_OK else {
      throw Failure(description: "zlib has no memory")
    }
    defer { deflateEnd(stream.state) }
    let room = Int(deflateBound(stream.state, uLong(bytes.count)))
    let (output, status) = stream.run(bytes, room: room) { CZlib.deflate($0, Z_FINISH) }
    guard status == Z_STREAM_END else { throw Failure(description: "zlib answers \(status)") }
    return output
  }

  /// The bytes of a stream, at most `maximumBytes`; `isWhole`: whether the stream ends there, undamaged.
  public static func inflate(_ bytes: [UInt8], wrapper: Wrapper = .zlib, maximumBytes: Int) -> (
    bytes: [UInt8], isWhole: Bool
  ) {
    let stream = ZlibStream()
    guard bytes.count <= UInt32.max, maximumBytes >= 0, czlib_inflate_init(stream.state, wrapper.windowBits) == Z_OK
    else { return ([], false) }
    defer { inflateEnd(stream.state) }
    // A deflate stream grows by 1,032 at most: no more room than that, whatever is claimed.
    let room = min(maximumBytes, 1032 * bytes.count + 64, Int(UInt32.max))
    let (output, status) = stream.run(bytes, room: room) { CZlib.inflate($0, Z_SYNC_FLUSH) }
    return (output, status == Z_STREAM_END)
  }
}

/// A `z_stream` that stays where it is: zlib checks that it is called with the address that it was initialised with.
struct ZlibStream: ~Copyable {
  let state: UnsafeMutablePointer<z_stream>

  init() {
    state = .allocate(capacity: 1)
    state.initialize(to: z_stream())
  }
  deinit { state.deallocate() }

  /// One call of the library with all input at hand and room for that many bytes.
  func run(_ bytes: [UInt8], room: Int, call: (UnsafeMutablePointer<z_stream>) -> Int32) -> (
    bytes: [UInt8], status: Int32
  ) {
    var input = bytes
    var status = Z_OK
    let output = [UInt8](unsafeUninitializedCapacity: max(1, room)) { target, written in
      status = input.withUnsafeMutableBufferPointer { source in
        state.pointee.next_in = source.baseAddress
        state.pointee.avail_in = uInt(source.count)
        state.pointee.next_out = target.baseAddress
        state.pointee.avail_out = uInt(room)
        return call(state)
      }
      written = room - Int(state.pointee.avail_out)
    }
    return (output, status)
  }
}

/// CRC-32 as in gzip and PNG.
public func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
  UInt32(crc32_z(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
}

/// CRC-32 as in gzip and PNG.
public func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 { Array(bytes).withUnsafeBytes { crc32($0) } }

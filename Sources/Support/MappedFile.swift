#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file mapped into memory for reading, or bytes in memory that look the same.
///
/// `@unchecked Sendable`: the bytes are never written and live until deinit.
public final class MappedFile: @unchecked Sendable {
  /// Valid as long as the object: for owners that keep it. Elsewhere ``withBytes(_:)``.
  public let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool
  /// nil for a copy in memory.
  public let path: String?

  /// - Throws: ``FileError`` for a file that cannot be read.
  public init(path: String) throws {
    self.path = path
    func refuse(_ what: String) -> FileError { FileError(path, "cannot be \(what): \(systemMessage())") }
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw refuse("read") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw refuse("read") }
    isMapped = true
    guard status.st_size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw refuse("mapped")
    }
    bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
  }

  /// A copy of bytes in memory, aligned as a mapping is.
  public init(copying source: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 4096)
    copy.copyBytes(from: source)
    bytes = UnsafeRawBufferPointer(copy)
    isMapped = false
    path = nil
  }

  /// The bytes, and the object alive meanwhile.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(self) { try body(bytes) }
  }

  deinit {
    if !isMapped {
      bytes.deallocate()
    } else if let start = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
  }
}

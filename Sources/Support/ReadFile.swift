/// A file's bytes, copied.
/// - Throws: ``FileError`` for a file that cannot be read.
public func readFile(_ path: String) throws -> [UInt8] {
  let file = try MappedFile(path: path)
  // The mapping must not end between the look at its address and the copy.
  return withExtendedLifetime(file) { Array(file.bytes) }
}

/// A file's bytes, copied.
/// - Throws: ``FileError`` for a file that cannot be read.
public func readFile(_ path: String) throws -> [UInt8] { try MappedFile(path: path).withBytes { Array($0) } }

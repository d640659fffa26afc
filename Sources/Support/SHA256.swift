import Foundation

#if canImport(CryptoKit)
  import CryptoKit
#else
  import CCrypto
#endif

/// SHA-256 of bytes that come in parts. Not copyable: one hash, one result.
///
///     var hash = SHA256Hash()
///     hash.update([1, 2, 3])
///     hash.finish()  // 64 hexadecimal digits
public struct SHA256Hash: ~Copyable {
  #if canImport(CryptoKit)
    private var state = SHA256()
    public init() {}
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bufferPointer: bytes) }
    /// The 32 bytes of the digest.
    public consuming func digest() -> [UInt8] { Array(state.finalize()) }
  #else
    private let state: OpaquePointer

    public init() {
      guard let state = ccrypto_sha256_begin() else { preconditionFailure("libcrypto has no SHA-256") }
      self.state = state
    }
    deinit { EVP_MD_CTX_free(state) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
      precondition(EVP_DigestUpdate(state, bytes.baseAddress, bytes.count) == 1, "libcrypto cannot hash")
    }
    /// The 32 bytes of the digest.
    public consuming func digest() -> [UInt8] {
      var digest = [UInt8](repeating: 0, count: 32)
      precondition(EVP_DigestFinal_ex(state, &digest, nil) == 1, "libcrypto cannot hash")
      return digest
    }
  #endif

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The 32 bytes of one byte string's digest.
  public static func digest(_ bytes: [UInt8]) -> [UInt8] {
    var hash = SHA256Hash()
    hash.update(bytes)
    return hash.digest()
  }

  /// The digest in hexadecimal: 64 digits.
  public consuming func finish() -> String { hexadecimal(digest()) }
}

/// SHA-256 of the bytes, 64 hexadecimal digits.
public func sha256(_ bytes: UnsafeRawBufferPointer) -> String {
  var hash = SHA256Hash()
  hash.update(bytes)
  return hash.finish()
}

/// SHA-256 of the bytes, 64 hexadecimal digits.
public func sha256(_ bytes: some ContiguousBytes) -> String {
  bytes.withUnsafeBytes { raw -> String in sha256(raw) }
}

/// SHA-256 of a file's bytes, 64 hexadecimal digits.
/// - Throws: ``FileError`` for a file that cannot be read.
public func sha256(file path: String) throws -> String {
  try MappedFile(path: path).withBytes { sha256($0) }
}

public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

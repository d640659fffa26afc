import CSentencePiece
import Tokenizers

/// A loaded SentencePiece model.
///
/// `@unchecked Sendable`: the library's encoding and decoding are const and thread-safe; the handle ends in deinit.
final class SentencePieceLibrary: @unchecked Sendable {
  /// Characters that the library takes for something else: the end of the text, and its sign for a space.
  static let notCarried: [Unicode.Scalar] = ["\0", "\u{2581}"]
  private let handle: OpaquePointer
  /// As the library serialises it.
  let model: [UInt8]
  let vocabularySize: Int
  /// The bytes of every piece as it is written in text, nil for pieces that carry none.
  let pieceBytes: [[UInt8]?]
  /// Ids of the 256 byte pieces, or nil where the model has no byte fallback.
  let byteIDs: [Token]?

  /// - Parameter path: named in errors.
  /// - Throws: ``TokenizerError/damagedFile(_:reason:)``.
  init(model: [UInt8], path: String) throws {
    var message = [CChar](repeating: 0, count: 512)
    let loaded = model.withUnsafeBytes { raw in
      raw.baseAddress.flatMap { csp_load($0, raw.count, &message, 512) }
    }
    guard let handle = loaded else {
      throw TokenizerError.damagedFile(
        path, reason: "not a SentencePiece model: \(model.isEmpty ? "it is empty" : text(message))")
    }
    self.handle = handle
    self.model = model
    vocabularySize = Int(csp_vocabulary_size(handle))
    let ids = (0..<256).map { csp_byte_id(handle, $0) }
    byteIDs = ids.allSatisfy { $0 >= 0 } ? ids.map(Token.init) : nil
    pieceBytes = (0..<Int32(vocabularySize)).map { id in
      let byte = csp_piece_byte(handle, id)
      if byte >= 0 { return [UInt8(byte)] }
      if csp_piece_is_control(handle, id) != 0 || id == csp_unknown_id(handle) { return nil }
      var size = 0
      let start = csp_piece(handle, id, &size)
      let bytes = UnsafeRawBufferPointer(start: start, count: size)
      var out: [UInt8] = []
      var i = 0
      while i < bytes.count {  // U+2581 stands for a space
        if i + 2 < bytes.count, bytes[i] == 0xE2, bytes[i + 1] == 0x96, bytes[i + 2] == 0x81 {
          out.append(0x20)
          i += 3
        } else {
          out.append(bytes[i])
          i += 1
        }
      }
      return out
    }
  }

  deinit { csp_free(handle) }

  /// Ids as the library gives them. `bytes` must be valid UTF-8.
  func encode(_ bytes: ArraySlice<UInt8>, tokenizer: String) throws -> [Token] {
    var ids: UnsafeMutablePointer<Int32>?
    var message = [CChar](repeating: 0, count: 512)
    let count = bytes.withUnsafeBytes { raw in
      raw.baseAddress.map { csp_encode(handle, $0.assumingMemoryBound(to: CChar.self), raw.count, &ids, &message, 512) }
        ?? 0
    }
    defer { csp_free_ids(ids) }
    guard count >= 0 else { throw TokenizerError.encoding(tokenizer: tokenizer, reason: text(message)) }
    return (0..<count).map { Token(bitPattern: ids?[$0] ?? 0) }
  }

  /// Text as the library gives it.
  func decode(_ tokens: [Token], tokenizer: String) throws -> [UInt8] {
    var out: UnsafeMutablePointer<CChar>?
    var message = [CChar](repeating: 0, count: 512)
    let ids = tokens.map { Int32(bitPattern: $0) }
    let count = csp_decode(handle, ids, ids.count, &out, &message, 512)
    defer { csp_free_bytes(out) }
    guard count >= 0 else { throw TokenizerError.corruptTokens(tokenizer: tokenizer, reason: text(message)) }
    return Array(UnsafeRawBufferPointer(start: out, count: count))
  }

  /// The serialised model of a vocabulary trained on sentences, each ended by a newline. The same text gives the same
  /// bytes.
  /// - Throws: ``TokenizerError/training(_:reason:)``.
  static func train(_ arguments: [String], text: [UInt8], tokenizer: String) throws -> [UInt8] {
    var message = [CChar](repeating: 0, count: 1024)
    var model: UnsafeMutablePointer<CChar>?
    var size = 0
    let status = text.withUnsafeBytes { raw in
      raw.withMemoryRebound(to: CChar.self) { text in
        text.baseAddress.map {
          csp_train(arguments.joined(separator: "\n"), $0, text.count, &model, &size, &message, 1024)
        }
      }
    }
    defer { csp_free_bytes(model) }
    guard status == 0, let model else {
      throw TokenizerError.training(tokenizer, reason: Plugins.text(message))
    }
    return Array(UnsafeRawBufferPointer(start: model, count: size))
  }
}

private func text(_ message: [CChar]) -> String {
  String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

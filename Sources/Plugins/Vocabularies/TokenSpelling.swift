import Tokenizers

/// How the tokens of a `tokenizer.json` are written: from a token's content to the bytes of text that it stands for.
struct TokenSpelling {
  let isByteLevel: Bool
  let spaceSign: [UInt8]?
  /// Whether `<0x41>` is the byte 0x41.
  let hasByteTokens: Bool

  enum Meaning {
    /// Chosen for that text.
    case text([UInt8])
    /// Chosen for a byte that no other token has.
    case byte(UInt8)
    /// Never chosen: what it is written with occurs in no text. Its text is what it looks like.
    case unreachable([UInt8])

    var bytes: [UInt8] {
      switch self {
      case .text(let bytes), .unreachable(let bytes): bytes
      case .byte(let byte): [byte]
      }
    }
  }

  func meaning(of content: [UInt8]) -> Meaning {
    if isByteLevel {
      var bytes: [UInt8] = []
      for scalar in String(decoding: content, as: UTF8.self).unicodeScalars {
        guard let byte = Self.byteOfCharacter[scalar] else { return .unreachable(content) }
        bytes.append(byte)
      }
      return bytes.isEmpty ? .unreachable(content) : .text(bytes)
    }
    if hasByteTokens, let byte = Self.byte(content) { return .byte(byte) }
    guard let spaceSign else { return content.isEmpty ? .unreachable(content) : .text(content) }
    let text = content.replacing(spaceSign, with: [0x20])
    return content.isEmpty || content.contains(0x20) ? .unreachable(text) : .text(text)
  }

  /// Of `<0xHH>`, with capital letters as the library writes it.
  private static func byte(_ content: [UInt8]) -> UInt8? {
    let digits = content.dropFirst(3).dropLast()
    guard content.count == 6, content.starts(with: "<0x".utf8), content[5] == UInt8(ascii: ">"),
      digits.allSatisfy({ "0123456789ABCDEF".utf8.contains($0) })
    else { return nil }
    return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
  }

  /// The characters in which ByteLevel writes bytes: visible ones of Latin-1 are themselves, the others in their order
  /// U+0100 and so on.
  /// - Source: Radford et al. 2019, the encoder that came with GPT-2.
  static let byteOfCharacter: [Unicode.Scalar: UInt8] = {
    var bytes: [Unicode.Scalar: UInt8] = [:]
    var other: UInt32 = 0x100
    for byte in UInt8.min...UInt8.max {
      let isVisible = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      if isVisible {
        bytes[Unicode.Scalar(byte)] = byte
      } else if let scalar = Unicode.Scalar(other) {
        bytes[scalar] = byte
        other += 1
      }
    }
    return bytes
  }()
}

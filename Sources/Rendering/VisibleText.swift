/// A text on one line, of which every character is seen: ends of lines and tabs are spaces; control characters, and those
/// that would turn the direction of what follows, stand by their number, as `\u{202E}`.
///
/// Every renderer writes foreign text through it, before it escapes what its format reads as markup.
func visible(_ text: String) -> String {
  var seen = ""
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x09...0x0D, 0x85, 0x2028, 0x2029: seen += " "
    case ..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFFFE, 0xFFFF:
      seen += byNumber(scalar)
    default: seen.unicodeScalars.append(scalar)
    }
  }
  return seen
}

/// `\u{202E}`: a character that cannot be shown as itself.
func byNumber(_ scalar: Unicode.Scalar) -> String { "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}" }

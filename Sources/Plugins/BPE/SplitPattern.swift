/// The published patterns that cut text into pre-tokens, written for PCRE2.
///
/// They are the regular expressions of their tokenizers, but that the classes are spelled out where PCRE2 and the
/// regular expressions of Rust, in which the originals run, know different characters: white space has no U+180E, and
/// the letters, marks and digits are those of Unicode 16, whichever Unicode the installed PCRE2 knows.
public enum SplitPattern: String, Sendable, CaseIterable {
  /// The whole text is one pre-token.
  case none
  /// Words at white space, a space before a word being part of it: GPT-2's rule without its classes.
  case space
  /// Radford et al. 2019, section 2.2.
  case gpt2
  /// OpenAI's tiktoken, `cl100k_base`.
  case cl100k
  /// OpenAI's tiktoken, `o200k_base`.
  case o200k

  /// As PCRE2 with `UTF`, `UCP` and `DOLLAR_ENDONLY` reads it; nil where nothing is cut.
  ///
  /// Before an alternative with classes of Unicode stands the same one for ASCII, in which ``notBesideUnicode`` says that
  /// the other would end there too: it changes no match, and is found in half the time. Where the former is still tried
  /// on ASCII and slow to fail, ``unicodeWord`` stands before it.
  var expression: String? {
    typealias C = CharacterClass
    let (letter, digit, space) = (C.letter, C.digit, C.space)
    let spaces = "[\(space)]+(?![^\(space)])|[\(space)]"
    let ascii = Self.notBesideUnicode
    switch self {
    case .none: return nil
    case .space: return " ?[^\(space)]++|[\(space)]++$|\(spaces)"
    case .gpt2:
      // The first alternative may stand before the contractions, since none begins as it does.
      return " ?[A-Za-z]++\(ascii)|'(?:[sdmt]|ll|ve|re)| ?[\(letter)]++"
        + "| ?[0-9]++\(ascii)| ?[\(digit)]++"
        + "| ?[\(C.asciiSigns)]++\(ascii)| ?[^\(space)\(letter)\(digit)]++"
        + "|[\(space)]++$|\(spaces)"
    case .cl100k:
      return " ?[A-Za-z]++\(ascii)|'(?i:[sdmt]|ll|ve|re)|[\(C.asciiBeforeWords)]?+[A-Za-z]++\(ascii)"
        + "|\(Self.unicodeWord)[^\\r\\n\(letter)\(digit)]?+[\(letter)]++"
        + "|[\(digit)]{1,3}+"
        + "| ?[\(C.asciiSigns)]++\(ascii)[\\r\\n]*+| ?[^\(space)\(letter)\(digit)]++[\\r\\n]*+"
        + "|[\(space)]++$|[\(space)]*[\\r\\n]|\(spaces)"
    case .o200k:
      let upper = C.uppercase + C.titlecase + C.modifier + C.otherLetter + C.mark
      let lower = C.lowercase + C.modifier + C.otherLetter + C.mark
      let asciiBefore = "[\(C.asciiBeforeWords)]?+"
      let before = "[^\\r\\n\(letter)\(digit)]?"
      let contraction = "(?i:'(?:[stmd]|re|ve|ll))?+"
      return "\(asciiBefore)(?:[A-Z]*+[a-z]++|[A-Z]++(?![a-z]))\(ascii)\(contraction)"
        + "|\(Self.unicodeWord)(?:\(before)[\(upper)]*[\(lower)]+|\(before)[\(upper)]+[\(lower)]*)\(contraction)"
        + "|[\(digit)]{1,3}"
        + "| ?[\(C.asciiSigns)]++\(ascii)[\\r\\n/]*| ?[^\(space)\(letter)\(digit)]+[\\r\\n/]*"
        + "|[\(space)]*[\\r\\n]+|\(spaces)+"
    }
  }

  /// What the pre-tokens hold that no superword takes in: a digit, two signs in a row, or spaces at the end.
  /// - Source: Liu et al. 2025, their training script for the second stage.
  static let noSuperword =
    "[\(CharacterClass.digit)]|[^\(CharacterClass.space)\(CharacterClass.letter)\(CharacterClass.digit)]{2}| +$"

  /// The next character is ASCII, or there is none.
  static let notBesideUnicode = #"(?![^\x00-\x7f])"#
  /// A word that starts here, after at most one other character, has a character that is not ASCII, or stands before one.
  static let unicodeWord = #"(?=[\x00-@\[-`{-\x7f]?+[A-Za-z]*+[^\x00-\x7f])"#
}

/// What stands between the brackets of a class: general categories, completed to Unicode 16 from the 14 of Debian 12's
/// PCRE2. A newer PCRE2 knows what is added here itself, and the class is the same.
enum CharacterClass {
  static let space = #"\x09-\x0d \x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"#

  /// ASCII that is neither white space, letter nor digit.
  static let asciiSigns = #"\x00-\x08\x0e-\x1f!-/:-@\[-`{-\x7f"#
  /// ASCII that is neither letter, digit nor the end of a line.
  static let asciiBeforeWords = #"\x00-\x09\x0b\x0c\x0e-/:-@\[-`{-\x7f"#

  static let letter = #"\p{L}"# + ranges(newUppercase + newLowercase + newModifiers + newOtherLetters)
  static let uppercase = #"\p{Lu}"# + ranges(newUppercase)
  static let titlecase = #"\p{Lt}"#
  static let lowercase = #"\p{Ll}"# + ranges(newLowercase)
  static let modifier = #"\p{Lm}"# + ranges(newModifiers)
  static let otherLetter = #"\p{Lo}"# + ranges(newOtherLetters)
  static let mark = #"\p{M}"# + ranges(newMarks)
  static let digit = #"\p{N}"# + ranges(newDigits)
  /// Digits of a decimal system: of the new ones all but the Kaktovik numerals.
  static let decimalDigit = #"\p{Nd}"# + ranges(newDigits.filter { $0.lowerBound != 0x1D2C0 })

  static func ranges(_ ranges: [ClosedRange<Int>]) -> String {
    ranges.sorted { $0.lowerBound < $1.lowerBound }.map {
      "\\x{\(String($0.lowerBound, radix: 16))}-\\x{\(String($0.upperBound, radix: 16))}"
    }.joined()
  }

  // Assigned by Unicode 15.0, 15.1 and 16.0 (DerivedGeneralCategory.txt).
  private static let newUppercase: [ClosedRange<Int>] = [
    0x1C89...0x1C89, 0xA7CB...0xA7CC, 0xA7DA...0xA7DA, 0xA7DC...0xA7DC, 0x10D50...0x10D65,
  ]
  private static let newLowercase: [ClosedRange<Int>] = [
    0x1C8A...0x1C8A, 0xA7CD...0xA7CD, 0xA7DB...0xA7DB, 0x10D70...0x10D85, 0x1DF25...0x1DF2A,
  ]
  private static let newModifiers: [ClosedRange<Int>] = [
    0x10D4E...0x10D4E, 0x10D6F...0x10D6F, 0x16D40...0x16D42, 0x16D6B...0x16D6C, 0x1E030...0x1E06D,
    0x1E4EB...0x1E4EB,
  ]
  private static let newOtherLetters: [ClosedRange<Int>] = [
    0x105C0...0x105F3, 0x10D4A...0x10D4D, 0x10D4F...0x10D4F, 0x10EC2...0x10EC4, 0x1123F...0x11240,
    0x11380...0x11389, 0x1138B...0x1138B, 0x1138E...0x1138E, 0x11390...0x113B5, 0x113B7...0x113B7,
    0x113D1...0x113D1, 0x113D3...0x113D3, 0x11BC0...0x11BE0, 0x11F02...0x11F02, 0x11F04...0x11F10,
    0x11F12...0x11F33, 0x1342F...0x1342F, 0x13441...0x13446, 0x13460...0x143FA, 0x16100...0x1611D,
    0x16D43...0x16D6A, 0x18CFF...0x18CFF, 0x1B132...0x1B132, 0x1B155...0x1B155, 0x1E4D0...0x1E4EA,
    0x1E5D0...0x1E5ED, 0x1E5F0...0x1E5F0, 0x2B739...0x2B739, 0x2EBF0...0x2EE5D, 0x31350...0x323AF,
  ]
  private static let newMarks: [ClosedRange<Int>] = [
    0x897...0x897, 0xCF3...0xCF3, 0xECE...0xECE, 0x10D69...0x10D6D, 0x10EFC...0x10EFF, 0x11241...0x11241,
    0x113B8...0x113C0, 0x113C2...0x113C2, 0x113C5...0x113C5, 0x113C7...0x113CA, 0x113CC...0x113D0,
    0x113D2...0x113D2, 0x113E1...0x113E2, 0x11F00...0x11F01, 0x11F03...0x11F03, 0x11F34...0x11F3A,
    0x11F3E...0x11F42, 0x11F5A...0x11F5A, 0x13440...0x13440, 0x13447...0x13455, 0x1611E...0x1612F,
    0x1E08F...0x1E08F, 0x1E4EC...0x1E4EF, 0x1E5EE...0x1E5EF,
  ]
  private static let newDigits: [ClosedRange<Int>] = [
    0x10D40...0x10D49, 0x116D0...0x116E3, 0x11BF0...0x11BF9, 0x11F50...0x11F59, 0x16130...0x16139,
    0x16D70...0x16D79, 0x1CCF0...0x1CCF9, 0x1D2C0...0x1D2D3, 0x1E4F0...0x1E4F9, 0x1E5F1...0x1E5FA,
  ]
}

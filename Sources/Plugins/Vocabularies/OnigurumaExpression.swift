/// Regular expressions as Oniguruma reads them (Ruby's syntax), in which Hugging Face's files are written, for PCRE2.
///
/// What the two read differently is written anew: classes in Unicode 16 (Debian 12's PCRE2 knows 14), white space and
/// word characters, `^` and `$` at every line, `(?m)`, `\h`, `\v`, and an interval with `+` behind it, which is repeated
/// and not possessive. What cannot be written anew is refused.
/// - Source: Oniguruma 6.9, doc/RE; pcre2pattern(3).
struct OnigurumaExpression {
  /// The same expression for PCRE2 with `UTF` and `UCP`.
  /// - Throws: ``VocabularyError`` for what PCRE2 cannot say.
  static func translated(_ expression: String) throws -> String {
    var reader = OnigurumaExpression(expression)
    try reader.read()
    return String(String.UnicodeScalarView(reader.out))
  }

  private let text: [Unicode.Scalar]
  private let source: String
  private var position = 0
  private var out: [Unicode.Scalar] = []
  /// Where the last atom begins in ``out``: what a quantifier is about.
  private var atom = 0
  private var groups: [Int] = []
  /// Groups that an option without one opened, `(?i)`, by the group that they end with; the expression's own first.
  private var optionGroups = [0]
  /// Whether case is ignored somewhere.
  private var ignoresCase = false
  /// The character just read, where it stands for itself.
  private var lastLiteral: Unicode.Scalar?
  /// Whether one of the whole expression's alternatives begins here.
  private var beginsAlternative = true

  private init(_ expression: String) {
    source = expression
    text = Array(expression.unicodeScalars)
  }

  private func refuse(_ what: String) -> VocabularyError {
    VocabularyError("the expression '\(source)' has \(what), which is not supported here")
  }

  private func startsWith(_ word: String, at offset: Int = 0) -> Bool {
    text.dropFirst(position + offset).starts(with: word.unicodeScalars)
  }

  private mutating func append(_ word: String) { out += Array(word.unicodeScalars) }

  private mutating func appendAtom(_ word: String) {
    atom = out.count
    append(word)
  }

  private mutating func read() throws {
    while position < text.count {
      if beginsAlternative { insertASCII() }
      beginsAlternative = false
      let scalar = text[position], before = lastLiteral
      lastLiteral = nil
      switch scalar {
      case "\\": appendAtom(try escape(inClass: false))
      case "[": try readClass()
      case "(": try openGroup()
      case ")":
        append(String(repeating: ")", count: 1 + (groups.isEmpty ? 0 : optionGroups.removeLast())))
        position += 1
        atom = groups.popLast() ?? 0
      case "^", "$":
        appendAtom("(?m:\(scalar))")
        position += 1
      case "{": try readInterval()
      case "*", "+", "?":
        out.append(scalar)
        position += 1
      default:
        if ignoresCase, Self.foldsWithOthers(before, scalar) { throw refuse("'\(scalar)' where case is ignored") }
        lastLiteral = scalar
        atom = out.count
        out.append(scalar)
        position += 1
        beginsAlternative = scalar == "|" && groups.isEmpty
      }
    }
    append(String(repeating: ")", count: optionGroups[0]))
  }

  /// Whether Oniguruma takes several characters for one where it ignores case, as "ss" for "ß", and PCRE2 does not.
  private static func foldsWithOthers(_ before: Unicode.Scalar?, _ scalar: Unicode.Scalar) -> Bool {
    let folded = scalar.properties.lowercaseMapping
    if folded.unicodeScalars.count > 1 || folded.uppercased().unicodeScalars.count > 1 { return true }
    guard let before else { return false }
    return ["ss", "ff", "fi", "fl", "st"].contains(before.properties.lowercaseMapping + folded)
  }

  /// Before an alternative with classes of Unicode, the same one for ASCII: as in ``SplitPattern``, it changes no match and
  /// is found in half the time.
  private mutating func insertASCII() {
    let alternative = String(String.UnicodeScalarView(text[position...].prefix { $0 != "|" }))
    guard let ascii = Self.inASCII[alternative] else { return }
    append(ascii)
  }

  /// Alternatives that most files have.
  private static let inASCII: [String: String] = {
    let beside = SplitPattern.notBesideUnicode, word = SplitPattern.unicodeWord
    let signs = #"[!-/:-@\[-`{-~]++"#
    return [
      #"[^\r\n\p{L}\p{N}]?\p{L}+"#: "[\(CharacterClass.asciiBeforeWords)]?+[A-Za-z]++\(beside)|\(word)",
      #"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"#:
        #"[\x00-\x09\x0b\x0c\x0e- 0-9\x7f]?+[A-Za-z]++"# + "\(beside)|\(word)",
      #" ?\p{L}+"#: " ?[A-Za-z]++\(beside)|",
      #" ?[^\s\p{L}\p{N}]+[\r\n]*"#: " ?[\(CharacterClass.asciiSigns)]++\(beside)[\\r\\n]*+|",
      #" ?[\p{P}\p{S}]+[\r\n]*"#: " ?\(signs)\(beside)[\\r\\n]*+|",
      #" ?[^\s\p{L}\p{N}]+"#: " ?[\(CharacterClass.asciiSigns)]++\(beside)|",
    ]
  }()

  // MARK: Groups and intervals

  private mutating func openGroup() throws {
    groups.append(out.count)
    optionGroups.append(0)
    position += 1
    guard startsWith("?") else { return append("(") }
    if startsWith("?~") { throw refuse("an absent operator '(?~'") }
    let plain = ["?:", "?=", "?!", "?>", "?<=", "?<!", "?#"]
    if let start = plain.first(where: { startsWith($0) }) {
      append("(" + start)
      position += start.count
      return
    }
    if startsWith("?<") { throw refuse("a named group") }
    // Options: m is PCRE2's s; without ':' they open a group that ends with the one around it.
    append("(?")
    position += 1
    while position < text.count, text[position] != ":", text[position] != ")" {
      switch text[position] {
      case "i", "x", "-":
        ignoresCase = ignoresCase || text[position] == "i"
        out.append(text[position])
      case "m": out.append("s")
      default: throw refuse("the option '\(text[position])'")
      }
      position += 1
    }
    guard position < text.count else { return }
    append(":")
    if text[position] == ")" {
      groups.removeLast()
      optionGroups.removeLast()
      optionGroups[optionGroups.count - 1] += 1
    }
    position += 1
  }

  private mutating func readInterval() throws {
    let inside = text[(position + 1)...].prefix { $0 != "}" }
    let end = position + 1 + inside.count
    let isInterval =
      end < text.count && !inside.isEmpty && inside.allSatisfy { ("0"..."9").contains($0) || $0 == "," }
      && inside.count { $0 == "," } <= 1 && inside.contains { $0 != "," }
    guard isInterval else {
      appendAtom("\\{")
      position += 1
      return
    }
    let bounds = String(String.UnicodeScalarView(inside))
    position = end + 1
    append("{\(bounds.hasPrefix(",") ? "0" : "")\(bounds)}")
    // Here '+' repeats the interval, and '?' behind an exact number makes it optional.
    guard position < text.count, text[position] == "+" || text[position] == "?" && !bounds.contains(",") else { return }
    out.insert(contentsOf: Array("(?:".unicodeScalars), at: atom)
    append(")")
  }

  // MARK: Classes

  private mutating func readClass() throws {
    atom = out.count
    append("[")
    position += 1
    if startsWith("^") {
      append("^")
      position += 1
    }
    var isFirst = true
    while true {
      guard position < text.count else { throw refuse("a '[' without ']'") }
      if text[position] == "]", !isFirst { break }
      if startsWith("[:") { throw refuse("a POSIX class '[:'") }
      if text[position] == "[" { throw refuse("a class within a class") }
      if startsWith("&&") { throw refuse("an intersection '&&'") }
      isFirst = false
      if text[position] == "\\" {
        append(try escape(inClass: true))
      } else {
        out.append(text[position])
        position += 1
      }
    }
    append("]")
    position += 1
  }

  /// The classes of Unicode 16 by the name of a property.
  private static let properties: [String: String] = [
    "L": CharacterClass.letter, "Lu": CharacterClass.uppercase, "Lt": CharacterClass.titlecase,
    "Ll": CharacterClass.lowercase, "Lm": CharacterClass.modifier, "Lo": CharacterClass.otherLetter,
    "M": CharacterClass.mark, "N": CharacterClass.digit, "Nd": CharacterClass.decimalDigit,
    "P": #"\p{P}"# + CharacterClass.ranges(newPunctuation), "S": #"\p{S}"# + CharacterClass.ranges(newSymbols),
    "Han": ideographs, "Hani": ideographs,
  ]
  private static let ideographs = #"\p{sc:Han}\x{2ebf0}-\x{2ee5d}\x{31350}-\x{323af}"#
  /// Properties by names that are no script's, of more than two letters. Of scripts PCRE2 takes the characters that they
  /// share with others (Script_Extensions) unless it is told not to; Oniguruma does not.
  private static let unscripted: Set<String> = [
    "Any", "ASCII", "Alpha", "Alphabetic", "Upper", "Uppercase", "Lower", "Lowercase", "Space", "White_Space", "Cased",
    "Dash", "Math", "Ideographic", "Hex_Digit", "Emoji", "Emoji_Presentation", "Emoji_Modifier", "Emoji_Modifier_Base",
    "Emoji_Component", "Extended_Pictographic",
  ]
  private static let word =
    #"\p{Alphabetic}\p{Pc}"# + CharacterClass.letter + CharacterClass.mark + CharacterClass.decimalDigit

  /// Those of Latin-1, which Oniguruma takes for word characters outside of a class and not within one.
  private static let powersAndFractions = #"\xb2\xb3\xb9\xbc-\xbe"#

  /// What stands after a backslash, and the backslash.
  private mutating func escape(inClass: Bool) throws -> String {
    guard position + 1 < text.count else { throw refuse("a backslash at its end") }
    let letter = text[position + 1]
    position += 2
    /// A class by what stands between its brackets.
    func these(_ inside: String) -> String { inClass ? inside : "[\(inside)]" }
    func others(_ inside: String) throws -> String {
      if inClass { throw refuse("'\\\(letter)' within a class") }
      return "[^\(inside)]"
    }
    switch letter {
    case "s": return these(CharacterClass.space)
    case "S": return inClass ? "\\S" : "[^\(CharacterClass.space)]"
    case "d": return these(CharacterClass.decimalDigit)
    case "D": return try others(CharacterClass.decimalDigit)
    case "w": return these(Self.word + (inClass ? "" : Self.powersAndFractions))
    case "W": return try others(Self.word + Self.powersAndFractions)
    case "h": return these("0-9a-fA-F")
    case "H": return try others("0-9a-fA-F")
    case "v": return "\\x0b"
    case "p", "P":
      guard startsWith("{") else { throw refuse("'\\\(letter)' without '{'") }
      var name = String(String.UnicodeScalarView(text[(position + 1)...].prefix { $0 != "}" }))
      position += name.unicodeScalars.count + 2
      guard position <= text.count else { throw refuse("'\\\(letter){' without '}'") }
      var isOther = letter == "P"
      if name.hasPrefix("^") {
        name.removeFirst()
        isOther.toggle()
      }
      guard let inside = Self.properties[name] else {
        let isScript = name.unicodeScalars.count > 2 && !Self.unscripted.contains(name)
        return "\\\(isOther ? "P" : "p"){\(isScript ? "sc:" : "")\(name)}"
      }
      if !isOther { return these(inside) }
      return inClass ? "\\P{\(inside == Self.ideographs ? "sc:" : "")\(name)}" : "[^\(inside)]"
    case "u":
      let digits = String(String.UnicodeScalarView(text[position...].prefix(4)))
      guard digits.utf8.count == 4, let code = UInt32(digits, radix: 16) else {
        throw refuse("'\\u' without four hexadecimal digits")
      }
      position += 4
      return "\\x{\(String(code, radix: 16))}"
    case "x":
      if startsWith("{") { return "\\x" }
      let digits = String(String.UnicodeScalarView(text[position...].prefix(2)))
      guard digits.utf8.count == 2, let code = UInt8(digits, radix: 16), code < 0x80 else {
        throw refuse("'\\x' that is not a character of ASCII")
      }
      position += 2
      return "\\x" + digits
    case "n", "t", "r", "f", "a", "e", "A", "z", "Z", "R": return "\\\(letter)"
    case "a"..."z", "A"..."Z", "0"..."9": throw refuse("'\\\(letter)'")
    default: return "\\\(letter)"
    }
  }

  // Assigned by Unicode 15.0, 15.1 and 16.0 (DerivedGeneralCategory.txt).
  private static let newPunctuation: [ClosedRange<Int>] = [
    0x1B4E...0x1B4F, 0x1B7F...0x1B7F, 0x10D6E...0x10D6E, 0x113D4...0x113D5, 0x113D7...0x113D8, 0x11B00...0x11B09,
    0x11BE1...0x11BE1, 0x11F43...0x11F4F, 0x16D6D...0x16D6F, 0x1E5FF...0x1E5FF,
  ]
  private static let newSymbols: [ClosedRange<Int>] = [
    0x2427...0x2429, 0x2FFC...0x2FFF, 0x31E4...0x31E5, 0x31EF...0x31EF, 0x10D8E...0x10D8F, 0x1CC00...0x1CCEF,
    0x1CD00...0x1CEB3, 0x1F6DC...0x1F6DC, 0x1F774...0x1F776, 0x1F77B...0x1F77F, 0x1F7D9...0x1F7D9,
    0x1F8B2...0x1F8BB, 0x1F8C0...0x1F8C1, 0x1FA75...0x1FA77, 0x1FA87...0x1FA89, 0x1FA8F...0x1FA8F,
    0x1FAAD...0x1FAAF, 0x1FABB...0x1FABF, 0x1FAC6...0x1FAC6, 0x1FACE...0x1FACF, 0x1FADA...0x1FADC,
    0x1FADF...0x1FADF, 0x1FAE8...0x1FAE9, 0x1FAF7...0x1FAF8, 0x1FBCB...0x1FBEF,
  ]
}

/// How the matches of an expression cut a text, as Hugging Face's Split names it.
enum SplitBehavior: String, CaseIterable {
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// The expression whose matches, and what lies between them, are the pieces that this behaviour cuts with the matches
  /// of another one.
  /// - Parameter inverted: whether the pieces between the matches are taken for the matches.
  func pieces(of expression: String, inverted: Bool) -> String {
    switch (self, inverted) {
    case (.isolated, _): expression
    case (.contiguous, _): "(?:(?>\(expression)))++"
    // What lies before a match and the match: it is found from where the last one ended (\G), as in a search.
    case (.mergedWithPrevious, false), (.mergedWithNext, true): "\\G(?s:.*?)(?:\(expression))"
    // A match and what follows, up to where the next one begins.
    case (.mergedWithNext, false), (.mergedWithPrevious, true): "(?:\(expression))(?s:(?!\(expression)).)*+"
    }
  }
}

/// Regular expressions as Oniguruma reads them (Ruby's syntax), in which Hugging Face's files are written, for PCRE2.
///
/// What the two read differently is written anew: classes in Unicode 16 (Debian 12's PCRE2 knows 14), also where one is
/// left out of another, white space and word characters, `^` and `$` at every line, `(?m)`, `(?x)`, `\h`, `\v`, and an
/// interval with `+` behind it, which is repeated and not possessive. What cannot be written anew is refused.
/// - Source: Oniguruma 6.9, doc/RE; pcre2pattern(3).
struct OnigurumaExpression {
  /// The same expression for PCRE2 with `UTF` and `UCP`.
  /// - Throws: ``Unsupported`` for what PCRE2 cannot say, ``PreTokenizer/Malformed``.
  static func translated(_ expression: String) throws -> String {
    var reader = OnigurumaExpression(expression)
    try reader.read()
    return String(String.UnicodeScalarView(reader.out))
  }

  private let text: [Unicode.Scalar]
  private var position = 0
  private var out: [Unicode.Scalar] = []
  /// Where the last atom begins in ``out``: what a quantifier is about.
  private var atom = 0
  private var groups: [Int] = []
  /// Groups that an option without one opened, `(?i)`, by the group that they end with; the expression's own first.
  private var optionGroups = [0]
  private struct Options {
    var ignoresCase = false
    /// Whether white space and `#` stand for nothing.
    var isExtended = false
  }
  /// Of the expression and of the groups that are open, the innermost last.
  private var options = [Options()]
  private var current: Options {
    get { options[options.count - 1] }
    set { options[options.count - 1] = newValue }
  }
  /// The character just read, where it stands for itself; groups may have begun or ended behind it.
  private var lastLiteral: Unicode.Scalar?
  /// Whether one of the whole expression's alternatives begins here.
  private var beginsAlternative = true

  private init(_ expression: String) {
    text = Array(expression.unicodeScalars)
  }

  /// Something that an expression has and that is not supported.
  struct Unsupported: Error { var what: String }

  private func refuse(_ what: String) -> Unsupported { Unsupported(what: what) }

  private func startsWith(_ word: String, at offset: Int = 0) -> Bool {
    text.dropFirst(position + offset).starts(with: word.unicodeScalars)
  }

  private mutating func append(_ word: String) { out += Array(word.unicodeScalars) }

  private mutating func appendAtom(_ word: String) {
    lastLiteral = nil
    atom = out.count
    append(word)
  }

  private mutating func read() throws {
    while position < text.count {
      if beginsAlternative, !current.isExtended { insertASCII() }
      beginsAlternative = false
      let scalar = text[position]
      switch scalar {
      case _ where current.isExtended && (scalar.properties.isWhitespace || scalar == "#"):
        skip(past: scalar == "#" ? "\n" : scalar)
      case "\\": try readEscape()
      case "[": try readClass()
      case "(": try openGroup()
      case ")":
        append(String(repeating: ")", count: 1 + (groups.isEmpty ? 0 : optionGroups.removeLast())))
        position += 1
        atom = groups.popLast() ?? 0
        if options.count > 1 { options.removeLast() }
      case "^", "$":
        appendAtom("(?m:\(scalar))")
        position += 1
      case "{": try readInterval()
      case "*", "+", "?", "|":
        lastLiteral = nil
        out.append(scalar)
        position += 1
        beginsAlternative = scalar == "|" && groups.isEmpty
      default:
        try appendLiteral(scalar, as: String(scalar))
        position += 1
      }
    }
    append(String(repeating: ")", count: optionGroups[0]))
  }

  /// Goes behind the next of such a character, or to the end.
  private mutating func skip(past scalar: Unicode.Scalar) {
    position = text[position...].firstIndex(of: scalar).map { $0 + 1 } ?? text.count
  }

  /// A character that stands for itself. Where case is ignored, Oniguruma takes several for one, as "ss" for "ß", and one
  /// for several; PCRE2 does neither.
  private mutating func appendLiteral(_ scalar: Unicode.Scalar, as written: String) throws {
    if current.ignoresCase, CaseFolding.isOfSeveral(scalar) || CaseFolding.mayJoin(lastLiteral, scalar) {
      throw refuse("'\(scalar)' where case is ignored")
    }
    appendAtom(written)
    lastLiteral = scalar
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
    position += 1
    if startsWith("?#") { return skip(past: ")") }
    groups.append(out.count)
    optionGroups.append(0)
    options.append(current)
    if startsWith("*") { throw refuse("a callout '(*'") }
    guard startsWith("?") else { return append("(") }
    if startsWith("?~") { throw refuse("an absent operator '(?~'") }
    let plain = ["?:", "?=", "?!", "?>", "?<=", "?<!"]
    if let start = plain.first(where: { startsWith($0) }) {
      append("(" + start)
      position += start.count
      return
    }
    if startsWith("?<") { throw refuse("a named group") }
    // Options: m is PCRE2's s; without ':' they open a group that ends with the one around it.
    append("(?")
    position += 1
    var isOn = true
    while position < text.count, text[position] != ":", text[position] != ")" {
      switch text[position] {
      case "-":
        isOn = false
        append("-")
      case "i":
        current.ignoresCase = isOn
        append("i")
      case "m": append("s")
      case "x": current.isExtended = isOn
      default: throw refuse("the option '\(text[position])'")
      }
      position += 1
    }
    guard position < text.count else { return }
    append(":")
    if text[position] == ")" {
      groups.removeLast()
      options.remove(at: options.count - 2)
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
      try appendLiteral("{", as: "\\{")
      position += 1
      return
    }
    lastLiteral = nil
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
    position += 1
    let isNegated = startsWith("^")
    if isNegated { position += 1 }
    var members = ""
    // PCRE2 cannot leave out of a class more than it knows itself, so that these stand beside it.
    var complements: [String] = []
    var isFirst = true
    while true {
      guard position < text.count else { throw refuse("a '[' without ']'") }
      if text[position] == "]", !isFirst { break }
      if startsWith("[:") { throw refuse("a POSIX class '[:'") }
      if text[position] == "[" { throw refuse("a class within a class") }
      if startsWith("&&") { throw refuse("an intersection '&&'") }
      isFirst = false
      if text[position] == "\\" {
        switch try escape(inClass: true) {
        case .character(let scalar): members += Self.written(scalar)
        case .those(let inside): members += inside
        case .others(let inside): complements.append(inside)
        case .expression(let written): throw refuse("'\(written)' within a class")
        }
      } else {
        members += text[position] == "^" || text[position] == "]" ? "\\\(text[position])" : String(text[position])
        position += 1
      }
    }
    position += 1
    let written = Self.characterClass(members, complements, isNegated: isNegated)
    if current.ignoresCase, !isNegated {
      let matcher = PreTokenMatcher(try PreTokenizer(expression: "(?i)" + written))
      if let scalar = try CaseFolding.ofSeveral.first(where: { try matcher.hasMatch(in: String($0)) }) {
        throw refuse("'\(scalar)' in a class where case is ignored")
      }
    }
    appendAtom(written)
  }

  /// One character that is among the members or in none of the complements, or, negated, one that is neither.
  private static func characterClass(_ members: String, _ complements: [String], isNegated: Bool) -> String {
    if complements.isEmpty { return "[\(isNegated ? "^" : "")\(members)]" }
    let own = members.isEmpty ? [] : ["[\(members)]"]
    guard isNegated else { return "(?:\((own + complements.map { "[^\($0)]" }).joined(separator: "|")))" }
    let conditions = own.map { "(?!\($0))" } + complements.dropLast().map { "(?=[\($0)])" }
    return "(?:\(conditions.joined())[\(complements[complements.count - 1])])"
  }

  /// The classes of Unicode 16 by the name of a property, in small letters.
  private static let properties: [String: String] = [
    "l": CharacterClass.letter, "lu": CharacterClass.uppercase, "lt": CharacterClass.titlecase,
    "ll": CharacterClass.lowercase, "lm": CharacterClass.modifier, "lo": CharacterClass.otherLetter,
    "m": CharacterClass.mark, "n": CharacterClass.digit, "nd": CharacterClass.decimalDigit,
    "no": #"\p{No}\x{1d2c0}-\x{1d2d3}"#, "cf": #"\p{Cf}\x{13439}-\x{1343f}"#,
    "p": punctuation, "pd": #"\p{Pd}\x{10d6e}"#,
    "po": #"\p{Po}"# + CharacterClass.ranges(newPunctuation.filter { $0.lowerBound != 0x10D6E }),
    "s": symbol, "sm": #"\p{Sm}\x{10d8e}\x{10d8f}"#,
    "so": #"\p{So}"# + CharacterClass.ranges(newSymbols.filter { $0.lowerBound != 0x10D8E }),
    "han": ideographs, "hani": ideographs, "hiragana": hiragana, "hira": hiragana, "katakana": katakana,
    "kana": katakana,
  ]
  private static let punctuation = #"\p{P}"# + CharacterClass.ranges(newPunctuation)
  private static let symbol = #"\p{S}"# + CharacterClass.ranges(newSymbols)
  private static let ideographs = #"\p{sc:Han}\x{2b739}\x{2ebf0}-\x{2ee5d}\x{31350}-\x{323af}"#
  private static let hiragana = #"\p{sc:Hiragana}\x{1b132}"#
  private static let katakana = #"\p{sc:Katakana}\x{1b155}"#
  /// All that are not of the category C: controls, formats, and what is no character yet.
  private static let visible =
    CharacterClass.letter + CharacterClass.mark + CharacterClass.digit + punctuation + symbol + #"\p{Z}"#
  /// Properties by names that are no script's, of more than two letters. Of scripts PCRE2 takes the characters that they
  /// share with others (Script_Extensions) unless it is told not to; Oniguruma does not.
  private static let unscripted: Set<String> = [
    "any", "ascii", "space", "whitespace", "hexdigit", "extendedpictographic",
  ]
  /// Properties that have other characters in Unicode 16 than in the installed PCRE2's.
  private static let changed: Set<String> = [
    "cn", "alpha", "alphabetic", "upper", "uppercase", "lower", "lowercase", "cased", "dash", "math", "ideographic",
    "emoji", "emojipresentation", "emojimodifier", "emojimodifierbase", "emojicomponent",
  ]
  private static let word =
    #"\p{Alphabetic}\p{Pc}"# + CharacterClass.letter + CharacterClass.mark + CharacterClass.decimalDigit

  /// Those of Latin-1, which Oniguruma takes for word characters outside of a class and not within one.
  private static let powersAndFractions = #"\xb2\xb3\xb9\xbc-\xbe"#

  /// What a backslash and what follows it stand for.
  private enum Escape {
    case character(Unicode.Scalar)
    /// A class by what stands between its brackets.
    case those(String)
    /// All but that class.
    case others(String)
    /// What is no character.
    case expression(String)
  }

  /// An escape outside of a class. Where case is ignored, a class of Unicode stays as it is all the same.
  private mutating func readEscape() throws {
    func alone(_ written: String) -> String { current.ignoresCase ? "(?-i:\(written))" : written }
    switch try escape(inClass: false) {
    case .character(let scalar): try appendLiteral(scalar, as: Self.written(scalar))
    case .those(let inside): appendAtom(alone("[\(inside)]"))
    case .others(let inside): appendAtom(alone("[^\(inside)]"))
    case .expression(let written): appendAtom(written)
    }
  }

  private static func written(_ scalar: Unicode.Scalar) -> String { "\\x{\(String(scalar.value, radix: 16))}" }

  private mutating func escape(inClass: Bool) throws -> Escape {
    guard position + 1 < text.count else { throw refuse("a backslash at its end") }
    let letter = text[position + 1]
    position += 2
    let word = Self.word + (inClass ? "" : Self.powersAndFractions)
    switch letter {
    case "s": return .those(CharacterClass.space)
    case "S": return .others(CharacterClass.space)
    case "d": return .those(CharacterClass.decimalDigit)
    case "D": return .others(CharacterClass.decimalDigit)
    case "w": return .those(word)
    case "W": return .others(word)
    case "h": return .those("0-9a-fA-F")
    case "H": return .others("0-9a-fA-F")
    case "p", "P": return try property(isOther: letter == "P", inClass: inClass)
    case "u": return .character(try hexadecimal(of: text[position...].prefix(4), count: 4...4, below: 0x110000))
    case "x":
      guard startsWith("{") else {
        // Two digits are a byte, which is no character from 0x80 on.
        return .character(try hexadecimal(of: text[position...].prefix(2), count: 2...2, below: 0x80))
      }
      position += 1
      let scalar = try hexadecimal(of: text[position...].prefix { $0 != "}" }, count: 1...8, below: 0x110000)
      guard startsWith("}") else { throw refuse("'\\x{' without '}'") }
      position += 1
      return .character(scalar)
    case "A", "z", "Z", "R": return .expression("\\\(letter)")
    default:
      if let control = Self.controls[letter] { return .character(control) }
      if letter.isASCII, letter.properties.isAlphabetic || ("0"..."9").contains(letter) {
        throw refuse("'\\\(letter)'")
      }
      return .character(letter)
    }
  }

  private static let controls: [Unicode.Scalar: Unicode.Scalar] = [
    "a": "\u{7}", "t": "\t", "n": "\n", "v": "\u{b}", "f": "\u{c}", "r": "\r", "e": "\u{1b}",
  ]

  private mutating func hexadecimal(
    of digits: ArraySlice<Unicode.Scalar>, count: ClosedRange<Int>, below limit: UInt32
  ) throws -> Unicode.Scalar {
    let isNumber = count.contains(digits.count) && digits.allSatisfy(\.properties.isASCIIHexDigit)
    guard isNumber, let code = UInt32(String(String.UnicodeScalarView(digits)), radix: 16), code < limit,
      let scalar = Unicode.Scalar(code)
    else { throw refuse("a hexadecimal escape that is no character") }
    position += digits.count
    return scalar
  }

  /// What follows `\p` or `\P`.
  private mutating func property(isOther: Bool, inClass: Bool) throws -> Escape {
    guard startsWith("{") else { throw refuse("'\\p' without '{'") }
    var name = String(String.UnicodeScalarView(text[(position + 1)...].prefix { $0 != "}" }))
    position += name.unicodeScalars.count + 2
    guard position <= text.count else { throw refuse("'\\p{' without '}'") }
    var isOther = isOther
    if name.hasPrefix("^") {
      name.removeFirst()
      isOther.toggle()
    }
    // As Oniguruma reads names.
    let key = name.lowercased().filter { !" _-".contains($0) }
    if Self.changed.contains(key) { throw refuse("'\\p{\(name)}'") }
    let isScript = key.count > 2 && !Self.unscripted.contains(key)
    var inside = Self.properties[key] ?? "\\p{\(isScript ? "sc:" : "")\(key)}"
    if key == "c" {
      inside = Self.visible
      isOther.toggle()
    }
    if inClass, current.ignoresCase {
      // There, a class also holds what its characters fold to.
      if key == "l", !isOther {
        inside += Self.markOfLetters
      } else if !Self.ofAnyCase.contains(key) {
        throw refuse("'\\\(isOther ? "P" : "p"){\(name)}' in a class where case is ignored")
      }
    }
    return isOther ? .others(inside) : .those(inside)
  }

  /// Properties that no letter and its other cases differ in.
  private static let ofAnyCase: Set<String> = ["n", "nd", "p", "s", "z", "zs", "han", "hani"]
  /// The one character that is no letter and folds to one, iota below.
  private static let markOfLetters = "\\x{345}"

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

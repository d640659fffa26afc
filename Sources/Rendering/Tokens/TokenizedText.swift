import Analysis
import Support

/// A text and how several tokenizers cut it.
public struct TokenizedText: Sendable {
  /// One tokenizer's tokens.
  public struct Row: Sendable {
    public let name: String
    public let ids: [UInt32]
    /// Of each token, the bytes that it stands for, all together the text; nil where tokens stand for none in particular.
    public let byteCounts: [Int]?
    /// Of each token, -log2 of the probability that a model gave it; nil without a model.
    public let bits: [Double]?

    public init(name: String, ids: [UInt32], byteCounts: [Int]?, bits: [Double]? = nil) {
      (self.name, self.ids, self.byteCounts, self.bits) = (name, ids, byteCounts, bits)
    }
  }

  /// What is shown in one piece: a character, or a byte where there is none or a token ends within it.
  struct Unit: Equatable {
    let bytes: Range<Int>
    /// What is shown; no control characters.
    let text: String
    let width: Int
    /// Whether it is a byte that stands for no character of its own here.
    let isByte: Bool
    /// Whether a line ends after it.
    let endsLine: Bool
  }

  public let text: [UInt8]
  public let rows: [Row]
  let units: [Unit]

  /// - Precondition: of every row that has them, Σ byteCounts is the text, and bits are one a token.
  public init(_ text: [UInt8], rows: [Row]) {
    for row in rows {
      precondition(row.byteCounts.map { $0.count == row.ids.count && $0.reduce(0, +) == text.count } ?? true)
      precondition(row.bits.map { $0.count == row.ids.count } ?? true)
    }
    (self.text, self.rows) = (text, rows)
    let boundaries = Set(rows.flatMap { row in Self.starts(row.byteCounts ?? []) })
    units = Self.characters(of: text).flatMap { range, character -> [Unit] in
      if let character, !range.dropFirst().contains(where: boundaries.contains) {
        return [Self.unit(character, range)]
      }
      return range.map { Self.unit(byte: text[$0], at: $0) }
    }
  }

  init(_ line: CutLine) {
    self.init(
      Array(line.text.utf8),
      rows: line.rows.map { Row(name: $0.tokenizer, ids: $0.ids, byteCounts: $0.byteCounts) })
  }

  /// Where each token begins.
  static func starts(_ byteCounts: [Int]) -> [Int] {
    var place = 0
    return byteCounts.map { count in
      defer { place += count }
      return place
    }
  }

  /// Of each byte of the text, the index of the token that stands for it.
  static func owners(_ byteCounts: [Int]) -> [Int] {
    byteCounts.enumerated().flatMap { [Int](repeating: $0, count: $1) }
  }

  /// The characters of the text (extended grapheme clusters), and bytes that are no valid UTF-8, one by one.
  private static func characters(of text: [UInt8]) -> [(Range<Int>, Character?)] {
    var found: [(Range<Int>, Character?)] = []
    var run = ""
    var runStart = 0
    func flush() {
      for character in run {
        let end = runStart + character.utf8.count
        found.append((runStart..<end, character))
        runStart = end
      }
      run = ""
    }
    var place = 0
    while place < text.count {
      let length = min(utf8Length(text[place]), text.count - place)
      if length > 0, let scalar = String(validating: text[place..<place + length], as: UTF8.self) {
        run += scalar
        place += length
      } else {
        flush()
        found.append((place..<place + 1, nil))
        place += 1
        runStart = place
      }
    }
    flush()
    return found
  }

  /// Bytes of the scalar that begins with a byte; 0 for one that begins none.
  private static func utf8Length(_ byte: UInt8) -> Int {
    switch byte {
    case 0..<0x80: 1
    case 0xC2..<0xE0: 2
    case 0xE0..<0xF0: 3
    case 0xF0..<0xF5: 4
    default: 0
    }
  }

  private static func unit(byte: UInt8, at place: Int) -> Unit {
    if byte < 0x80 { return unit(Character(Unicode.Scalar(byte)), place..<place + 1) }
    return Unit(
      bytes: place..<place + 1, text: "\\x" + hexadecimal(byte), width: 4, isByte: true, endsLine: false)
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count < 2 ? "0" + digits : digits
  }

  private static func unit(_ character: Character, _ range: Range<Int>) -> Unit {
    let scalars = character.unicodeScalars
    if let only = scalars.first, only.value < 0x20 || only.value == 0x7F {
      let shown: String
      switch only {
      case "\n": shown = "⏎"
      case "\r": shown = scalars.count == 2 ? "⏎" : "␍"  // CR LF is one character
      case "\t": shown = "→"
      case "\u{7F}": shown = "␡"
      default: shown = Unicode.Scalar(0x2400 + only.value).map(String.init) ?? "␀"
      }
      return Unit(
        bytes: range, text: shown, width: 1, isByte: false,
        endsLine: character.isNewline && (only == "\n" || scalars.count == 2))
    }
    // Marks and joiners alone, C1 controls, and what would change the direction of what follows: shown by number.
    let isFormat = scalars.allSatisfy {
      switch $0.properties.generalCategory {
      case .format, .control, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate: true
      default: false
      }
    }
    let width = displayWidth(character)
    if isFormat || width == 0 {
      let shown = scalars.map { "\\u{" + String($0.value, radix: 16, uppercase: true) + "}" }.joined()
      return Unit(bytes: range, text: shown, width: shown.count, isByte: true, endsLine: false)
    }
    return Unit(bytes: range, text: String(character), width: width, isByte: false, endsLine: false)
  }
}

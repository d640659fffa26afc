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
      (self.name, self.ids, self.byteCounts, self.bits) = (visible(name), ids, byteCounts, bits)
    }
  }

  /// What a row shows in one piece: a character, or a part of one that its tokens cut.
  struct Unit: Equatable {
    let bytes: Range<Int>
    /// What is shown; no control characters.
    let text: String
    /// Columns that it takes, and that it takes where every scalar takes its own: terminals differ in what they join.
    let width, unjoinedWidth: Int
    /// Whether it is a byte that stands for no character of its own here.
    let isByte: Bool
    /// Whether a line ends after it.
    let endsLine: Bool
  }

  public let text: [UInt8]
  public let rows: [Row]
  /// The characters of the text, and bytes that are no valid UTF-8, one by one.
  let characters: [(bytes: Range<Int>, character: Character?)]
  /// By row, of each byte whether a token begins with it; empty where tokens stand for no bytes in particular.
  private let isStart: [[Bool]]

  /// - Precondition: of every row that has them, Σ byteCounts is the text, and bits are one a token.
  public init(_ text: [UInt8], rows: [Row]) {
    for row in rows {
      precondition(row.byteCounts.map { $0.count == row.ids.count && $0.reduce(0, +) == text.count } ?? true)
      precondition(row.bits.map { $0.count == row.ids.count } ?? true)
    }
    (self.text, self.rows) = (text, rows)
    characters = Self.characters(of: text[...])
    isStart = rows.map { row in
      guard let byteCounts = row.byteCounts else { return [] }
      var isStart = [Bool](repeating: false, count: text.count + 1)
      for start in Self.starts(byteCounts) { isStart[start] = true }
      return isStart
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

  /// What a row shows of the text, in order.
  func units(of row: Int) -> [Unit] { characters.flatMap { units(of: row, $0.character, $0.bytes) } }

  /// What a row shows of a character: the whole where none of its tokens begins within, else what each of them has of it.
  func units(of row: Int, _ character: Character?, _ bytes: Range<Int>) -> [Unit] {
    let cuts = isStart[row].isEmpty ? [] : bytes.dropFirst().filter { isStart[row][$0] }
    if cuts.isEmpty { return [unit(character, bytes)] }
    return zip([bytes.lowerBound] + cuts, cuts + [bytes.upperBound]).flatMap { start, end in
      Self.characters(of: text[start..<end]).map { unit($0.character, $0.bytes) }
    }
  }

  /// Of each token of a row, what is shown of it; nil for tokens that stand for no bytes in particular.
  func tokenTexts(of row: Int) -> [String?] {
    guard let byteCounts = rows[row].byteCounts else { return rows[row].ids.map { _ in nil } }
    var texts = byteCounts.map { _ in "" }
    let owners = Self.owners(byteCounts)
    for unit in units(of: row) { texts[owners[unit.bytes.lowerBound]] += unit.text }
    return texts
  }

  /// Whether any row's tokens cut a character.
  func isCut(_ bytes: Range<Int>) -> Bool {
    bytes.count > 1 && isStart.contains { starts in !starts.isEmpty && bytes.dropFirst().contains { starts[$0] } }
  }

  func unit(_ character: Character?, _ bytes: Range<Int>) -> Unit {
    character.map { Self.unit($0, bytes) } ?? Self.unit(byte: text[bytes.lowerBound], at: bytes.lowerBound)
  }

  /// The characters of a part of a text (extended grapheme clusters), and bytes that are no valid UTF-8, one by one.
  static func characters(of text: ArraySlice<UInt8>) -> [(bytes: Range<Int>, character: Character?)] {
    var found: [(bytes: Range<Int>, character: Character?)] = []
    var run = ""
    var runStart = text.startIndex
    func flush() {
      for character in run {
        let end = runStart + character.utf8.count
        found.append((runStart..<end, character))
        runStart = end
      }
      run = ""
    }
    var place = text.startIndex
    while place < text.endIndex {
      let length = min(utf8Length(text[place]), text.endIndex - place)
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
    return Unit(place..<place + 1, "\\x" + hexadecimal(byte), isByte: true)
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
      return Unit(range, shown, endsLine: character.isNewline && (only == "\n" || scalars.count == 2))
    }
    // Marks and joiners alone, C1 controls, and what would change the direction of what follows: shown by number.
    let isFormat = scalars.allSatisfy {
      switch $0.properties.generalCategory {
      case .format, .control, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate: true
      default: false
      }
    }
    if isFormat || displayWidth(character) == 0 {
      return Unit(range, scalars.map(byNumber).joined(), isByte: true)
    }
    return Unit(range, String(character))
  }
}

extension TokenizedText.Unit {
  fileprivate init(_ bytes: Range<Int>, _ text: String, isByte: Bool = false, endsLine: Bool = false) {
    (self.bytes, self.text, self.isByte, self.endsLine) = (bytes, text, isByte, endsLine)
    width = text.reduce(0) { $0 + displayWidth($1) }
    unjoinedWidth = text.unicodeScalars.reduce(0) { $0 + displayWidth(Character($1)) }
  }
}

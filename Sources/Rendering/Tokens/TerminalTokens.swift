import Foundation

extension TokenizedText {
  /// For a terminal: what each tokenizer is and how many tokens it takes, then the text once for each, under each other,
  /// the same byte in the same column.
  /// - Parameters:
  ///   - columns: of the terminal, at least 20.
  ///   - inColour: tokens on backgrounds of changing colours, or, of a model's, the darker the more bits they cost it;
  ///     else, and beside such shades, with `|` where one begins.
  ///   - placesCursor: whether what reads this is a terminal, which is told the column of whatever is not ASCII: terminals
  ///     give the same character different widths.
  ///   - showsIDs: every token with its id after that, one to a line.
  public func terminal(columns: Int, inColour: Bool, placesCursor: Bool = false, showsIDs: Bool = false) -> String {
    var lines = header()
    let shown = rows.indices.compactMap { row in
      rows[row].byteCounts.map {
        ShownRow(index: row, owners: Self.visibleOwners($0), backgrounds: inColour ? backgrounds(of: rows[row]) : nil)
      }
    }
    let prefix = rows.count > 1 ? "\(rows.count) ".count : 0
    let starts = Set(shown.flatMap { Self.starts(rows[$0.index].byteCounts ?? []) }).subtracting([0])
    let isShaded = rows.contains { $0.bits != nil }
    let cuts = inColour && !isShaded ? [] : starts
    for line in self.lines(columns: max(20, columns) - prefix, cuts: cuts, isUnjoined: placesCursor) {
      lines.append("")
      for row in shown {
        let label = rows.count > 1 ? padded("\(row.index + 1)", to: prefix) : ""
        lines.append(label + shownLine(line, of: row, cuts, cursorColumn: placesCursor ? prefix + 1 : nil))
      }
    }
    if showsIDs { lines += idLines(columns: max(20, columns)) }
    return lines.joined(separator: "\n")
  }

  /// Plain text, a line a tokenizer: its name, how many tokens, and the text with `|` where one begins. Where every byte is
  /// a token of its own nothing needs to be marked.
  func namedLines() -> String {
    let widest = rows.map(\.name.count).max() ?? 0
    let most = rows.map { "\($0.ids.count)".count }.max() ?? 0
    let lines = rows.enumerated().map { index, row in
      let count = "\(row.ids.count)"
      var line = padded(row.name, to: widest) + "  " + String(repeating: " ", count: most - count.count) + count
      if let byteCounts = row.byteCounts {
        let marked = byteCounts.contains { $0 > 1 } ? Set(Self.starts(byteCounts)).subtracting([0]) : []
        let shown = units(of: index).map { (marked.contains($0.bytes.lowerBound) ? "|" : "") + $0.text }.joined()
        line += "  " + Self.leftToRight(shown)
      }
      return line
    }
    return lines.joined(separator: "\n")
  }

  private func header() -> [String] {
    let widest = rows.map(\.name.count).max() ?? 0
    let most = rows.map { "\($0.ids.count)".count }.max() ?? 0
    return rows.enumerated().map { index, row in
      let count = "\(row.ids.count)"
      let ratio = row.ids.isEmpty ? absent : String(format: "%.2f", Double(text.count) / Double(row.ids.count))
      return (rows.count > 1 ? "\(index + 1) " : "") + padded(row.name, to: widest) + "  "
        + String(repeating: " ", count: most - count.count) + "\(count) tokens  \(ratio) bytes/token"
        + (row.bits.map { String(format: "  %.3f bits/byte", $0.reduce(0, +) / Double(max(1, text.count))) } ?? "")
        + (row.byteCounts == nil && !row.ids.isEmpty
          ? "  (which bytes each token stands for is not known)" : "")
    }
  }

  /// Of each byte, which of the tokens that stand for any bytes it belongs to.
  static func visibleOwners(_ byteCounts: [Int]) -> [Int] { owners(byteCounts.filter { $0 > 0 }) }

  /// Characters that are read from right to left would move the columns: such a line is overridden to run left to right.
  private static func leftToRight(_ shown: String) -> String {
    let isMixed = shown.unicodeScalars.contains {
      (0x590...0x8FF).contains($0.value) || (0xFB1D...0xFDFF).contains($0.value)
        || (0xFE70...0xFEFE).contains($0.value) || (0x10800...0x10FFF).contains($0.value)
        || (0x1E800...0x1EFFF).contains($0.value)
    }
    return isMixed ? "\u{202D}\(shown)\u{202C}" : shown
  }

  private struct ShownRow {
    let index: Int
    /// Of each byte, the token that it belongs to, of those that stand for any.
    let owners: [Int]
    /// Of each of these tokens; nil for no colours.
    let backgrounds: [Int]?
  }

  /// - Parameter cursorColumn: where the line begins, from 1; nil where no cursor is to be placed.
  private func shownLine(_ line: [Cell], of row: ShownRow, _ cuts: Set<Int>, cursorColumn: Int?) -> String {
    var shown = ""
    var style = ""
    var column = cursorColumn ?? 0
    /// What is left of the last unit's columns, written when something follows.
    var gap = ""
    for (unit, room) in line.flatMap({ $0.units(of: row.index) }) {
      let place = unit.bytes.lowerBound
      shown += gap
      gap = ""
      if cuts.contains(place) {
        let begins = place > 0 && row.owners[place] != row.owners[place - 1]
        if begins, row.backgrounds != nil {
          shown += "\u{1B}[0m"
          style = ""
        }
        shown += begins ? "|" : " "
        column += 1
      }
      if let backgrounds = row.backgrounds {
        let next = "\u{1B}[48;5;\(backgrounds[row.owners[place]]);38;5;\(unit.isByte ? 124 : 16)m"
        if next != style { shown += next }
        style = next
      }
      if cursorColumn != nil, !unit.text.utf8.allSatisfy({ $0 < 0x80 }) {
        shown += String(repeating: " ", count: room) + "\u{1B}[\(column)G" + unit.text + "\u{1B}[\(column + room)G"
      } else {
        shown += unit.text
        gap = String(repeating: " ", count: room - unit.width)
      }
      // A token's background is as wide as its columns.
      if row.backgrounds != nil {
        shown += gap
        gap = ""
      }
      column += room
    }
    return Self.leftToRight(shown) + (row.backgrounds != nil ? "\u{1B}[0m" : "")
  }

  /// Of the tokens that stand for any bytes, one of the 256 colours each, black to be read on all: light ones, told apart
  /// by neighbours; where a model says how many bits a token cost it, from white (less than one) to orange (11 and more).
  private func backgrounds(of row: Row) -> [Int] {
    let visible = (row.byteCounts ?? []).indices.filter { row.byteCounts?[$0] != 0 }
    guard let bits = row.bits else {
      let light = [223, 151, 153, 225, 229, 189]
      return visible.indices.map { light[$0 % light.count] }
    }
    let shades: [(below: Double, colour: Int)] = [(1, 231), (2, 230), (4, 229), (6, 222), (8, 215), (11, 209)]
    return visible.map { token in shades.first { bits[token] < $0.below }?.colour ?? 202 }
  }

  private func idLines(columns: Int) -> [String] {
    rows.enumerated().flatMap { index, row -> [String] in
      guard let byteCounts = row.byteCounts else { return ["", row.name] + wrapped(row.ids.map(String.init), columns) }
      let widest = row.ids.map { "\($0)".count }.max() ?? 0
      let shown = tokenTexts(of: index)
      return ["", row.name]
        + row.ids.indices.map { token in
          let id = "\(row.ids[token])"
          return String(repeating: " ", count: widest - id.count) + "\(id)  "
            + (row.bits.map { String(format: "%6.2f bits  ", $0[token]) } ?? "")
            + (byteCounts[token] == 0 ? "(none)" : "'\(shown[token] ?? "")'")
        }
    }
  }

  private func wrapped(_ words: [String], _ columns: Int) -> [String] {
    var lines: [String] = []
    for word in words {
      if let last = lines.last, last.count + 1 + word.count <= columns {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(word)
      }
    }
    return lines
  }
}

private func padded(_ text: String, to width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

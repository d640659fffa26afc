import Foundation

extension TokenizedText {
  /// For a terminal: what each tokenizer is and how many tokens it takes, then the text once for each, under each other,
  /// the same byte in the same column.
  /// - Parameters:
  ///   - columns: of the terminal, at least 20.
  ///   - inColour: tokens on backgrounds of changing colours; else with `|` where one begins.
  ///   - showsIDs: every token with its id after that, one to a line.
  public func terminal(columns: Int, inColour: Bool, showsIDs: Bool = false) -> String {
    var lines = header()
    let shown = rows.indices.compactMap { row in rows[row].byteCounts.map { (row: row, owners: Self.visible($0)) } }
    let prefix = rows.count > 1 ? "\(rows.count) ".count : 0
    let starts = Set(shown.flatMap { Self.starts(rows[$0.row].byteCounts ?? []) }).subtracting([0])
    let cuts = inColour ? [] : starts
    for line in self.lines(columns: max(20, columns) - prefix, cuts: cuts) {
      lines.append("")
      for (row, owners) in shown {
        let label = rows.count > 1 ? padded("\(row + 1)", to: prefix) : ""
        lines.append(label + (inColour ? coloured(line, owners) : separated(line, owners, cuts)))
      }
    }
    if showsIDs { lines += idLines(columns: max(20, columns)) }
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
        + (row.byteCounts == nil && !row.ids.isEmpty
          ? "  (cut from one code: no token stands for bytes of its own)" : "")
    }
  }

  /// Of each byte, which of the tokens that stand for any bytes it belongs to.
  static func visible(_ byteCounts: [Int]) -> [Int] { owners(byteCounts.filter { $0 > 0 }) }

  /// The units in lines of at most so many columns; a unit wider than that has a line of its own.
  /// - Parameter cuts: places before which a column is kept free.
  func lines(columns: Int, cuts: Set<Int> = []) -> [[Unit]] {
    var lines: [[Unit]] = []
    var used = columns + 1
    var isEnded = true
    for unit in units {
      let width = unit.width + (cuts.contains(unit.bytes.lowerBound) ? 1 : 0)
      if isEnded || used + width > columns {
        lines.append([])
        used = 0
      }
      lines[lines.count - 1].append(unit)
      used += width
      isEnded = unit.endsLine
    }
    return lines
  }

  /// Characters that are read from right to left would move the columns: such a line is overridden to run left to right.
  private static func leftToRight(_ line: [Unit], _ shown: String) -> String {
    let isMixed = line.contains { unit in
      unit.text.unicodeScalars.contains {
        (0x590...0x8FF).contains($0.value) || (0xFB1D...0xFDFF).contains($0.value)
          || (0xFE70...0xFEFE).contains($0.value) || (0x10800...0x10FFF).contains($0.value)
          || (0x1E800...0x1EFFF).contains($0.value)
      }
    }
    return isMixed ? "\u{202D}\(shown)\u{202C}" : shown
  }

  private func separated(_ line: [Unit], _ owners: [Int], _ cuts: Set<Int>) -> String {
    var shown = ""
    for unit in line {
      let place = unit.bytes.lowerBound
      if cuts.contains(place) { shown += owners[place] != owners[place - 1] ? "|" : " " }
      shown += unit.text
    }
    return Self.leftToRight(line, shown)
  }

  /// Light backgrounds of the 256 colours, told apart by their neighbours in this order; black on them.
  private static let backgrounds = [223, 151, 153, 225, 229, 189]

  private func coloured(_ line: [Unit], _ owners: [Int]) -> String {
    var shown = ""
    var style = ""
    for unit in line {
      let background = Self.backgrounds[owners[unit.bytes.lowerBound] % Self.backgrounds.count]
      let next = "\u{1B}[48;5;\(background);38;5;\(unit.isByte ? 124 : 16)m"
      if next != style { shown += next }
      style = next
      shown += unit.text
    }
    return Self.leftToRight(line, shown) + "\u{1B}[0m"
  }

  private func idLines(columns: Int) -> [String] {
    rows.flatMap { row -> [String] in
      guard let byteCounts = row.byteCounts else { return ["", row.name] + wrapped(row.ids.map(String.init), columns) }
      let widest = row.ids.map { "\($0)".count }.max() ?? 0
      var shown = [String](repeating: "", count: row.ids.count)
      let owners = Self.owners(byteCounts)
      for unit in units { shown[owners[unit.bytes.lowerBound]] += unit.text }
      return ["", row.name]
        + row.ids.indices.map { token in
          let id = "\(row.ids[token])"
          return String(repeating: " ", count: widest - id.count) + "\(id)  "
            + (byteCounts[token] == 0 ? "(none)" : "'\(shown[token])'")
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

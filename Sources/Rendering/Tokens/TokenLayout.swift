extension TokenizedText {
  /// A character of the text and what each row shows of it, over the same columns; where a line has no room for that, a part
  /// of a character.
  struct Cell {
    /// A unit and the columns that it has: more than it takes where another row shows bytes, or keeps a column for its cut.
    typealias Placed = (unit: Unit, room: Int)
    let bytes: Range<Int>
    /// Without the column before it that is kept for a cut.
    let width: Int
    let endsLine: Bool
    /// By row; of all rows where they show the same.
    fileprivate let placed: [[Placed]]

    func units(of row: Int) -> [Placed] { placed[placed.count == 1 ? 0 : row] }
  }

  /// The text in lines of at most so many columns.
  /// - Parameters:
  ///   - cuts: places before which a column is kept free.
  ///   - isUnjoined: whether there is to be room for characters whose parts the terminal may not join.
  func lines(columns: Int, cuts: Set<Int> = [], isUnjoined: Bool = false) -> [[Cell]] {
    var lines: [[Cell]] = []
    var used = 0
    var isEnded = true
    for (bytes, character) in characters {
      for cell in cells(character, bytes, columns: columns, cuts, isUnjoined: isUnjoined) {
        let width = cell.width + (cuts.contains(cell.bytes.lowerBound) ? 1 : 0)
        if isEnded || used + width > columns {
          lines.append([])
          used = 0
        }
        lines[lines.count - 1].append(cell)
        used += width
        isEnded = cell.endsLine
      }
    }
    return lines
  }

  /// A character as one cell, or where that is wider than a line its scalars, and each scalar's bytes.
  private func cells(
    _ character: Character?, _ bytes: Range<Int>, columns: Int, _ cuts: Set<Int>, isUnjoined: Bool
  ) -> [Cell] {
    let whole = cell(character, bytes, cuts, isUnjoined: isUnjoined)
    let width = whole.width + (cuts.contains(bytes.lowerBound) ? 1 : 0)
    guard width > columns, bytes.count > 1, let scalars = character?.unicodeScalars else { return [whole] }
    guard scalars.count > 1 else {
      return bytes.flatMap { cells(nil, $0..<$0 + 1, columns: columns, cuts, isUnjoined: isUnjoined) }
    }
    var start = bytes.lowerBound
    return scalars.flatMap { scalar in
      let part = start..<start + UTF8.width(scalar)
      start = part.upperBound
      return cells(Character(scalar), part, columns: columns, cuts, isUnjoined: isUnjoined)
    }
  }

  /// Every byte with which a unit of some row begins has one column in all rows, the least that leaves room for all.
  private func cell(_ character: Character?, _ bytes: Range<Int>, _ cuts: Set<Int>, isUnjoined: Bool) -> Cell {
    func room(_ unit: Unit) -> Int { isUnjoined ? max(unit.width, unit.unjoinedWidth) : unit.width }
    guard isCut(bytes) else {
      let unit = unit(character, bytes), room = room(unit)
      return Cell(bytes: bytes, width: room, endsLine: unit.endsLine, placed: [[(unit, room)]])
    }
    let shown = rows.indices.map { units(of: $0, character, bytes) }
    // Of each byte, and of the end: where what is before it ends, and where it begins, a kept column between.
    var ends = [Int](repeating: 0, count: bytes.count + 1), begins = ends
    let byEnd = Dictionary(grouping: shown.joined(), by: \.bytes.upperBound)
    for place in bytes.lowerBound + 1...bytes.upperBound {
      let index = place - bytes.lowerBound
      ends[index] = (byEnd[place] ?? []).reduce(begins[index - 1]) {
        max($0, begins[$1.bytes.lowerBound - bytes.lowerBound] + room($1))
      }
      begins[index] = ends[index] + (place < bytes.upperBound && cuts.contains(place) ? 1 : 0)
    }
    return Cell(
      bytes: bytes, width: ends[bytes.count], endsLine: character?.isNewline ?? false,
      placed: shown.map { units in
        units.map {
          ($0, ends[$0.bytes.upperBound - bytes.lowerBound] - begins[$0.bytes.lowerBound - bytes.lowerBound])
        }
      })
  }
}

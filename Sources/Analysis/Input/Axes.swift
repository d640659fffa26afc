import Metrics
import Records
import Support

/// The same cells under several protocols, each an axis of the comparison: what a ranking depends on.
struct Axes {
  /// A tokenizer at an M2 size.
  struct Cell: Hashable {
    let tokenizer, size: String
  }
  /// Two tokenizers of one size, and how the first stands to the second under each axis.
  struct Pair {
    let a, b: Cell
    let relations: [Relation]
  }
  enum Relation: Hashable {
    /// The first has lower bits/byte, told apart by the paired test.
    case lower
    case higher
    case tie
    case untested
    /// One of them has no bits/byte.
    case unscored
  }

  let names: [String]
  let inputs: [AnalysisInput]
  /// By size, then tokenizer, in the first input's order.
  let cells: [Cell]

  /// - Returns: nil for fewer than two protocols with any bits/byte.
  init?(_ all: [AnalysisInput]) {
    let scored = zip(axisNames(all), all).filter { $1.groups.contains { $0.heldOut != nil } }
    guard scored.count > 1 else { return nil }
    names = scored.map(\.0)
    inputs = scored.map(\.1)
    let there = Set(inputs.flatMap(\.groups).map { Cell(tokenizer: $0.tokenizer, size: $0.size) })
    let tokenizers = unique(inputs.flatMap { $0.groups.map(\.tokenizer) })
    cells = unique(inputs.flatMap(\.sizes)).flatMap { size in tokenizers.map { Cell(tokenizer: $0, size: size) } }
      .filter(there.contains)
  }

  var sizes: [String] { unique(cells.map(\.size)) }

  func group(_ cell: Cell, under axis: Int) -> CellGroup? {
    inputs[axis].groups.first { $0.tokenizer == cell.tokenizer && $0.size == cell.size }
  }

  /// Place by bits/byte among the tokenizers of its size; 1 is the lowest.
  func rank(_ cell: Cell, under axis: Int) -> Int? { rank(cell, under: axis) { $0.heldOut?.bitsPerByte } }

  /// How many tokenizers have bits/byte under an axis, size by size: ranks are among so many.
  func scored(under axis: Int) -> [Int] {
    sizes.map { size in inputs[axis].groups.count { $0.size == size && $0.heldOut != nil } }
  }

  /// Whether M2 learned from both tokenizers under every axis, as far as can be told.
  func isLearned(_ pair: Pair) -> Bool {
    inputs.indices.allSatisfy { axis in
      [pair.a, pair.b].allSatisfy { group($0, under: axis)?.isLearned != false }
    }
  }

  /// Place by any number, the lowest first.
  func rank(_ cell: Cell, under axis: Int, by value: (CellGroup) -> Double?) -> Int? {
    guard let own = group(cell, under: axis).flatMap(value) else { return nil }
    return 1 + inputs[axis].groups.count { $0.size == cell.size && (value($0) ?? .infinity) < own }
  }

  /// Every two tokenizers of one size.
  var pairs: [Pair] {
    sizes.flatMap { size -> [Pair] in
      let same = cells.filter { $0.size == size }
      return same.indices.flatMap { i in
        same[(i + 1)...].map { b in
          Pair(a: same[i], b: b, relations: inputs.indices.map { relation(same[i], b, under: $0) })
        }
      }
    }
  }

  private func relation(_ a: Cell, _ b: Cell, under axis: Int) -> Relation {
    guard let x = group(a, under: axis)?.heldOut, let y = group(b, under: axis)?.heldOut else { return .unscored }
    guard let test = ScoreEstimate.test(x, against: y) else { return .untested }
    if test.pValue >= 0.05 { return .tie }
    return x.bitsPerByte < y.bitsPerByte ? .lower : .higher
  }
}

extension Axes.Pair {
  /// Whether there is a test of the two under every axis.
  var isCompared: Bool { !relations.contains { [.untested, .unscored].contains($0) } }
  /// Told apart in the same direction under every axis.
  var survives: Bool { Set(relations).count == 1 && [.lower, .higher].contains(relations[0]) }
  /// Told apart in both directions.
  var turns: Bool { relations.contains(.lower) && relations.contains(.higher) }
}

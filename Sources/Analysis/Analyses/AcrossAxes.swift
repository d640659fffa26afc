import Foundation
import Metrics
import Support

extension CrossAnalysis {
  /// What holds under every axis, what changes under which, and what cannot be told: sentences from numbers.
  static let acrossAxes = CrossAnalysis("across", title: "What to conclude across axes") { inputs in
    guard let axes = Axes(inputs) else { return [] }
    return [
      .findings(axes.sizes.flatMap { lowest(axes, size: $0) + differences(axes, size: $0) } + openQuestions(axes))
    ]
  }

  /// Who is lowest at a size, under which axes, and who is not told apart from it.
  private static func lowest(_ axes: Axes, size: String) -> [Finding] {
    let best = axes.inputs.map { $0.best(size: size) }
    func under(_ condition: (Int) -> Bool) -> String {
      list(axes.names.indices.filter(condition).map { "\"\(axes.names[$0])\"" })
    }
    let scored = axes.names.indices.filter { best[$0] != nil }
    let winners = unique(best.compactMap { $0?.tokenizer })
    guard scored.count > 1, let first = winners.first else { return [] }
    var lines: [String] = []
    /// "1.6 (95% interval …) under "as it stands"", and the range over the other axes where it leads.
    func values(_ tokenizer: String) -> String {
      let led = scored.filter { best[$0]?.tokenizer == tokenizer }
      let values = led.compactMap { best[$0]?.heldOut?.bitsPerByte }
      guard let axis = led.first, let value = best[axis]?.heldOut, let low = values.min(), let high = values.max()
      else {
        return ""
      }
      let first = "\(bits(value.bitsPerByte))\(between(value)) under \"\(axes.names[axis])\""
      let others =
        led.count == 1 ? "" : ", \(bits(low)) to \(bits(high)) under \(list(led.map { "\"\(axes.names[$0])\"" }))"
      let unlearned = led.contains { best[$0]?.isLearned == false } ? " (bits of its own: M2 did not learn it)" : ""
      return first + others + unlearned
    }
    if winners.count == 1 {
      lines.append(
        "At size \(size), \(first) has the lowest bits/byte under all \(scored.count) axes: \(values(first)).")
    } else {
      lines.append(
        "At size \(size), who has the lowest bits/byte depends on the axis: "
          + winners.map { "\($0) with \(values($0))" }.joined(separator: "; ") + ".")
    }
    for tokenizer in unique(axes.cells.filter { $0.size == size }.map(\.tokenizer)) {
      func isTied(_ axis: Int) -> Bool {
        guard let group = axes.group(.init(tokenizer: tokenizer, size: size), under: axis) else { return false }
        return axes.inputs[axis].differenceFromBest(group)?.isTie == true
      }
      let tied = under(isTied)
      if !tied.isEmpty {
        lines.append("\(tokenizer) (\(size)) is not told apart from the lowest under \(tied) (paired test, p ≥ 0.05).")
      }
    }
    return lines.map(Finding.init)
  }

  /// How many differences between two tokenizers survive, and which turn.
  private static func differences(_ axes: Axes, size: String) -> [Finding] {
    let pairs = axes.pairs.filter { $0.a.size == size }
    guard !pairs.isEmpty else { return [] }
    let turning = pairs.filter(\.turns)
    var findings = [
      Finding(
        "\(pairs.count { $0.survives }) of the \(pairs.count) differences between two tokenizers of size \(size) survive every "
          + "axis: told apart in the same direction under all \(axes.names.count) (paired tests, p < 0.05, uncorrected)."
      )
    ]
    for pair in turning.prefix(shownPairs) {
      func under(_ relation: Axes.Relation) -> String {
        list(axes.names.indices.filter { pair.relations[$0] == relation }.map { "\"\(axes.names[$0])\"" })
      }
      findings.append(
        Finding(
          "Turns round (\(size)): \(pair.a.tokenizer) is below \(pair.b.tokenizer) under \(under(.lower)), above it under "
            + "\(under(.higher))."))
    }
    if turning.count > shownPairs {
      findings.append(Finding("And \(turning.count - shownPairs) more pairs of size \(size) turn round."))
    }
    return findings
  }

  private static let shownPairs = 8

  /// What the numbers do not tell, and why.
  private static func openQuestions(_ axes: Axes) -> [Finding] {
    var lines: [String] = []
    for (name, input) in zip(axes.names, axes.inputs) {
      for question in openQuestions(input) { lines.append("Under \"\(name)\": \(question)") }
    }
    // What is so under every axis is said once.
    let questions = axes.inputs.map(openQuestions)
    let everywhere = (questions.first ?? []).filter { question in questions.allSatisfy { $0.contains(question) } }
    return everywhere.map { Finding("Cannot be told under any axis: \($0)") }
      + lines.filter { line in !everywhere.contains { line.hasSuffix($0) } }.map { Finding("Cannot be told. \($0)") }
  }

  private static func openQuestions(_ input: AnalysisInput) -> [String] {
    let scored = input.groups.filter { $0.heldOut != nil }
    func names(_ groups: [CellGroup]) -> String {
      let names = groups.map { input.sizes.count > 1 ? "\($0.tokenizer) \($0.size)" : $0.tokenizer }
      return groups.count == scored.count && groups.count > 1
        ? "all \(scored.count) cells" : list(Array(names.prefix(6)), more: names.count - 6)
    }
    var lines: [String] = []
    func ask(_ groups: [CellGroup], _ what: String) {
      if !groups.isEmpty { lines.append("\(what) (\(names(groups))).") }
    }
    ask(scored.filter { $0.heldOut?.interval == nil }, "how sure bits/byte are: no interval")
    ask(scored.filter { $0.heldOut?.seeds.count == 1 }, "how much another seed would differ: one seed")
    ask(scored.filter { !$0.isTuned }, "whether another learning rate serves better: not tuned")
    ask(
      scored.filter { $0.representative.tuning?.end != nil },
      "where the best learning rate lies: at an end of the grid that was tried")
    let failed = input.groups.filter { $0.problem != nil }
    if !failed.isEmpty {
      lines.append(
        "anything of \(list(failed.prefix(6).map { "\($0.tokenizer) \($0.size)" }, more: failed.count - 6)): not scored."
      )
    }
    if !input.missing.isEmpty { lines.append("anything of \(input.missing.count) cells that are not run yet.") }
    return lines
  }
}

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

  /// Who is lowest at a size, under which axes, and who is not told apart from it; where M2 learned nothing from that,
  /// also who is lowest of those it learned from.
  private static func lowest(_ axes: Axes, size: String) -> [Finding] {
    // Where one tokenizer alone was run, none is the lowest.
    let best = axes.inputs.map { input -> CellGroup? in
      input.groups.count { $0.size == size && $0.heldOut != nil } > 1 ? input.best(size: size) : nil
    }
    guard best.count(where: { $0 != nil }) > 1 else { return [] }
    var lines = [leaders(best, axes, "At size \(size)")]
    if best.contains(where: { $0?.isLearned == false }) {
      let learned = zip(axes.inputs, best).map { input, lowest -> CellGroup? in
        lowest == nil ? nil : input.best(size: size, isLearned: true)
      }
      if learned.contains(where: { $0 != nil }) {
        lines.append(leaders(learned, axes, "Of the tokenizers that M2 of size \(size) learned from"))
      }
    }
    for tokenizer in unique(axes.cells.filter { $0.size == size }.map(\.tokenizer)) {
      func isTied(_ axis: Int) -> Bool {
        guard let group = axes.group(.init(tokenizer: tokenizer, size: size), under: axis) else { return false }
        return axes.inputs[axis].differenceFromBest(group)?.isTie == true
      }
      let tied = axes.names.indices.filter(isTied)
      if !tied.isEmpty {
        lines.append(
          "\(tokenizer) (\(size)) is not told apart from the lowest under \(names(tied, axes)) "
            + "(paired test, p ≥ 0.05)."
        )
      }
    }
    return lines.map(Finding.init)
  }

  /// "as it stands", "M1 counted".
  private static func names(_ places: [Int], _ axes: Axes) -> String { list(places.map { "\"\(axes.names[$0])\"" }) }

  /// One sentence of who is lowest under which axes.
  /// - Parameter best: the lowest under each axis; some.
  private static func leaders(_ best: [CellGroup?], _ axes: Axes, _ opening: String) -> String {
    /// "1.6 (95% interval …) under "as it stands"", and the range over the other axes where it leads.
    func values(_ tokenizer: String) -> String {
      let led = best.indices.filter { best[$0]?.tokenizer == tokenizer }
      guard let axis = led.first, let value = best[axis]?.heldOut else { return "" }
      var text = "\(bits(value.bitsPerByte))\(between(value)) under \(names([axis], axes))"
      let others = Array(led.dropFirst()), values = others.compactMap { best[$0]?.heldOut?.bitsPerByte }
      if let low = values.min(), let high = values.max() {
        text += ", \(unique([bits(low), bits(high)]).joined(separator: " to ")) under \(names(others, axes))"
      }
      let unlearned = led.filter { best[$0]?.isLearned == false }
      if !unlearned.isEmpty {
        let place = unlearned == led ? "" : " under \(names(unlearned, axes))"
        text += " (M2 learned nothing beyond token frequencies\(place))"
      }
      return text
    }
    let winners = unique(best.compactMap { $0?.tokenizer }), scored = best.count { $0 != nil }
    guard winners.count > 1 else {
      let everywhere = scored > 1 ? " under all \(scored) axes" : ""
      return "\(opening), \(winners[0]) has the lowest bits/byte\(everywhere): \(values(winners[0]))."
    }
    let isOneField = best.indices.allSatisfy { axis in
      guard let size = best[axis]?.size else { return true }
      return winners.allSatisfy { axes.group(.init(tokenizer: $0, size: size), under: axis)?.heldOut != nil }
    }
    return "\(opening), who has the lowest bits/byte depends on the axis"
      + (isOneField ? ": " : " and on who was run under it: ")
      + winners.map { "\($0) with \(values($0))" }.joined(separator: "; ") + "."
  }

  /// How many differences between two tokenizers survive, and which turn.
  private static func differences(_ axes: Axes, size: String) -> [Finding] {
    let pairs = axes.pairs.filter { $0.a.size == size }
    guard !pairs.isEmpty else { return [] }
    let turning = pairs.filter(\.turns)
    var findings = [Finding(survival(pairs, axes, size: size))]
    for pair in turning.prefix(shownPairs) {
      func under(_ relation: Axes.Relation) -> String {
        names(axes.names.indices.filter { pair.relations[$0] == relation }, axes)
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

  /// How many differences survive of those that can, and what that says nothing of.
  private static func survival(_ pairs: [Axes.Pair], _ axes: Axes, size: String) -> String {
    let compared = pairs.count(where: \.isCompared), surviving = pairs.filter(\.survives)
    let others = pairs.count - compared
    guard compared > 0 else {
      return "None of the \(others) pairs of tokenizers of size \(size) is compared under every axis."
    }
    let isOfOneSeed = axes.inputs.contains { input in
      input.groups.contains { $0.size == size && $0.heldOut?.seeds.count == 1 }
    }
    var text =
      "\(surviving.count) of the \(compared) differences between two tokenizers of size \(size) that are compared under "
      + "all \(axes.names.count) axes survive: told apart in the same direction under each (paired tests, p < 0.05, "
      + "uncorrected)" + (isOfOneSeed ? ", for these trained models; another seed is not in it." : ".")
    if others > 0 { text += " \(others) more pairs are not compared under every axis." }
    let unlearned = surviving.count { !axes.isLearned($0) }
    if unlearned > 0 {
      text += " In \(unlearned) of those that survive M2 learned nothing beyond token frequencies from one or both."
    }
    return text
  }

  /// What the numbers do not tell, and why.
  private static func openQuestions(_ axes: Axes) -> [Finding] {
    let questions = axes.inputs.map(openQuestions)
    return unique(questions.flatMap { $0 }).map { question in
      let open = zip(axes.names, questions).filter { $0.1.contains(question) }.map { "\"\($0.0)\"" }
      return Finding("Cannot be told under \(open.count == axes.names.count ? "any axis" : list(open)): \(question)")
    }
  }

  private static func openQuestions(_ input: AnalysisInput) -> [String] {
    let scored = input.groups.filter { $0.heldOut != nil }
    func names(_ groups: [CellGroup]) -> String {
      let names = groups.map { input.sizes.count > 1 ? "\($0.tokenizer) \($0.size)" : $0.tokenizer }
      return groups.count == scored.count && groups.count > 1
        ? "all scored cells" : list(Array(names.prefix(6)), more: names.count - 6)
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
    ask(
      scored.filter { $0.vocabularyEnd != nil },
      "where the best vocabulary lies: at an end of the range that was tried")
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

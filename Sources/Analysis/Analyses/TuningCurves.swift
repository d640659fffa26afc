import Metrics
import Records
import Support

extension RecordAnalysis {
  /// What the search for learning rates and vocabularies found and cost, and which cells had none.
  static let tuningCurves = RecordAnalysis("tuning", title: "Tuning") { input in
    let groups = input.groups.filter { $0.heldOut != nil }
    guard !groups.isEmpty else { return [] }
    let searched = groups.filter { $0.tuning != nil }
    guard !searched.isEmpty else { return [.findings(untuned(groups))] }
    let figures = input.sizes.flatMap { size -> [Figure] in
      let ofSize = searched.filter { $0.size == size }
      return [rateFigure(ofSize, size), vocabularyFigure(ofSize, size)]
    }.filter { !$0.isEmpty }
    let rule = groups.compactMap { RuleBesideSweep($0, among: groups) }
    return [.findings(untuned(groups) + searched.flatMap(ends) + searched.flatMap(withoutResult))]
      + [.table(Table(key: "tuning", groups, fields: fields).withoutEmptyColumns())]
      + (rule.isEmpty
        ? []
        : [
          .table(Table(key: "vocabulary-rule", rule, fields: RuleBesideSweep.fields).withoutEmptyColumns()),
          .note(
            """
            \(code: "v=auto") is the closed form of Tao et al. 2024, beside the vocabulary that the sweep found best; the \
            difference is of the finished models' held-out bits/byte, paired as under Uncertainty.
            """),
        ])
      + figures.map(Artifact.figure) + [.note(RichText(explanation))]
  }

  private static let explanation =
    "Trials are short training runs, scored on text that is set aside from the training split: never the held-out text, "
    + "and no M2 of this table is trained on it. Tokenizers and M1 are made from the whole split, so that trials of those "
    + "that stand on M1 look better than they are: they serve to choose among a tokenizer's own, not between tokenizers. "
    + "The vocabulary is that of the best trial; the rate is where a parabola through the best trial and its two "
    + "neighbours, over log rate, is lowest, or that of the best trial where a neighbour is missing or more than a tenth "
    + "higher. What trials cost is not counted in the budget; cells that differ in their seed alone share them."

  private static let fields: [TableField<CellGroup>] = [
    .text("tokenizer", "Tokenizer") { $0.tokenizer },
    .text("size", "M2") { $0.size },
    .text("searched", "Searched") { $0.searched },
    .number("vocabularySize", "Vocabulary", .integer) { $0.tokenization.map { Double($0.vocabularySize) } },
    .number("learningRate", "Rate", .significant) { $0.representative.training?.learningRate },
    .text("end", "At an end of the grid") { group in
      group.isTuned ? group.tuning?.end.map { "yes, the \($0.rawValue)" } ?? "no" : nil
    },
    .number("tuningBitsPerByte", "Best trial", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.tuning?.trials.compactMap(\.bitsPerByte).min()
    },
    .number("trials", "Trials", .integer) { ($0.tuning?.trials.count).map(Double.init) },
    .number("failed", "Without a result", .integer) { group in
      group.tuning.map { Double($0.trials.count { $0.bitsPerByte == nil }) }
    },
    .number("tuningFLOPs", "Trials' FLOPs", unit: "FLOPs", .short, better: .lower) { $0.tuning?.trainingFLOPs },
    .number("trainingFLOPs", "The cell's", unit: "FLOPs", .short) { $0.representative.flops?.trainingAll },
  ]

  // MARK: Findings

  private static func untuned(_ groups: [CellGroup]) -> [Finding] {
    let given = groups.filter { !$0.isTuned }
    guard !given.isEmpty else { return [] }
    let rates = unique(given.compactMap { $0.representative.training?.learningRate }).map { "\($0)" }
    let who = given.count == groups.count ? "Every tokenizer" : list(unique(given.map(\.tokenizer)))
    return [
      Finding(
        "\(who): trained at the rate that the experiment gives (\(list(rates))), not tuned. Another rate may rank them "
          + "otherwise."
      )
    ]
  }

  /// Where the best lies at an end of what was tried.
  private static func ends(_ group: CellGroup) -> [Finding] {
    guard let tuning = group.tuning else { return [] }
    var findings: [Finding] = []
    if let end = tuning.end {
      findings.append(
        Finding(
          "\(group.tokenizer) at size \(group.size): the best rate, \(tuning.learningRate), is the "
            + "\(end.rawValue) of the grid, which was too small."))
    }
    let others = tuning.candidates.filter { $0 != group.trained && tuning.isBestAtAnEnd($0) }
    if !others.isEmpty {
      findings.append(
        Finding(
          "\(group.tokenizer) at size \(group.size): for \(list(others)), which the search left, the best rate is an end "
            + "of the grid; beyond it they may be better than what was chosen."))
    }
    if let chosen = group.tokenization?.vocabularySize, let end = group.vocabularyEnd {
      findings.append(
        Finding(
          "\(group.tokenizer) at size \(group.size): the best vocabulary, \(chosen), is the \(end) of the range, which "
            + "was too small."))
    }
    return findings
  }

  /// Candidates that no trial tells anything of, and why.
  private static func withoutResult(_ group: CellGroup) -> [Finding] {
    guard let tuning = group.tuning else { return [] }
    return tuning.candidates.compactMap { candidate in
      let trials = tuning.trials(of: candidate)
      guard trials.allSatisfy({ $0.bitsPerByte == nil }) else { return nil }
      let problems = unique(trials.compactMap(\.problem)).joined(separator: "; ")
      return Finding("\(candidate) at size \(group.size) was left out of the search: \(problems).")
    }
  }

  // MARK: Figures

  /// A series for each tokenizer, of a sweep the best vocabulary's; one where a rule and a sweep come to the same.
  private static func rateFigure(_ groups: [CellGroup], _ size: String) -> Figure {
    var drawn: Set<String> = []
    let searched = groups.filter { $0.isTuned && drawn.insert($0.trained).inserted }
    return Figure(
      key: "tuning-rates-\(size)", title: "Bits/byte of trials against learning rate, size \(size)", style: .lines,
      x: .init("learning rate", isLogarithmic: true), y: .init("bits/byte of the tuning text", isLogarithmic: true),
      series: searched.map { group in
        let trials = group.tuning?.trials(of: group.trained) ?? []
        return series(group.trained, of: group, points: trials.map { ($0.learningRate, $0.bitsPerByte) })
      })
  }

  /// A series for each swept tokenizer, every vocabulary at its best rate.
  private static func vocabularyFigure(_ groups: [CellGroup], _ size: String) -> Figure {
    let swept = groups.filter { ($0.tuning?.candidates.count ?? 0) > 1 }
    return Figure(
      key: "tuning-vocabulary-\(size)", title: "Bits/byte of trials against vocabulary, size \(size)", style: .points,
      x: .init("vocabulary", isLogarithmic: true), y: .init("bits/byte of the tuning text", isLogarithmic: true),
      series: swept.map { group in
        series(
          group.tokenizer, of: group,
          points: (group.tuning?.candidates ?? []).compactMap { candidate in
            let trials = group.tuning?.trials(of: candidate) ?? []
            return trials.first?.vocabularySize.map { (Double($0), trials.compactMap(\.bitsPerByte).min()) }
          })
      })
  }

  /// Labelled once, at its lowest point. What has no result is missing.
  private static func series(_ title: String, of group: CellGroup, points: [(x: Double, y: Double?)]) -> Figure.Series {
    let measured = points.compactMap { point in point.y.map { (x: point.x, y: $0) } }
    let lowest = measured.indices.min { measured[$0].y < measured[$1].y }
    return Figure.Series(
      title: title, family: group.tokenizer,
      points: measured.indices.map { index in
        Figure.Point(x: measured[index].x, y: measured[index].y, label: index == lowest ? title : nil)
      })
  }
}

/// A tokenizer whose vocabulary a rule sets beside the same tokenizer whose vocabulary was searched.
private struct RuleBesideSweep {
  let rule: CellGroup
  let sweep: CellGroup

  /// nil where this group has no rule, or its sweep was not run at that size.
  init?(_ group: CellGroup, among groups: [CellGroup]) {
    let parts = group.tokenizer.split(separator: "v=auto", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let start = "\(parts[0])v=", end = String(parts[1])
    /// Whether a name is this one with a range in place of `auto`, and no further parameter.
    func isRange(_ name: String) -> Bool {
      name.hasPrefix(start) && name.hasSuffix(end)
        && name.dropFirst(start.count).dropLast(end.count).allSatisfy { $0 != "," }
    }
    let swept = groups.filter { $0.size == group.size && ($0.tuning?.candidates.count ?? 0) > 1 }
    guard let sweep = swept.first(where: { isRange($0.tokenizer) }) else { return nil }
    (rule, self.sweep) = (group, sweep)
  }

  static let fields: [TableField<RuleBesideSweep>] = [
    .text("tokenizer", "Rule") { $0.rule.tokenizer },
    .text("sweep", "Sweep") { $0.sweep.tokenizer },
    .text("size", "M2") { $0.rule.size },
    .number("ruleVocabulary", "Rule's vocabulary", .integer) {
      ($0.rule.tokenization?.vocabularySize).map(Double.init)
    },
    .number("sweepVocabulary", "Sweep's vocabulary", .integer) {
      ($0.sweep.tokenization?.vocabularySize).map(Double.init)
    },
    .estimate("difference", "Rule's bits/byte above the sweep's", unit: "bits/byte", .signed(3), better: .lower) {
      pair in
      let difference = pair.rule.heldOut.flatMap { rule in
        pair.sweep.heldOut.flatMap { ScoreEstimate.difference(rule, minus: $0) }
      }
      return .number(difference?.bitsPerByte, interval: difference?.interval)
    },
  ]
}

extension CellGroup {
  /// The search, which all seeds share; nil where nothing was searched.
  var tuning: RunRecord.Tuning? { representative.tuning }
  var isTuned: Bool { representative.isTuned }

  /// Which end of the range of vocabularies is the best; nil between them, and where none was searched.
  var vocabularyEnd: String? {
    guard let candidates = tuning?.candidates, candidates.count > 1 else { return nil }
    return trained == candidates.first ? "smallest" : trained == candidates.last ? "largest" : nil
  }

  /// The tokenizer that was trained.
  fileprivate var trained: String { representative.chosenTokenizer ?? tokenizer }

  /// What was searched, in words.
  fileprivate var searched: String {
    guard let tuning else { return "nothing" }
    return [isTuned ? "rate" : nil, tuning.candidates.count > 1 ? "vocabulary" : nil]
      .compactMap { $0 }.joined(separator: " and ")
  }
}

extension RunRecord {
  /// Whether its learning rate was searched.
  var isTuned: Bool { Set((content.tuning?.trials ?? []).map(\.learningRate)).count > 1 }
}

extension RunRecord.Tuning {
  /// The tokenizers that were tried, by ascending vocabulary.
  fileprivate var candidates: [String] { unique(trials.map(\.tokenizer)) }

  fileprivate func trials(of tokenizer: String) -> [Trial] { trials.filter { $0.tokenizer == tokenizer } }

  /// Whether of several rates the first or the last is this candidate's best.
  fileprivate func isBestAtAnEnd(_ tokenizer: String) -> Bool {
    let rates = trials(of: tokenizer).map(\.learningRate)
    let best = trials(of: tokenizer).filter { $0.bitsPerByte != nil }
      .min { ($0.bitsPerByte ?? .infinity) < ($1.bitsPerByte ?? .infinity) }
    return rates.count > 1 && (best?.learningRate == rates.min() || best?.learningRate == rates.max())
  }
}

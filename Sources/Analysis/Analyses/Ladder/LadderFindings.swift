import Foundation
import Metrics
import Support

extension Ladder {
  /// What the numbers say, and what they cannot.
  func findings(_ fit: LadderFit?) -> [Finding] {
    var lines = [
      "\(tokenizers.count) tokenizers at \(budgets.count) budgets from \(short(budgets[0])) to "
        + "\(short(budgets[budgets.count - 1])) FLOPs, "
        + (isOverSizes
          ? "each at its best size."
          : "each at one size (\(list(unique(optima.map(\.best.size))))): no best size was looked for.")
    ]
    lines += bestByBudget + edges
    if let fit {
      lines += curves(fit) + fit.crossingFindings + fit.farFindings + fit.checkFindings
    } else {
      lines.append(
        "No curves are fitted: that takes learned points at three budgets for a tokenizer, and in all "
          + "\(SharedFloorBootstrap.leastDegreesOfFreedom) points more than two for each curve and one for the floor.")
    }
    return (lines + bytesPerParameter).map { Finding($0) }
  }

  private var bestByBudget: [String] {
    let best = budgets.compactMap { Self.best(optima(at: $0)) }
    guard !best.isEmpty else { return ["M2 learned nothing beyond token frequencies at any budget."] }
    return [
      "Lowest bits/byte of what M2 learned: "
        + list(best.map { "\($0.tokenizer) at \(short($0.budget)) (\(bits($0.bitsPerByte)), size \($0.best.size))" })
        + "."
    ]
  }

  /// Budgets at which the best size is the smallest or the largest that was tried.
  private var edges: [String] {
    let open = optima.filter(\.isAtEnd)
    guard !open.isEmpty else { return [] }
    let byTokenizer = unique(open.map(\.tokenizer)).map { tokenizer in
      "\(tokenizer) at \(list(open.filter { $0.tokenizer == tokenizer }.map { short($0.budget) }))"
    }
    return [
      "The best size is the smallest or largest that was tried, so a better one may lie beyond: \(list(byTokenizer))."
    ]
  }

  private func curves(_ fit: LadderFit) -> [String] {
    let floor = fit.bootstrap.interval(\.floor), lowest = fit.points.joined().map(\.loss).min() ?? 0
    var lines = [
      "Fitted together over \(fit.points.joined().count) points, the shared floor is \(bits(fit.fit.floor)) bits/byte "
        + "(95% interval \(bits(floor.lower))–\(bits(floor.upper))); the points lie about the curves with a standard "
        + "deviation of \(percent(fit.bootstrap.deviation))."
    ]
    if floor.upper - floor.lower > lowest / 2 {
      lines.append(
        "The floor cannot be told from these budgets: its interval spans more than half of the lowest bits/byte measured."
      )
    }
    let left = tokenizers.filter { !fit.tokenizers.contains($0) }
    if !left.isEmpty {
      lines.append("Without a curve, for want of three budgets at which M2 learned something: \(list(left)).")
    }
    let resting = fit.tokenizers.indices.filter { fit.pointsAtEnd[$0] > 0 }.map { index in
      "\(fit.tokenizers[index]) (\(fit.pointsAtEnd[index]) of \(fit.points[index].count))"
    }
    if !resting.isEmpty {
      lines.append(
        "Of these points some are an end of the sizes that were tried, and their bits/byte an upper limit: "
          + "\(list(resting)). These curves and their crossings rest on them, and by the shared floor a little of every "
          + "other.")
    }
    return lines
  }

  private var bytesPerParameter: [String] {
    let factors = budgets.compactMap { budget in Self.factor(optima(at: budget)).map { (budget, $0) } }
    let ratios = budgets.compactMap { budget in
      Self.best(optima(at: budget))?.best.tokenization?.compressionRatio.map { (budget, $0) }
    }
    var lines: [String] = []
    if !factors.isEmpty, isOverSizes {
      lines.append(
        "Training bytes per parameter outside the embedding, at the best sizes, differ between tokenizers by a factor of "
          + "\(list(factors.map { "\(String(format: "%.1f", $0.1)) at \(short($0.0))" })). Limisiewicz et al. 2026 "
          + "(arXiv 2605.01188) find them constant at the optimum, for models of 50M parameters and more.")
    }
    if ratios.count > 2 {
      let falls =
        zip(ratios, ratios.dropFirst()).allSatisfy { $0.1 >= $1.1 } && ratios[0].1 > ratios[ratios.count - 1].1
      let constant = Set(ratios.map(\.1)).count == 1
      lines.append(
        "The bytes/token of the best tokenizer are \(list(ratios.map { "\(String(format: "%.2f", $0.1)) at \(short($0.0))" })): "
          + (constant ? "the same at every budget" : falls ? "they fall" : "they do not fall steadily")
          + "; Limisiewicz et al. find that they fall with compute.")
    }
    return lines
  }
}

extension LadderFit {
  fileprivate var crossingFindings: [String] {
    let all = pairs
    func names(_ verdict: Verdict) -> String? {
      let names = all.filter { $0.verdict == verdict }.map { "\($0.first) and \($0.second)" }
      return names.isEmpty ? nil : list(names)
    }
    var lines = all.filter(\.verdict.isTold).map { pair in
      let other = pair.lowerBeyond == pair.first ? pair.second : pair.first
      let interval = pair.crossing.interval.map { " (95% interval \(short($0.lower))–\(short($0.upper)))" } ?? ""
      return "The curve of \(pair.lowerBeyond) passes below that of \(other) at \(short(pair.crossing.compute)) FLOPs"
        + "\(interval), \(pair.verdict == .measured ? "within" : "beyond") what was measured"
        + (pair.onEnds.isEmpty ? "" : ", resting on points at an end of the sizes (\(list(pair.onEnds)))") + "."
    }
    if let untold = names(.untold) {
      lines.append(
        "Whether these cross within \(short(farthest)) FLOPs cannot be told, for 5% of the resamples or more have no "
          + "crossing of the same direction there: \(untold).")
    }
    if let failed = names(.checkFailed) {
      lines.append("These curves cross beyond what was measured, but the check failed: \(failed).")
    }
    if let unchecked = names(.unchecked) {
      lines.append("These curves cross beyond what was measured, but were not checked: \(unchecked).")
    }
    let apart = all.filter { $0.verdict == .apart }
    if !apart.isEmpty {
      let names = apart.map { pair in
        let share = 1 - pair.crossing.missingShare
        return "\(pair.first) and \(pair.second)"
          + (share > 0.05 ? " (not sure: \(percent(share)) of the resamples have one)" : "")
      }
      lines.append("No crossing up to \(short(farthest)) FLOPs: \(list(names)).")
    }
    return lines
  }

  /// Who is lowest a hundred times beyond what was measured.
  fileprivate var farFindings: [String] {
    guard tokenizers.count > 1 else { return [] }
    let shares = shareLowest(at: farthest)
    let ranked = tokenizers.indices.sorted { (shares[$1], $0) < (shares[$0], $1) }
    guard let first = ranked.first else { return [] }
    let others = ranked.dropFirst().filter { shares[$0] >= 0.01 }
    let doubt =
      switch extrapolation(of: tokenizers) {
      case .checked: "."
      case .failed: ", if the curves hold so far: the check failed."
      case .unchecked: ", if the curves hold so far: not all of them were checked."
      }
    return [
      "At \(Int(Self.extrapolation)) × the largest budget \(tokenizers[first]) is the lowest in \(percent(shares[first])) of "
        + "the resamples"
        + (others.isEmpty ? "" : ", \(list(others.map { "\(tokenizers[$0]) in \(percent(shares[$0]))" }))")
        + (shares[first] < 0.95 ? ": which is lowest there cannot be told." : doubt)
    ]
  }

  fileprivate var checkFindings: [String] {
    guard !checks.isEmpty else {
      return [
        "What the extrapolation is worth was not checked: the points below the largest budget are too few to fit alone."
      ]
    }
    let left = "Not checked, for want of a point at the largest budget or of three below it: \(list(unchecked))."
    let errors = list(checks.map { "\(tokenizers[$0.curve]) \(String(format: "%+.1f%%", 100 * $0.relativeError))" })
    let outside = checks.filter { !$0.isWithinBand }.map { tokenizers[$0.curve] }
    return [
      "The largest budget, predicted from the smaller ones, is off by: \(errors). "
        + (outside.isEmpty
          ? "All measurements lie within the bands that were predicted."
          : "Outside of the predicted band, so that the extrapolation is not to be trusted: \(list(outside)).")
    ] + (unchecked.isEmpty ? [] : [left])
  }
}

private func percent(_ share: Double) -> String { String(format: share < 0.1 ? "%.1f%%" : "%.0f%%", 100 * share) }

import Foundation
import Metrics
import Support

extension CrossAnalysis {
  /// The same tokenizers at several budgets: the best size at each, curves over compute, where they meet, and what of it
  /// cannot be told. docs/ladder.md explains it.
  static let ladder = CrossAnalysis("ladder", title: "A ladder over compute") { inputs in
    Ladder.all(inputs).enumerated().flatMap { index, ladder in
      let artifacts = artifacts(of: ladder)
      return index == 0 ? artifacts : artifacts.map { $0.renamed(suffix: "\(index + 1)") }
    }
  }

  private static func artifacts(of ladder: Ladder) -> [Artifact] {
    let fit = LadderFit(ladder)
    var artifacts: [Artifact] = [.findings(ladder.findings(fit))]
    artifacts.append(.figure(ladder.figure(fit)))
    let points =
      ladder.isOverSizes
      ? "A point is where a tokenizer's parabola over sizes is lowest at a budget, else its best size, with the 95% "
        + "interval of the best size's bits/byte. Hollow: the best size is an end of those tried, or M2 learned nothing."
      : "A point is a tokenizer at a budget, with the 95% interval of its bits/byte. Hollow: M2 learned nothing."
    let lines = " Lines: E + A·C^(−α), one floor E for all; dashed beyond what was measured; shaded: 95% bands."
    artifacts.append(.note(RichText(points + (fit == nil ? "" : lines))))
    artifacts.append(.table(ladder.optimaTable))
    let parabolas =
      "The parabola goes through the best size and up to two on each side of it within "
      + "\(Int(100 * Ladder.Optimum.valley))% of its bits/byte, in log parameters outside the embedding. "
    artifacts.append(
      .note(
        RichText((ladder.isOverSizes ? parabolas : "") + "Parameters and the first bytes/parameter count no embedding.")
      ))
    artifacts += ladder.isoFLOPFigures.map(Artifact.figure)
    if let fit {
      artifacts.append(.table(fit.curveTable))
      artifacts.append(
        .note(
          "E, A and α minimise Huber's loss (δ = 0.001) of the log residuals, over all tokenizers together (Hoffmann et "
            + "al. 2022, approach 3); 95% intervals by a parametric bootstrap with Student-like residuals of "
            + "\(fit.bootstrap.degreesOfFreedom) degrees of freedom. They say how sure the curves are for this text and "
            + "these settings if the curves have this form; the check below asks whether they do."))
      if fit.tokenizers.count > 1 { artifacts.append(.table(fit.crossingTable)) }
      if !fit.checks.isEmpty { artifacts.append(.table(fit.checkTable)) }
    }
    artifacts.append(.table(ladder.bytesPerParameterTable))
    return artifacts
  }
}

extension Ladder {
  /// Best bits/byte against compute, with the fitted curves.
  func figure(_ fit: LadderFit?) -> Figure {
    Figure(
      key: "ladder", title: "Best bits/byte against training compute", style: .points,
      x: .init("training FLOPs", isLogarithmic: true), y: .init("held-out bits/byte", isLogarithmic: true),
      series: tokenizers.map { tokenizer in
        let optima = optima(of: tokenizer), curve = fit?.curve(of: tokenizer)
        return Figure.Series(
          title: tokenizer, family: tokenizer,
          points: optima.map { one in
            .init(
              x: one.budget, y: one.loss, spread: one.estimate?.interval,
              label: curve == nil && one.budget == optima.last?.budget ? tokenizer : nil,
              isHollow: !one.isLearned || one.isAtEnd)
          }, curve: curve)
      })
  }

  /// Bits/byte against size, a line a budget, one figure for each tokenizer of several sizes.
  var isoFLOPFigures: [Figure] {
    tokenizers.enumerated().compactMap { index, tokenizer in
      let optima = optima(of: tokenizer)
      guard optima.contains(where: { $0.cells.count > 1 }) else { return nil }
      return Figure(
        key: "ladder-sizes-\(index + 1)", title: "\(tokenizer): bits/byte against size at equal FLOPs", style: .points,
        x: .init("parameters outside the embedding", isLogarithmic: true),
        y: .init("held-out bits/byte", isLogarithmic: true), series: optima.map(\.series))
    }
  }
}

extension Ladder.Optimum {
  fileprivate var series: Figure.Series {
    let name = "\(short(budget)) FLOPs"
    return Figure.Series(
      title: name, family: name,
      points: cells.enumerated().compactMap { index, cell in
        guard let parameters = cell.parameters, let estimate = cell.heldOut else { return nil }
        return .init(
          x: parameters, y: estimate.bitsPerByte, spread: estimate.interval,
          label: index == cells.count - 1 ? name : nil, isHollow: cell.isLearned == false)
      }, curve: curve)
  }

  private var curve: Figure.Curve? {
    guard let parabola else { return nil }
    let (low, high) = (parabola.measured.lower, parabola.measured.upper)
    let points = (0...40).map { step -> Figure.Point in
      let x = low + (high - low) * Double(step) / 40
      return .init(x: exp(x), y: parabola.value(at: x))
    }
    return .init(
      points: points, solidTo: .infinity, marked: minimum.map { .init(x: $0.parameters, y: $0.bitsPerByte) })
  }
}

extension LadderFit {
  fileprivate func curve(of tokenizer: String) -> Figure.Curve? {
    guard let index = tokenizers.firstIndex(of: tokenizer) else { return nil }
    let low = log(measured.lowerBound), high = log(farthest), top = log(measured.upperBound)
    // Evenly in log compute, the end of what was measured among them.
    let computes =
      (0...24).map { low + (top - low) * Double($0) / 24 } + (1...24).map { top + (high - top) * Double($0) / 24 }
    return .init(
      points: computes.map { logCompute in
        let compute = exp(logCompute)
        return .init(
          x: compute, y: fit.predict(index, compute: compute), spread: bootstrap.band(index, compute: compute),
          label: logCompute == computes.last ? tokenizer : nil)
      }, solidTo: measured.upperBound * (1 + 1e-9))
  }
}

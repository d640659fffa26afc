import Metrics
import Support

extension RecordAnalysis {
  /// Bits/byte against what a byte costs and against how many bytes a step yields; hollow marks were not learned.
  static let costPlots = RecordAnalysis("plots", title: "Plots") { input in
    [
      Figure(
        key: "flops", title: "Bits/byte against inference FLOPs/byte", style: .points,
        x: .init("inference FLOPs/byte (M2 + tokenizer)", isLogarithmic: true),
        y: .init("held-out bits/byte", isLogarithmic: true),
        series: series(input) { group in
          group.representative.flops.map { $0.perByteAll + $0.tokenizerPerByte }
        }, references: m1References(input)),
      Figure(
        key: "steps", title: "Bits/byte against bytes per autoregressive step", style: .points,
        x: .init("bytes/step", isLogarithmic: true), y: .init("held-out bits/byte", isLogarithmic: true),
        series: series(input) { $0.tokenization?.compressionRatio }, references: m1References(input)),
    ].filter { !$0.isEmpty }.map(Artifact.figure)
  }

  /// A series for each tokenizer, a point for each size.
  private static func series(_ input: AnalysisInput, x: (CellGroup) -> Double?) -> [Figure.Series] {
    unique(input.groups.map(\.tokenizer)).map { tokenizer in
      let groups = input.groups.filter { $0.tokenizer == tokenizer }
      let drawn = groups.compactMap { group -> Figure.Point? in
        guard let estimate = group.heldOut, let x = x(group), x > 0 else { return nil }
        // The name once, then the sizes alone: the series' colour and line say whose they are.
        let name = group.size == groups.first?.size ? tokenizer : ""
        let label = input.sizes.count == 1 ? tokenizer : name.isEmpty ? group.size : "\(name) \(group.size)"
        return Figure.Point(
          x: x, y: estimate.bitsPerByte, spread: estimate.interval, label: label, isHollow: group.isLearned == false)
      }
      return Figure.Series(title: tokenizer, family: tokenizer, points: drawn)
    }
  }

  /// M1's own bits/byte: where a code by it ends up that M2 adds nothing to.
  /// - Parameter scoredBytes: only where the text that is scored has so many; nil for any number.
  static func m1References(_ input: AnalysisInput, scoredBytes: Int? = nil) -> [Figure.Reference] {
    input.m1Scores.filter { scoredBytes == nil || $0.bytes == scoredBytes }.map {
      .init(y: $0.bitsPerByte, label: "\(AnalysisInput.name(of: $0.m1)): \(bits($0.bitsPerByte))")
    }
  }
}

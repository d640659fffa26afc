import Metrics
import Records

extension RecordAnalysis {
  /// Training loss and held-out snapshots over training FLOPs, the first finished seed of each cell.
  static let learningCurves = RecordAnalysis("curves", title: "Learning curves") { input in
    [
      Figure(
        key: "curves", title: "Training bits/byte", style: .lines, x: .init("training FLOPs", isLogarithmic: true),
        y: .init("training bits/byte", isLogarithmic: true),
        series: series(input) { training in
          guard training.bytes > 0 else { return [] }
          return training.lossNats.map { ($0.step, $0.value / natsPerBit * Double(training.tokens) / training.bytes) }
        }, references: m1References(input)),
      Figure(
        key: "held-out-curves", title: "Held-out bits/byte while training (first examples)", style: .lines,
        x: .init("training FLOPs", isLogarithmic: true), y: .init("held-out bits/byte", isLogarithmic: true),
        series: series(input) { training in training.heldOutBitsPerByte.map { ($0.step, $0.value) } },
        references: m1References(input)),
    ].filter { !$0.isEmpty }.map(Artifact.figure)
  }

  private static func series(
    _ input: AnalysisInput, points: (RunRecord.Training) -> [(step: Int, bitsPerByte: Double)]
  ) -> [Figure.Series] {
    input.groups.compactMap { group in
      guard let training = group.representative.training, let flops = group.representative.flops, training.steps > 0
      else { return nil }
      let flopsPerStep = flops.trainingAll / Double(training.steps)
      return Figure.Series(
        title: input.sizes.count > 1 ? "\(group.tokenizer) \(group.size)" : group.tokenizer,
        family: group.tokenizer,
        points: points(training).filter { $0.step > 0 && $0.bitsPerByte > 0 && $0.bitsPerByte.isFinite }
          .map { .init(x: Double($0.step) * flopsPerStep, y: $0.bitsPerByte) })
    }.filter { $0.points.count > 1 }
  }
}

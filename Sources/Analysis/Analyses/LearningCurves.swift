import Metrics
import Records

extension RecordAnalysis {
  /// Training loss and held-out snapshots over training FLOPs, the first finished seed of each cell.
  static let learningCurves = RecordAnalysis("curves", title: "Learning curves") { input in
    let text = newestCurveBytes(input)
    let figures = [
      Figure(
        key: "curves", title: "Training bits/byte", style: .lines, x: .init("training FLOPs", isLogarithmic: true),
        y: .init("training bits/byte", isLogarithmic: true),
        series: series(input.groups.map(\.representative), input) { training in
          guard training.bytes > 0 else { return [] }
          return training.lossNats.map { ($0.step, $0.value / natsPerBit * Double(training.tokens) / training.bytes) }
        }),
      Figure(
        key: "held-out-curves", title: "Held-out bits/byte while training (first examples)", style: .lines,
        x: .init("training FLOPs", isLogarithmic: true), y: .init("held-out bits/byte", isLogarithmic: true),
        series: series(input.groups.compactMap { curveRecord(of: $0, bytes: text) }, input) { training in
          training.heldOutBitsPerByte.map { ($0.step, $0.value) }
        }, references: m1References(input, scoredBytes: text)),
    ].filter { !$0.isEmpty }.map(Artifact.figure)
    let leftOut = input.groups.count {
      curveRecord(of: $0, bytes: nil) != nil && curveRecord(of: $0, bytes: text) == nil
    }
    guard let text, leftOut > 0 else { return figures }
    return figures + [
      .note(
        "The held-out curves are over the first \(text) bytes of held-out text. \(leftOut) "
          + "\(leftOut == 1 ? "cell is" : "cells are") left out, with curves over another number of bytes.")
    ]
  }

  /// The first finished record with a held-out curve over so many bytes (nil: any number).
  private static func curveRecord(of group: CellGroup, bytes: Int?) -> RunRecord? {
    group.records.first { record in
      guard record.isFinished, let training = record.training, !training.heldOutBitsPerByte.isEmpty else {
        return false
      }
      return bytes == nil || training.curveBytes == bytes
    }
  }

  /// Bytes of the newest held-out curve. Curves over other text say nothing beside it, and a protocol does not fix it.
  private static func newestCurveBytes(_ input: AnalysisInput) -> Int? {
    input.records.filter { $0.isFinished && $0.training?.heldOutBitsPerByte.isEmpty == false }
      .max { $0.circumstances.written < $1.circumstances.written }?.training?.curveBytes
  }

  private static func series(
    _ records: [RunRecord], _ input: AnalysisInput, points: (RunRecord.Training) -> [(step: Int, bitsPerByte: Double)]
  ) -> [Figure.Series] {
    records.compactMap { record in
      guard let training = record.training, let flops = record.flops, training.steps > 0 else { return nil }
      let flopsPerStep = flops.trainingAll / Double(training.steps)
      return Figure.Series(
        title: input.sizes.count > 1 ? "\(record.tokenizer) \(record.size)" : record.tokenizer,
        family: record.tokenizer,
        points: points(training).filter { $0.step > 0 && $0.bitsPerByte > 0 && $0.bitsPerByte.isFinite }
          .map { .init(x: Double($0.step) * flopsPerStep, y: $0.bitsPerByte) })
    }.filter { $0.points.count > 1 }
  }
}

import Foundation
import Metrics
import Support

extension Ladder {
  /// The best size of every tokenizer at every budget.
  var optimaTable: Table {
    Table(
      key: "ladder-optima", optima,
      fields: [
        .text("tokenizer", "Tokenizer") { $0.tokenizer },
        .text("chosenTokenizer", "Chosen") { $0.best.representative.chosenTokenizer },
        .number("budget", "Budget", unit: "FLOPs", .short) { $0.budget },
        .number("sizes", "Sizes", .integer) { Double($0.cells.count) },
        .text("size", "Best size") { $0.best.size + ($0.isAtEnd ? " (an end)" : "") },
        .number("parameters", "Parameters", .short) { $0.best.parameters },
        .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(3), better: .lower) { one in
          .number(
            one.bitsPerByte, interval: one.estimate?.interval,
            marks: one.isLearned ? [] : [.notLearned])
        },
        .number("parabolaParameters", "Parabola's minimum at", .short) { $0.minimum?.parameters },
        .number("parabolaBitsPerByte", "Bits/byte there", unit: "bits/byte", .fixed(3)) { $0.minimum?.bitsPerByte },
        .number("bytesPerToken", "Bytes/token", .fixed(2)) { $0.best.tokenization?.compressionRatio },
        .number("bytesPerParameter", "Bytes/parameter", .significant) { $0.bytesPerParameter },
        .number("bytesPerAnyParameter", "With embedding", .significant) {
          $0.best.representative.training?.bytesPerParameter
        },
      ]
    ).withoutEmptyColumns(keeping: ["bitsPerByte"])
  }

  /// By budget: how far the tokenizers' bytes per parameter are apart, and which bytes/token are best.
  var bytesPerParameterTable: Table {
    Table(
      key: "ladder-bytes-per-parameter", budgets.map { optima(at: $0) },
      fields: [
        .number("budget", "Budget", unit: "FLOPs", .short) { $0.first?.budget },
        .text("best", "Lowest bits/byte") { Self.best($0)?.tokenizer },
        .number("bestBytesPerToken", "Its bytes/token", .fixed(2)) {
          Self.best($0)?.best.tokenization?.compressionRatio
        },
        .number("lowest", "Bytes/parameter, lowest", .significant) { Self.bytesPerParameter($0).min() },
        .number("highest", "Highest", .significant) { Self.bytesPerParameter($0).max() },
        .number("factor", "Factor", .fixed(2)) { Self.factor($0) },
      ]
    ).withoutEmptyColumns(keeping: ["best"])
  }

  /// The lowest of those that M2 learned from.
  static func best(_ optima: [Optimum]) -> Optimum? {
    optima.filter(\.isLearned).min { $0.bitsPerByte < $1.bitsPerByte }
  }

  private static func bytesPerParameter(_ optima: [Optimum]) -> [Double] {
    optima.filter(\.isLearned).compactMap(\.bytesPerParameter)
  }

  /// Highest over lowest bytes per parameter; nil for fewer than two tokenizers.
  static func factor(_ optima: [Optimum]) -> Double? {
    let values = bytesPerParameter(optima)
    guard values.count > 1, let low = values.min(), let high = values.max(), low > 0 else { return nil }
    return high / low
  }
}

extension Ladder.Optimum {
  /// Training bytes over weights outside the embedding.
  var bytesPerParameter: Double? {
    guard let parameters = best.parameters, parameters > 0, let bytes = best.representative.training?.bytes else {
      return nil
    }
    return bytes / parameters
  }
}

extension LadderFit {
  /// E, A and α of every curve.
  var curveTable: Table {
    Table(
      key: "ladder-fit", Array(tokenizers.indices),
      fields: [
        .text("tokenizer", "Tokenizer") { tokenizers[$0] },
        .number("points", "Points", .integer) { Double(points[$0].count) },
        .number("pointsAtEnd", "At an end of the sizes", .integer) { Double(pointsAtEnd[$0]) },
        .estimate("floor", "E", unit: "bits/byte", .fixed(3)) { _ in
          .number(fit.floor, interval: bootstrap.interval(\.floor))
        },
        .estimate("scale", "A", .significant) { curve in
          .number(fit.scale(curve), interval: bootstrap.interval { $0.scale(curve) })
        },
        .estimate("exponent", "α", .fixed(3)) { curve in
          .number(fit.curves[curve].exponent, interval: bootstrap.interval { $0.curves[curve].exponent })
        },
        .estimate("extrapolated", "At \(short(farthest)) FLOPs", unit: "bits/byte", .fixed(3), better: .lower) {
          curve in
          .number(
            fit.predict(curve, compute: farthest), interval: bootstrap.band(curve, compute: farthest))
        },
      ])
  }

  /// Where every two curves meet.
  var crossingTable: Table {
    Table(
      key: "ladder-crossings", pairs,
      fields: [
        .text("first", "Tokenizer") { $0.first },
        .text("second", "and") { $0.second },
        .estimate("compute", "Cross at", unit: "FLOPs", .short) { pair in
          .number(pair.crossing.compute, interval: pair.verdict.isTold ? pair.crossing.interval : nil)
        },
        .text("lower", "Lower beyond") { $0.crossing.compute == nil ? nil : $0.lowerBeyond },
        .number("missing", "Resamples without", .percent(0)) { $0.crossing.missingShare },
        .text("verdict", "Verdict") { pair in
          pair.verdict.words
            + (pair.verdict.isTold && !pair.onEnds.isEmpty ? ", on points at an end of the sizes" : "")
        },
      ])
  }

  /// The largest budget, predicted from the others.
  var checkTable: Table {
    Table(
      key: "ladder-check", checks,
      fields: [
        .text("tokenizer", "Tokenizer") { tokenizers[$0.curve] },
        .number("compute", "Budget", unit: "FLOPs", .short) { $0.compute },
        .number("measured", "Measured", unit: "bits/byte", .fixed(3)) { $0.measured },
        .estimate("predicted", "Predicted from the smaller", unit: "bits/byte", .fixed(3)) {
          .number($0.predicted, interval: $0.band)
        },
        .number("error", "Error", unit: "%", .signed(2)) { 100 * $0.relativeError },
        .text("within", "Within") { $0.isWithinBand ? "yes" : "no" },
      ])
  }
}

extension LadderFit.Verdict {
  fileprivate var words: String {
    switch self {
    case .apart: "none within \(Int(LadderFit.extrapolation)) ×"
    case .untold: "cannot be told"
    case .measured: "within what was measured"
    case .predicted: "predicted"
    case .checkFailed: "the check failed"
    case .unchecked: "not checked"
    }
  }
}

import Metrics
import Records

extension RecordAnalysis {
  /// What training and inference cost, by both conventions, with M1 counted and not.
  static let cost = RecordAnalysis("cost", title: "Cost") { input in
    let groups = input.groups.filter { $0.representative.flops != nil }
    guard !groups.isEmpty else { return [] }
    return [
      .table(Table(key: "cost", groups, fields: fields).withoutEmptyColumns()),
      .note(
        """
        Both conventions: everything counted, and the paper's (non-embedding: two per weight outside the embeddings). With \
        M1 is M2's training and that of the M1 which the tokenizer stands on, once; whether the budget pays for M1 is \
        \(code: "match.m1") of the protocol. Seconds and GFLOP/s are those of the run that trained the model, and may be of \
        different machines.
        """
      ),
    ]
  }

  private static let fields: [TableField<CellGroup>] = [
    .text("tokenizer", "Tokenizer") { $0.tokenizer },
    .text("size", "M2") { $0.size },
    .number("steps", "Steps", .integer) { $0.representative.training.map { Double($0.steps) } },
    .number("epochs", "Epochs", .fixed(2)) { $0.representative.training?.epochs },
    .number("bytesPerParameter", "Bytes/parameter", .significant) { $0.representative.training?.bytesPerParameter },
    .number("contextBytes", "Context bytes", unit: "bytes", .short) { $0.representative.training?.contextBytes },
    .number("trainingFLOPs", "Training FLOPs", unit: "FLOPs", .short) { $0.representative.flops?.trainingAll },
    .number("trainingFLOPsNonEmbedding", "(non-embedding)", unit: "FLOPs", .short) {
      $0.representative.flops?.trainingNonEmbedding
    },
    .number("trainingFLOPsWithM1", "With M1", unit: "FLOPs", .short) { group in
      group.representative.flops.flatMap { flops in group.m1.map { flops.trainingAll + $0.trainingFLOPs } }
    },
    .number("flopsPerByte", "Inference FLOPs/byte", unit: "FLOPs/byte", .short, better: .lower) {
      $0.representative.flops?.perByteAll
    },
    .number("flopsPerByteNonEmbedding", "(non-embedding)", unit: "FLOPs/byte", .short, better: .lower) {
      $0.representative.flops?.perByteNonEmbedding
    },
    .number("flopsPerByteWithTokenizer", "With tokenizer", unit: "FLOPs/byte", .short, better: .lower) {
      $0.representative.flops.map { $0.perByteAll + $0.tokenizerPerByte }
    },
    .number("stepsPerKilobyte", "Steps/kB", unit: "steps/kB", .integer, better: .lower) {
      $0.tokenization?.compressionRatio.map { 1_000 / $0 }
    },
    .number("seconds", "Seconds", unit: "s", .integer, better: .lower) { $0.representative.trainingSeconds },
    .number("gigaflopsPerSecond", "GFLOP/s", unit: "GFLOP/s", .integer, better: .higher) {
      $0.representative.measurement("gigaflopsPerSecond", of: "model")
    },
  ]
}

extension RunRecord {
  /// Seconds that training M2 took, wherever it was trained; nil where they were not measured.
  var trainingSeconds: Double? { measurement("trainingSeconds", of: "model") }
}

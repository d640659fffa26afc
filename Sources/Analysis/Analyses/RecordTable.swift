import Metrics
import Records

/// Every record with its numbers at full precision: what results.csv holds.
func recordTable(_ records: [RunRecord]) -> Table { Table(key: "records", records, fields: recordFields) }

private let recordFields: [TableField<RunRecord>] = [
  .text("protocol", "Protocol") { $0.protocol.hash },
  .text("experiment", "Experiment") { $0.experiment },
  .text("tokenizer", "Tokenizer") { $0.tokenizer },
  .text("size", "M2") { $0.size },
  .number("seed", "Seed", .integer) { Double($0.seed) },
  .text("status", "Status") {
    !$0.isFinished ? "failed" : $0.notAffordable == nil ? "ok" : "not affordable"
  },
  .text("error", "Error") { $0.error ?? $0.notAffordable },
  .number("vocabularySize", "Vocabulary", .integer) { $0.tokenization.map { Double($0.vocabularySize) } },
  .number("compressionRatio", "Bytes/token", .fixed(3), better: .higher) { $0.tokenization?.compressionRatio },
  .number("bitCompressionRatio", "Bit ratio", .fixed(3), better: .higher) { $0.tokenization?.bitCompressionRatio },
  .number("uniformBitsPerByte", "Uniform", unit: "bits/byte", .fixed(4)) { $0.tokenization?.uniformBitsPerByte },
  .number("unigramBitsPerByte", "Unigram", unit: "bits/byte", .fixed(4)) { $0.tokenization?.unigramBitsPerByte },
  .number("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(4), better: .lower) { $0.bitsPerByte },
  .number("heldOutBytes", "Held-out bytes", unit: "bytes", .integer) { $0.heldOut.map { Double($0.bytes) } },
  .number("heldOutTokens", "Held-out tokens", unit: "tokens", .integer) { $0.heldOut.map { Double($0.tokens) } },
  .number("m1BitsPerByte", "M1 bits/byte", unit: "bits/byte", .fixed(4)) { $0.m1?.heldOutBitsPerByte },
  .number("m1TrainingFLOPs", "M1 training FLOPs", unit: "FLOPs", .short) { $0.m1?.trainingFLOPs },
  .number("flopsPerByte", "M2 FLOPs/byte", unit: "FLOPs/byte", .short) { $0.flops?.perByteAll },
  .number("flopsPerByteNonEmbedding", "(non-embedding)", unit: "FLOPs/byte", .short) {
    $0.flops?.perByteNonEmbedding
  },
  .number("tokenizerFLOPsPerByte", "Tokenizer FLOPs/byte", unit: "FLOPs/byte", .short) { $0.flops?.tokenizerPerByte },
  .number("trainingFLOPs", "Training FLOPs", unit: "FLOPs", .short) { $0.flops?.trainingAll },
  .number("trainingFLOPsNonEmbedding", "(non-embedding)", unit: "FLOPs", .short) { $0.flops?.trainingNonEmbedding },
  .number("trainingTokens", "Training tokens", unit: "tokens", .short) { $0.training.map { Double($0.tokens) } },
  .number("trainingBytes", "Training bytes", unit: "bytes", .short) { $0.training?.bytes },
  .number("steps", "Steps", .integer) { $0.training.map { Double($0.steps) } },
  .number("trainingSeconds", "Seconds", unit: "s", .integer) { $0.trainingSeconds },
  .text("roundTrips", "Round trip") { $0.tokenization.map { "\($0.roundTrips)" } },
  .text("contentSHA256", "Content SHA-256") { $0.contentSHA256 },
]

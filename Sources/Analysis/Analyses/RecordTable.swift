import Metrics
import Records

/// Every record with its numbers at full precision: what results.csv holds.
func recordTable(_ records: [RunRecord]) -> Table { Table(key: "records", records, fields: recordFields) }

/// Every scored example of every record: what examples.csv holds.
func exampleTable(_ records: [RunRecord]) -> Table {
  let examples = records.flatMap { record in
    record.scores.flatMap { score in
      zip(score.exampleBytes, score.exampleNats).enumerated().map { index, example in
        ScoredExample(record: record, text: score.text, index: index, bytes: example.0, nats: example.1)
      }
    }
  }
  return Table(
    key: "examples", examples,
    fields: [
      .text("protocol", "Protocol") { $0.record.protocol.hash },
      .text("tokenizer", "Tokenizer") { $0.record.tokenizer },
      .text("size", "M2") { $0.record.size },
      .number("seed", "Seed", .integer) { Double($0.record.seed) },
      .text("text", "Text") { $0.text },
      .number("example", "Place in the text, from 0", .integer) { Double($0.index) },
      .number("bytes", "Bytes", unit: "bytes", .integer) { Double($0.bytes) },
      .number("nats", "Σ nats of its tokens", unit: "nats", .significant) { $0.nats },
    ])
}

private struct ScoredExample {
  let record: RunRecord
  let text: String
  let index: Int
  let bytes: Int
  let nats: Double
}

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
  .number(
    "flopsPerByteNonEmbedding", "M2 FLOPs/byte by the paper's convention (non-embedding)", unit: "FLOPs/byte", .short
  ) {
    $0.flops?.perByteNonEmbedding
  },
  .number("tokenizerFLOPsPerByte", "Tokenizer FLOPs/byte", unit: "FLOPs/byte", .short) { $0.flops?.tokenizerPerByte },
  .number("trainingFLOPs", "Training FLOPs", unit: "FLOPs", .short) { $0.flops?.trainingAll },
  .number(
    "trainingFLOPsNonEmbedding", "Training FLOPs by the paper's convention (non-embedding)", unit: "FLOPs", .short
  ) {
    $0.flops?.trainingNonEmbedding
  },
  .number("trainingTokens", "Training tokens", unit: "tokens", .short) { $0.training.map { Double($0.tokens) } },
  .number("trainingBytes", "Training bytes", unit: "bytes", .short) { $0.training?.bytes },
  .number("steps", "Steps", .integer) { $0.training.map { Double($0.steps) } },
  .number("trainingSeconds", "Seconds", unit: "s", .integer) { $0.trainingSeconds },
  .text("roundTrips", "Round trip") { $0.tokenization.map { "\($0.roundTrips)" } },
  .text("contentSHA256", "Content SHA-256") { $0.contentSHA256 },
]

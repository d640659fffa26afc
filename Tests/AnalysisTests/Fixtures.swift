import Foundation
import Records
import Support

@testable import Analysis

/// Builds records whose numbers a test states, and the rest of which is plain.
struct Cell {
  var tokenizer = "Bytes"
  var size = "1m"
  var seed: UInt64 = 1
  var variant: String?
  var fields = ["match.budget": "1e12", "corpus.sha256": "abc"]
  /// Nats and bytes of each held-out example.
  var nats = [20.0, 22, 24, 30]
  var bytes = [10, 10, 10, 12]
  var textSHA256 = "text"
  var error: String?
  var notAffordable: String?
  var roundTripProblem: String?
  var ratio = 1.0
  var vocabularySize = 256
  var uniform: Double? = 8
  var unigram: Double? = 4.5
  var facts: [String: Double] = [:]
  /// Weights outside the embedding; nil for a record without a model.
  var parameters: Int?
  var trainingBytes: Double?
  var m1BitsPerByte: Double?
  var m1Counted: Double?
  /// Of the held-out curve.
  var curveBytes = 100
  var furtherTexts: [String: [Double]] = [:]
  var lossNats: [Double] = [5, 3, 2]
  var written = "2026-01-01T00:00:00.000Z"
  var commit: String? = "0123456789abcdef+"
  var reused = false
  var chosenTokenizer: String?
  var tuning: RunRecord.Tuning?
  /// How lines of text are cut.
  var lines: [RunRecord.Tokenization.Line]?

  func record() throws -> RunRecord {
    var content = RunRecord.Content(
      experiment: "test", tokenizer: tokenizer, size: size, seed: seed, protocol: ComparisonProtocol(fields: fields),
      request: .object([:]))
    content.error = error
    content.notAffordable = notAffordable
    content.variant = variant
    content.chosenTokenizer = chosenTokenizer
    content.corpus = .init(
      files: ["words.txt"], trainingSHA256: String(repeating: "c", count: 64), heldOutSHA256: textSHA256,
      trainingBytes: 40_000_000, heldOutBytes: bytes.reduce(0, +), documents: 7)
    if error == nil, notAffordable == nil {
      fill(&content)
    }
    var made = Provenance(Program(version: "test", commit: ""), libraries: ["kernels": "avx512"], threads: 2)
    (made.program, made.commit, made.host, made.cpu, made.cores, made.system) = (
      "0.2.0", commit, "node1", "Zen", 2, "Debian"
    )
    made.measurements = ["seconds": 21, "trainingSeconds": 20, "gigaflopsPerSecond": 50]
    return try RunRecord(
      content,
      .init(written: written, stages: [.init(kind: "model", reused: reused, provenance: made)], writer: made))
  }

  private func fill(_ content: inout RunRecord.Content) {
    if let m1BitsPerByte {
      content.m1 = .init(
        size: "1m", steps: 3_500, batch: 4, contextLength: 1_024, optimizer: "adamw", learningRate: 5e-3, seed: 1,
        precision: "f32", trainingFLOPs: 3.7e12, heldOutBitsPerByte: m1BitsPerByte, fingerprint: "m1-\(m1BitsPerByte)")
    }
    content.tokenization = .init(
      vocabularySize: vocabularySize, trainingBytes: 1_000, trainingTokens: 500, compressionRatio: ratio,
      bitCompressionRatio: 1, uniformBitsPerByte: uniform, unigramBitsPerByte: unigram, vocabularyUse: 0.5,
      divergenceFromUniformBits: 1.25, isLossless: true, roundTrips: roundTripProblem == nil,
      roundTripProblem: roundTripProblem, flopsPerByte: m1BitsPerByte == nil ? 0 : 1.5e6, facts: facts,
      lines: lines)
    content.model = parameters.map {
      .init(
        dim: 128, heads: 2, layers: 2, headSize: 64, mlp: 512, nonEmbeddingParameters: $0, embeddingParameters: 32_896)
    }
    let scale = Double(size.prefix { $0.isNumber }) ?? 1  // a size of 3m costs three times one of 1m
    content.flops = .init(
      trainingAll: 1e12, trainingNonEmbedding: 8e11, perTokenAll: 1e6, perTokenNonEmbedding: 8e5,
      perByteAll: 1e6 * scale / ratio, perByteNonEmbedding: 8e5 * scale / ratio,
      tokenizerPerByte: m1BitsPerByte == nil ? 0 : 1.5e6, m1Counted: m1Counted)
    content.training = .init(
      steps: 100, batch: 4, sequenceLength: 256, optimizer: "adamw", schedule: "linear",
      learningRate: tuning?.learningRate ?? 5e-3, precision: "f32", shards: 2, tokens: 1_000_000,
      bytes: trainingBytes ?? 1e6 * ratio, epochs: 1, contextBytes: 256 * ratio,
      bytesPerParameter: 1.5,
      lossNats: lossNats.enumerated().map { .init(step: ($0 + 1) * 10, value: $1) },
      heldOutBitsPerByte: lossNats.enumerated().map { .init(step: ($0 + 1) * 10, value: $1 / ratio) },
      curveBytes: curveBytes)
    content.tuning = tuning
    content.scores = [score(RunRecord.Score.heldOut, nats)]
    content.scores += furtherTexts.sorted { $0.key < $1.key }.map { score($0.key, $0.value) }
    content.stages = [.init(kind: "model", key: "key-\(tokenizer)-\(size)-\(seed)", sha256: "hash")]
  }

  private func score(_ text: String, _ nats: [Double]) -> RunRecord.Score {
    let total = nats.reduce(0, +), size = bytes.reduce(0, +)
    return .init(
      text: text, sha256: text == RunRecord.Score.heldOut ? textSHA256 : text, bytes: size, tokens: size, nats: total,
      bitsPerByte: roundTripProblem == nil ? total / log(2) / Double(size) : nil, precision: "f32",
      exampleBytes: bytes, exampleNats: nats)
  }
}

/// Nats of `count` examples near `bitsPerByte` of 10,240 bytes each: hard examples are hard for all, and each has a little
/// of its own.
func nats(_ bitsPerByte: Double, count: Int, own seed: UInt64) -> [Double] {
  var shared = SeededGenerator(seed: 99), own = SeededGenerator(seed: seed)
  return (0..<count).map { _ in
    10_240 * log(2) * bitsPerByte * (0.9 + 0.2 * shared.uniform()) * (0.99 + 0.02 * own.uniform())
  }
}

/// A run as large as they come: the paper's tokenizers and two more, three sizes, and 71 examples.
func manyCells(sizes: [String] = ["1m", "3m", "10m"], seeds: UInt64 = 1) throws -> [RunRecord] {
  let tokenizers: [(name: String, ratio: Double, bits: Double, unigram: Double, m1: Bool)] = [
    ("Bytes", 1, 1.929, 4.633, false), ("SentencePiece[v=4k]", 2.88, 1.784, 2.996, false),
    ("AC[v=256]", 5.11, 1.565, 1.565, true), ("AC[v=65k]", 10.22, 1.57, 1.566, true),
    ("StaticAC[v=256]", 1.72, 4.647, 4.647, false), ("StaticAC[v=65k]", 3.44, 4.658, 4.648, false),
    ("EqualInfoAC[b=16,v=256]", 2.43, 2.645, 3.257, true), ("EqualInfoAC[b=16,v=65k]", 4.86, 2.952, 2.964, true),
    ("EqualInfoAC[b=12,v=4k]", 3.14, 2.065, 3.419, true), ("M1Dictionary[v=4k]", 3.18, 2.019, 3.264, true),
    ("GZip[v=256]", 2.61, 3.064, 3.064, false), ("GZip[v=65k]", 5.22, 3.071, 3.065, false),
  ]
  var records: [RunRecord] = []
  for (step, size) in sizes.enumerated() {
    for (index, one) in tokenizers.enumerated() {
      for seed in 1...seeds {
        var cell = Cell(tokenizer: one.name, size: size, seed: seed)
        let learned = one.bits < one.unigram * 0.99 ? pow(0.93, Double(step)) : 1
        let seedShift = 1 + 0.004 * Double(seed)
        cell.nats = nats(one.bits * learned * seedShift, count: 71, own: UInt64(index) * 100 + seed)
        cell.bytes = [Int](repeating: 10_240, count: 71)
        cell.ratio = one.ratio
        cell.unigram = one.unigram
        cell.m1BitsPerByte = one.m1 ? 1.565 : nil
        cell.facts = one.name.hasPrefix("Equal") ? ["bytesPerWindow": 4.86, "undecodableWindowShare": 0] : [:]
        cell.lossNats = (0..<20).map { one.bits * one.ratio * log(2) * (1 + 1 / Double($0 + 1)) * learned }
        cell.written = "2026-01-0\(step + 1)T00:00:\(10 + index).000Z"
        records.append(try cell.record())
      }
    }
  }
  return records
}

/// What one analysis gives for records of one protocol.
func artifacts(_ analysis: RecordAnalysis, of cells: [Cell], baseline: Baseline? = nil, superseded: [Cell] = []) throws
  -> [Artifact]
{
  let records = try cells.map { try $0.record() }
  let fields = cells.first?.fields ?? Cell().fields
  return analysis.run(
    AnalysisInput(
      records: records, superseded: try superseded.map { try $0.record() },
      protocol: ComparisonProtocol(fields: fields), baseline: baseline, command: "harness run x.yaml"))
}

extension [Artifact] {
  var tables: [Table] { compactMap { if case .table(let table) = $0 { table } else { nil } } }
  var figures: [Figure] { compactMap { if case .figure(let figure) = $0 { figure } else { nil } } }
  var sentences: [String] {
    flatMap { if case .findings(let findings) = $0 { findings.map(\.text.plain) } else { [String]() } }
  }
}

extension Table {
  /// The cell of a column in a row; nil for columns that the table lacks.
  func cell(_ key: String, row: Int) -> Cell? {
    columns.firstIndex { $0.key == key }.flatMap { rows.indices.contains(row) ? rows[row][$0] : nil }
  }
  func number(_ key: String, row: Int) -> Double? {
    if case .number(let value, _, _)? = cell(key, row: row) { value } else { nil }
  }
  func text(_ key: String, row: Int) -> String? {
    if case .text(let value)? = cell(key, row: row) { value } else { nil }
  }
  func marks(_ key: String, row: Int) -> [Mark] {
    if case .number(_, _, let marks)? = cell(key, row: row) { marks } else { [] }
  }
}

/// A folder that is gone after the body.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("analysis-\(UUID().uuidString)").path
  try makeFolder(folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// The repository's baseline, by the paper's own names.
func paperBaseline() throws -> Baseline {
  var path = #filePath
  for _ in 0..<3 { path = parentFolder(path) }
  return try Baseline(file: path + "/baselines/paper.json", canonicalName: { $0 })
}

import Foundation
import Metrics
import Records
import Support

@testable import Analysis

/// The paper's figures by the names that the program gives its tokenizers.
func canonicalBaseline() throws -> Baseline {
  var path = #filePath
  for _ in 0..<4 { path = parentFolder(path) }
  return try Baseline(file: path + "/baselines/paper.json") { name in
    // What the registry would do: parameters in the order b, v, end, reset.
    name.replacing(",reset=2,end=greedy]", with: ",end=greedy,reset=2]")
      .replacing(",reset=never,end=greedy]", with: ",end=greedy,reset=never]")
  }
}

/// Examples of a sample and of a cell: 40 of 10,240 bytes.
let exampleCount = 40

/// A tokenizer's sample of about so many bytes a token, examples hard for all alike.
func sample(
  _ tokenizer: String, ratio: Double, vocabulary: Int = 256, unigramShare: Double = 1, exampleSize: Int = 10_240,
  facts: [String: Double] = [:]
) -> TokenSample {
  var generator = SeededGenerator(seed: 7)
  let tokens = (0..<exampleCount).map { _ in Int(10_240 / ratio * (0.98 + 0.04 * generator.uniform())) }
  return TokenSample(
    tokenizer: tokenizer, exampleSize: exampleSize, vocabularySize: vocabulary, roundTripProblem: nil,
    bytes: [Int](repeating: 10_240, count: exampleCount), tokens: tokens,
    unigramBits: tokens.map { Double($0) * log2(Double(vocabulary)) * unigramShare }, facts: facts)
}

/// A cell of about so many bits/byte over the same examples.
func cell(
  _ tokenizer: String, _ bits: Double, size: String = "1m", seed: UInt64 = 1, ratio: Double = 2,
  unigram: Double? = nil, change: (inout Cell) -> Void = { _ in }
) throws -> RunRecord {
  var one = Cell(tokenizer: tokenizer, size: size, seed: seed)
  one.nats = nats(bits, count: exampleCount, own: UInt64(tokenizer.utf8.reduce(0) { $0 + Int($1) }) + seed)
  one.bytes = [Int](repeating: 10_240, count: exampleCount)
  one.ratio = ratio
  one.unigram = unigram ?? bits * 2
  change(&one)
  return try one.record()
}

/// A part's answer to records by table, and to measurements; beside the paper's figures unless others are given.
func answer(
  _ part: PaperPart, tables: [String: [RunRecord]] = [:], baseline: Baseline? = nil,
  _ measure: (inout PaperMeasurements) -> Void = { _ in }
) throws -> PaperAnswer {
  var measurements = PaperMeasurements()
  measure(&measurements)
  let baseline = try baseline ?? canonicalBaseline()
  return part.run(
    PaperInput(
      scale: .small, baseline: baseline,
      tables: tables.mapValues {
        AnalysisInput(records: $0, protocol: ComparisonProtocol(fields: Cell().fields), baseline: baseline)
      },
      measurements: measurements))
}

extension PaperAnswer {
  func verdict(_ prefix: String) -> Claim.Verdict? { claims.first { $0.statement.hasPrefix(prefix) }?.verdict }
  func numbers(_ prefix: String) -> String? { claims.first { $0.statement.hasPrefix(prefix) }?.numbers }
}

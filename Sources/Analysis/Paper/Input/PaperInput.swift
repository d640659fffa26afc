import Foundation
import Metrics
import Records
import Support

/// What a part's analysis reads.
public struct PaperInput: Sendable {
  public let scale: PaperScale
  /// The paper's figures.
  public let baseline: Baseline
  /// By the names of the part's tables; those without a record yet too. Of their groups it is known what M2 gained where
  /// their tokens were sampled.
  public let tables: [String: AnalysisInput]
  public let measurements: PaperMeasurements
  /// What another seed changes, from the tables of all parts.
  public let seeds: SeedSpread

  /// - Parameter samples: those of other parts.
  public init(
    scale: PaperScale, baseline: Baseline, tables: [String: AnalysisInput] = [:],
    measurements: PaperMeasurements = PaperMeasurements(), samples: [TokenSample] = [],
    seeds: SeedSpread = SeedSpread()
  ) {
    self.scale = scale
    self.baseline = baseline
    let known = Dictionary(
      (measurements.samples + samples).filter { $0.exampleSize == scale.exampleBytes }.map { ($0.tokenizer, $0) },
      uniquingKeysWith: { first, _ in first })
    self.tables = tables.mapValues { table in
      table.judged { group in
        // Codes of another M1 have other tokens.
        group.m1.map { $0.steps == scale.m1.steps } ?? true
          ? known[group.tokenizer].flatMap { gain(of: group, over: $0) } : nil
      }
    }
    self.measurements = measurements
    self.seeds = seeds
  }

  /// A cell of a table.
  func cell(_ table: String, _ tokenizer: String, _ size: String? = nil) -> CellGroup? {
    tables[table]?.groups.first { $0.tokenizer == tokenizer && $0.size == size ?? scale.largest }
  }

  func sample(_ tokenizer: String, exampleSize: Int? = nil) -> TokenSample? {
    measurements.samples.first { $0.tokenizer == tokenizer && $0.exampleSize == exampleSize ?? scale.exampleBytes }
  }
}

/// What M2 saves of the bits of the best trivial model: uniform, frequencies of the tokens that it was trained on, or those of
/// the first 2 MiB of training text, which are surer where it was trained on few. 0 where it learned nothing; nil where these
/// were not measured on the very examples that M2 was scored on.
private func gain(of group: CellGroup, over sample: TokenSample) -> BootstrapEstimate? {
  var trivial = [sample.uniformScores, sample.unigramScores]
  // What all examples cost by M2's own training tokens is in its record; how that is shared among them is not, and taken
  // from the sample's frequencies.
  if let own = group.tokenization?.unigramBitsPerByte, let sampled = sample.unigramScores?.bitsPerByte, sampled > 0 {
    trivial.append(
      ExampleScores(nats: sample.unigramBits.map { $0 * natsPerBit * own / sampled }, bytes: sample.bytes))
  }
  guard let best = trivial.compactMap(\.self).min(by: { $0.bitsPerByte < $1.bitsPerByte }),
    let own = group.heldOut.flatMap({ ExampleScores.mean($0.scores) })
  else { return nil }
  var resampling = Resampling()
  return resampling.saving(own, of: best)
}

extension Resampling {
  /// What a model saves of another's bits, as a share of these; nil for other examples.
  mutating func saving(_ model: ExampleScores, of base: ExampleScores) -> BootstrapEstimate? {
    guard model.bytes == base.bytes, base.bitsPerByte > 0, let model = estimate(model), let base = estimate(base) else {
      return nil
    }
    return .combined(model, base) { ($1 - $0) / $1 }
  }
}

extension TokenSample {
  /// Bytes/token of the whole text.
  var ratio: Double? { compressionRatio(bytes: bytes.reduce(0, +), tokens: tokens.reduce(0, +)) }
  var bitRatio: Double? {
    bitCompressionRatio(bytes: bytes.reduce(0, +), tokens: tokens.reduce(0, +), vocabularySize: vocabularySize)
  }
  /// Tokens/byte, as scores of which a token is a bit.
  var rate: ExampleScores? { ExampleScores(nats: tokens.map { Double($0) * natsPerBit }, bytes: bytes) }
  /// Every token as likely as any other.
  var uniformScores: ExampleScores? {
    ExampleScores(nats: tokens.map { Double($0) * exactLog(Double(vocabularySize)) }, bytes: bytes)
  }
  var unigramScores: ExampleScores? { ExampleScores(nats: unigramBits.map { $0 * natsPerBit }, bytes: bytes) }
}

/// The share of hits among counts, by examples.
struct ShareEstimate {
  let value: Double
  let estimate: BootstrapEstimate?
  /// Of counts of one each, all hit or none, that of the binomial: resamples do not vary.
  let interval: Interval?

  /// nil without counts.
  init?(hits: [Int], of counts: [Int], _ resampling: inout Resampling) {
    guard let scores = ExampleScores(nats: hits.map { Double($0) * natsPerBit }, bytes: counts) else { return nil }
    value = scores.bitsPerByte
    estimate = resampling.estimate(scores)
    let all = hits.reduce(0, +)
    if counts.allSatisfy({ $0 == 1 }), all == 0 || all == counts.count {
      let reach = 1 - pow(0.025, 1 / Double(counts.count))
      interval = Interval(lower: all == 0 ? 0 : 1 - reach, upper: all == 0 ? reach : 1)
    } else {
      interval = estimate?.interval()
    }
  }
}

import Metrics
import Records
import Support

/// What a part's analysis reads.
public struct PaperInput: Sendable {
  public let scale: PaperScale
  /// The paper's figures.
  public let baseline: Baseline
  /// By the names of the part's tables; those without a record yet too.
  public let tables: [String: AnalysisInput]
  public let measurements: PaperMeasurements

  public init(
    scale: PaperScale, baseline: Baseline, tables: [String: AnalysisInput] = [:],
    measurements: PaperMeasurements = PaperMeasurements()
  ) {
    self.scale = scale
    self.baseline = baseline
    self.tables = tables
    self.measurements = measurements
  }

  /// A cell of a table.
  func cell(_ table: String, _ tokenizer: String, _ size: String? = nil) -> CellGroup? {
    tables[table]?.groups.first { $0.tokenizer == tokenizer && $0.size == size ?? scale.largest }
  }

  func sample(_ tokenizer: String, exampleSize: Int? = nil) -> TokenSample? {
    measurements.samples.first { $0.tokenizer == tokenizer && $0.exampleSize == exampleSize ?? scale.exampleBytes }
  }

  /// How far M2 is below the better of the trivial models, as a share of these: 0 where it learned nothing. Paired over
  /// examples; nil where the trivial models were not measured on the very examples that M2 was scored on.
  func gain(_ group: CellGroup?) -> Gain? {
    guard let group, let sample = sample(group.tokenizer),
      let trivial = [sample.uniformScores, sample.unigramScores].compactMap(\.self).min(by: {
        $0.bitsPerByte < $1.bitsPerByte
      }), let own = group.heldOut.flatMap({ ExampleScores.mean($0.scores) }), own.bytes == trivial.bytes
    else { return nil }
    var resampling = Resampling()
    guard let model = resampling.estimate(own), let base = resampling.estimate(trivial) else { return nil }
    let difference = (base - model).interval(), whole = trivial.bitsPerByte
    return Gain(
      value: (whole - own.bitsPerByte) / whole,
      interval: Interval(lower: difference.lower / whole, upper: difference.upper / whole), trivial: whole)
  }

  struct Gain {
    let value: Double
    let interval: Interval
    /// Bits/byte of the better trivial model.
    let trivial: Double
  }

  /// That M2 learns nothing from a code: it gains less than 1% on the better trivial model.
  func nothingLearned(_ statement: String, _ groups: [CellGroup?]) -> Claim {
    .all(
      statement,
      groups.compactMap(\.self).map { group in
        guard let gain = gain(group) else { return Claim(statement, .cannotTell, "\(group.label) not measured") }
        let verdict: Claim.Verdict =
          gain.interval.upper < 0.01 ? .seen : gain.interval.lower > 0.01 ? .notSeen : .cannotTell
        return Claim(
          statement, verdict,
          String(
            format: "%@ gains %.2f%% [%.2f, %.2f]", group.label, 100 * gain.value, 100 * gain.interval.lower,
            100 * gain.interval.upper))
      })
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
  var interval: Interval? { estimate?.interval() }

  /// nil without counts.
  init?(hits: [Int], of counts: [Int], _ resampling: inout Resampling) {
    guard let scores = ExampleScores(nats: hits.map { Double($0) * natsPerBit }, bytes: counts) else { return nil }
    value = scores.bitsPerByte
    estimate = resampling.estimate(scores)
  }
}

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
  /// What another seed changes, from the tables of all parts.
  public let seeds: SeedSpread

  public init(
    scale: PaperScale, baseline: Baseline, tables: [String: AnalysisInput] = [:],
    measurements: PaperMeasurements = PaperMeasurements(), seeds: SeedSpread = SeedSpread()
  ) {
    self.scale = scale
    self.baseline = baseline
    self.tables = tables
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

  /// What M2 saves of the bits of the better trivial model: 0 where it learned nothing. nil where the trivial models were
  /// not measured on the very examples that M2 was scored on.
  func gain(_ group: CellGroup?) -> BootstrapEstimate? {
    guard let group, let sample = sample(group.tokenizer),
      let trivial = [sample.uniformScores, sample.unigramScores].compactMap(\.self).min(by: {
        $0.bitsPerByte < $1.bitsPerByte
      }), let own = group.heldOut.flatMap({ ExampleScores.mean($0.scores) })
    else { return nil }
    var resampling = Resampling()
    return resampling.saving(own, of: trivial)
  }

  /// That M2 learns nothing from a code: it gains less than 1% on the better trivial model.
  func nothingLearned(_ statement: String, _ groups: [CellGroup?]) -> Claim {
    .all(
      statement,
      groups.map { group in
        guard let group else { return Claim(statement, .cannotTell, "not run") }
        guard let gain = gain(group) else { return Claim(statement, .cannotTell, "\(group.label) not measured") }
        return .below(statement, gain, 0.01) { "\(group.label) gains \($0)" }
      })
  }
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

extension Claim {
  /// That a share lies below a limit.
  /// - Parameter numbers: how it is said, from the share and its interval in percent.
  static func below(
    _ statement: String, _ share: BootstrapEstimate, _ limit: Double, _ numbers: (String) -> String
  ) -> Claim {
    let interval = share.interval()
    let verdict: Claim.Verdict = interval.upper < limit ? .seen : interval.lower > limit ? .notSeen : .cannotTell
    return Claim(
      statement, verdict,
      numbers(
        String(format: "%.2f%% [%.2f, %.2f]", 100 * share.value, 100 * interval.lower, 100 * interval.upper)))
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

import Metrics
import Records
import Support

/// Bits/byte of one text by all seeds of a cell, with what is known of its uncertainty.
public struct ScoreEstimate: Sendable {
  /// The mean over seeds.
  public let bitsPerByte: Double
  public let seeds: Summary
  /// SHA-256 of the scored bytes; nil where the seeds scored different ones.
  public let textSHA256: String?
  /// One a seed; empty where records hold no nats by example, or other examples by seed.
  public let scores: [ExampleScores]
  /// Over examples alone, the trained models as they are; nil for fewer than two examples.
  public let overExamples: BootstrapEstimate?
  /// Over seeds and examples; nil for one seed.
  public let overSeedsAndExamples: BootstrapEstimate?

  /// The 95% interval with all variation that there is: over seeds and examples, or over examples for one seed.
  public let interval: Interval?
  public var variation: DifferenceTest.Variation? {
    interval == nil ? nil : overSeedsAndExamples == nil ? .examples : .seedsAndExamples
  }

  /// b - a: the paired 95% interval of the difference and the test of it. nil unless both scored the same bytes in the
  /// same examples.
  public static func difference(_ b: ScoreEstimate, minus a: ScoreEstimate) -> PairedDifference? {
    guard arePaired(a, b) else { return nil }
    let test = DifferenceTest(b.scores, a.scores)
    // With several seeds that of the test, which knows how few they are; else the bootstrap's over examples.
    let interval: Interval?
    if let test, test.variation == .seedsAndExamples {
      interval = test.interval()
    } else {
      interval = a.overExamples.flatMap { x in b.overExamples.map { ($0 - x).interval() } }
    }
    return PairedDifference(bitsPerByte: b.bitsPerByte - a.bitsPerByte, interval: interval, test: test)
  }

  /// The test of the difference alone; nil as ``difference(_:minus:)`` is, and for too few examples.
  static func test(_ b: ScoreEstimate, against a: ScoreEstimate) -> DifferenceTest? {
    arePaired(a, b) ? DifferenceTest(b.scores, a.scores) : nil
  }

  private static func arePaired(_ a: ScoreEstimate, _ b: ScoreEstimate) -> Bool {
    guard let text = a.textSHA256, let first = a.scores.first, let other = b.scores.first else { return false }
    return text == b.textSHA256 && first.bytes == other.bytes
  }
}

/// How far two models are apart on the same examples.
public struct PairedDifference: Sendable {
  public let bitsPerByte: Double
  /// 95%, of the same variation as the test's.
  public let interval: Interval?
  public let test: DifferenceTest?
  /// Whether the test finds no difference at 0.05; nil without a test.
  public var isTie: Bool? { test.map { $0.pValue >= 0.05 } }
}

/// The bootstrap's draws: one set for each number of examples, the same in every report, so that a number does not depend
/// on which other cells are shown.
struct Resampling {
  private var byCount: [Int: ExampleResamples] = [:]

  /// - Parameter name: of what is estimated: seeds are drawn by a stream of its own.
  /// - Returns: nil where no seed has bits/byte.
  mutating func estimate(_ scores: [RunRecord.Score], of name: String) -> ScoreEstimate? {
    let scored = scores.filter { $0.bitsPerByte != nil }
    guard let seeds = Summary(scored.compactMap(\.bitsPerByte)) else { return nil }
    var examples = scored.compactMap { ExampleScores(nats: $0.exampleNats, bytes: $0.exampleBytes) }
    let mean = ExampleScores.mean(examples)
    if examples.count != scored.count || mean == nil { examples = [] }
    var overExamples: BootstrapEstimate?, overBoth: BootstrapEstimate?
    if let mean, !examples.isEmpty, let resamples = resamples(mean.bytes.count) {
      overExamples = resamples.bitsPerByte(mean)
      if examples.count > 1 {
        var generator = SeededGenerator(seed: 1, purpose: "bootstrap seeds of \(name)")
        overBoth = resamples.bitsPerByte(seeds: examples, using: &generator)
      }
    }
    let texts = Set(scored.map(\.sha256))
    return ScoreEstimate(
      bitsPerByte: seeds.mean, seeds: seeds, textSHA256: texts.count == 1 ? texts.first : nil, scores: examples,
      overExamples: overExamples, overSeedsAndExamples: overBoth, interval: (overBoth ?? overExamples)?.interval())
  }

  /// Of one model over examples; nil for fewer than two of them.
  mutating func estimate(_ scores: ExampleScores) -> BootstrapEstimate? {
    resamples(scores.bytes.count)?.bitsPerByte(scores)
  }

  private mutating func resamples(_ examples: Int) -> ExampleResamples? {
    if let known = byCount[examples] { return known }
    var generator = SeededGenerator(seed: 1, purpose: "bootstrap examples")
    let made = ExampleResamples(examples: examples, using: &generator)
    byCount[examples] = made
    return made
  }
}

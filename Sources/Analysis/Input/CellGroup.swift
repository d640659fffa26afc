import Metrics
import Records
import Support

/// All seeds of one tokenizer at one M2 size: a row of most tables.
public struct CellGroup: Sendable {
  public let tokenizer: String
  public let size: String
  /// By seed; failed cells too. At least one.
  public let records: [RunRecord]
  /// Held-out bits/byte over all seeds; nil without a score.
  public let heldOut: ScoreEstimate?
  /// What M2 saves of the best trivial model's bits, as a share of these, example by example; nil where the trivial
  /// models were not scored by example.
  var gain: BootstrapEstimate?
  /// Less is nothing learned.
  static let leastGain = 0.01

  /// A finished record where there is one: for what does not depend on the seed.
  public var representative: RunRecord { records.first(where: \.isFinished) ?? records[0] }
  public var tokenization: RunRecord.Tokenization? { representative.tokenization }
  public var m1: RunRecord.M1? { representative.m1 }

  /// Why there is no bits/byte; nil where there is one, and where a seed is merely missing.
  public var problem: String? {
    if let error = records.lazy.compactMap(\.error).first { return error }
    guard heldOut == nil else { return nil }
    return tokenization?.roundTripProblem ?? representative.notAffordable ?? "no score of the held-out text"
  }

  /// Bits/byte of the better of the two models that know nothing of order: uniform, and training token frequencies.
  public var trivialBitsPerByte: Double? {
    [tokenization?.uniformBitsPerByte, tokenization?.unigramBitsPerByte].compactMap { $0 }.min()
  }

  /// Whether M2 gains more than ``leastGain`` on trivial models, by the interval of the gain; where the gain is not known,
  /// whether it is better than both by more than its own interval, and without one, by more than 1%. nil without numbers to
  /// tell by.
  public var isLearned: Bool? {
    if let gain { return gain.interval().lower > Self.leastGain }
    guard let heldOut, let trivial = trivialBitsPerByte else { return nil }
    return (heldOut.interval?.upper ?? heldOut.bitsPerByte * 1.01) < trivial
  }

  /// Whether its bits/byte are of a code that does not give the text back: the experiment asked for them all the same.
  public var isLossy: Bool { heldOut != nil && tokenization?.roundTrips == false }

  /// Groups records by tokenizer and size, in order of first appearance.
  static func group(_ records: [RunRecord], resampling: inout Resampling) -> [CellGroup] {
    let byCell = Dictionary(grouping: records) { Cell(tokenizer: $0.tokenizer, size: $0.size) }
    return unique(records.map { Cell(tokenizer: $0.tokenizer, size: $0.size) }).compactMap { cell in
      guard let seeds = byCell[cell]?.sorted(by: { $0.seed < $1.seed }) else { return nil }
      return CellGroup(
        tokenizer: cell.tokenizer, size: cell.size, records: seeds,
        heldOut: resampling.estimate(seeds.compactMap(\.heldOut), of: "\(cell.size) \(cell.tokenizer)"))
    }
  }

  private struct Cell: Hashable {
    let tokenizer, size: String
  }
}

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
  /// What M2 saves of the better trivial model's bits, as a share of these, example by example; nil where the trivial
  /// models were not scored by example.
  var gain: BootstrapEstimate?

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

  /// Whether M2 is better than both trivial models by more than the interval of what it gains on them, or where that is not
  /// known, by more than its own; nil without numbers to tell by. Without an interval, by more than 1%.
  public var isLearned: Bool? {
    if let gain { return gain.interval().lower > 0 }
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

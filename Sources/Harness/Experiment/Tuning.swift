/// How the learning rate of every cell is found, and the vocabulary where a tokenizer leaves it open: short training
/// runs, scored on text of the training split that no model of the cell is trained on.
public struct Tuning: Sendable, Codable, Hashable {
  /// The seed of every trial, whatever the cell's: cells that differ in their seed alone share their trials.
  public static let seed: UInt64 = 0

  /// Learning rates to try: ascending, distinct, at least ``fewestRates``; or one, where only vocabularies are
  /// searched.
  public var rates: [Double]
  /// The share of the cell's steps that a trial gets, in (0, 1].
  public var budgetShare = 0.25
  /// At least so many bytes are scored: the last examples of the training split in its seeded order.
  public var textBytes = 200_000

  /// A parabola takes three.
  public static let fewestRates = 3

  public init(rates: [Double]) { self.rates = rates.sorted() }

  /// What a table's cells share: "tuned over 0.001, 0.002, 0.004 at 0.25 of the budget on 200000 bytes". nil where the
  /// rate is given: a search for vocabularies alone is a tokenizer's own affair.
  var protocolText: String? {
    guard rates.count > 1 else { return nil }
    let list = rates.map { "\($0)" }.joined(separator: ", ")
    return "tuned over \(list) at \(budgetShare) of the budget on \(textBytes) bytes"
  }
}

/// How the learning rate of every cell is found, and the vocabulary where a tokenizer leaves it open: short training
/// runs, scored on text of the training split that no M2 of the experiment is trained on.
///
/// All cells of a table have it, or none: where one searches nothing, the text is set aside from its training too, so
/// that all train on the same text.
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

  /// What a table's cells share of it: the terms of a trial, and in place of a rate those to try.
  var protocolFields: [String: String] {
    var fields = ["m2.search": "\(budgetShare) of the budget, on \(textBytes) bytes of training text set aside"]
    if rates.count > 1 {
      fields["m2.learningRate"] = "tuned over " + rates.map { "\($0)" }.joined(separator: ", ")
    }
    return fields
  }
}

import Foundation
import Metrics
import Records
import Support

/// Protocols that differ in their budget alone: a tokenizer's best size at each budget is a point of its curve.
struct Ladder: Sendable {
  /// Training FLOPs, ascending; at least three.
  let budgets: [Double]
  /// In the report's order.
  let tokenizers: [String]
  /// By tokenizer, then budget; those without a score are left out.
  let optima: [Optimum]

  /// One tokenizer at one budget.
  struct Optimum: Sendable {
    let tokenizer: String
    let budget: Double
    /// Those with a score, by parameters outside the embedding.
    let cells: [CellGroup]
    /// The cell with the lowest bits/byte, and its place among the cells.
    let place: Int
    let bitsPerByte: Double
    /// Through the best size and up to two on each side of it, in log parameters; nil without one on each side.
    ///
    /// Only through what is within ``valley`` of the best: a size that hardly trained, or diverged, says nothing of the
    /// valley, and a parabola through it would reach far below what was measured. Through three sizes evenly apart it
    /// reaches down by an eighth of ``valley`` at most.
    let parabola: QuadraticFit?

    static let valley = 0.1

    var best: CellGroup { cells[place] }
    var estimate: ScoreEstimate? { best.heldOut }
    /// Also where no trivial model is known to compare with.
    var isLearned: Bool { best.isLearned != false }
    /// Whether of several sizes the smallest or the largest is the best: a better one may lie beyond, and the loss is
    /// an upper limit.
    var isAtEnd: Bool { cells.count > 1 && (place == 0 || place == cells.count - 1) }
    /// The parabola's minimum, where it lies between the sizes it goes through.
    var minimum: (parameters: Double, bitsPerByte: Double)? {
      guard let parabola, parabola.isMinimumInside, let minimum = parabola.minimum else { return nil }
      return (exp(minimum.x), minimum.y)
    }
    /// Bits/byte at the best size there is: between those that were tried where a parabola tells, else of the best of
    /// them.
    var loss: Double { minimum?.bitsPerByte ?? bitsPerByte }
    /// What the fits take: not where M2 learned nothing, for there no power law begins yet.
    var point: ComputePoint? {
      guard isLearned, let seeds = estimate?.seeds else { return nil }
      return ComputePoint(
        compute: budget, loss: loss,
        deviation: seeds.standardDeviation.map { $0 / Double(seeds.count).squareRoot() / bitsPerByte })
    }
  }

  /// Every ladder among some protocols: at least three budgets of FLOPs with a score.
  static func all(_ inputs: [AnalysisInput]) -> [Ladder] {
    func shared(_ input: AnalysisInput) -> [String: String] {
      input.protocol.fields.filter { $0.key != budgetField }
    }
    let candidates = inputs.filter { ($0.protocol.fields["match.by"] ?? "flops") == "flops" && $0.budget != nil }
    return unique(candidates.map(shared)).compactMap { fields in
      Ladder(candidates.filter { shared($0) == fields })
    }
  }

  static let budgetField = "match.budget"

  private init?(_ inputs: [AnalysisInput]) {
    let rungs = inputs.compactMap { input in input.budget.map { (budget: $0, input: input) } }
      .sorted { $0.budget < $1.budget }
    tokenizers = unique(inputs.flatMap { $0.groups.map(\.tokenizer) })
    optima = tokenizers.flatMap { tokenizer in
      rungs.compactMap { rung in
        Optimum(
          tokenizer: tokenizer, budget: rung.budget,
          cells: rung.input.groups.filter { $0.tokenizer == tokenizer && $0.heldOut != nil })
      }
    }
    budgets = unique(optima.map(\.budget)).sorted()
    if budgets.count < 3 { return nil }
  }

  /// Whether several sizes were tried anywhere: otherwise no best size was looked for.
  var isOverSizes: Bool { optima.contains { $0.cells.count > 1 } }

  func optima(of tokenizer: String) -> [Optimum] { optima.filter { $0.tokenizer == tokenizer } }
  func optima(at budget: Double) -> [Optimum] { optima.filter { $0.budget == budget } }
}

extension Ladder.Optimum {
  /// nil without cells.
  fileprivate init?(tokenizer: String, budget: Double, cells: [CellGroup]) {
    let cells = cells.sorted { ($0.parameters ?? 0) < ($1.parameters ?? 0) }
    let scores = cells.compactMap { $0.heldOut?.bitsPerByte }
    guard let lowest = scores.min(), let place = scores.firstIndex(of: lowest) else { return nil }
    self.tokenizer = tokenizer
    self.budget = budget
    self.cells = cells
    self.place = place
    bitsPerByte = lowest
    func isNear(_ score: Double) -> Bool { score <= lowest * (1 + Self.valley) }
    let smaller = scores[..<place].reversed().prefix(2).prefix(while: isNear).count
    let larger = scores[(place + 1)...].prefix(2).prefix(while: isNear).count
    parabola =
      smaller == 0 || larger == 0
      ? nil
      : QuadraticFit(
        (place - smaller...place + larger).compactMap { index in
          cells[index].parameters.map { (x: log($0), y: scores[index]) }
        })
  }
}

extension AnalysisInput {
  fileprivate var budget: Double? {
    `protocol`.fields[Ladder.budgetField].flatMap(Double.init).flatMap { $0 > 0 ? $0 : nil }
  }
}

extension CellGroup {
  /// Weights outside the embedding.
  var parameters: Double? { representative.model.map { Double($0.nonEmbeddingParameters) } }
}

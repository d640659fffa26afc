import Support
import Transformer

/// What a cell's training budget is counted in.
public enum MatchBy: String, Sendable, CaseIterable, Codable { case flops, tokens, bytes, steps }

/// The budget that every cell of an experiment gets.
public struct Match: Sendable, Codable, Hashable {
  public var by = MatchBy.flops
  /// Training FLOPs, tokens, bytes or steps of each cell.
  public var budget = 1e12
  /// How FLOPs are counted.
  public var flops = FLOPsConvention.all
  /// What of M1's training the budget pays for; nil for nothing.
  public var m1: M1Account?

  public init() {}

  /// "8.00 T FLOPs", for progress and plans.
  public var title: String { "\(short(budget)) \(by == .flops ? "FLOPs" : by.rawValue)" }

  /// Steps that the budget buys; nil where bytes per token must be measured first.
  /// - Throws: ``HarnessError/cell(_:)`` for more steps than can be counted.
  public func steps(shape: ModelShape, training: TrainingOptions, bytesPerToken: Double?) throws -> Int? {
    let perStep = Double(training.tokensPerStep)
    let steps: Double
    switch by {
    case .flops:
      steps = budget / (perStep * flops.trainingPerToken(shape, sequenceLength: training.sequenceLength))
    case .tokens: steps = budget / perStep
    case .bytes:
      guard let bytesPerToken else { return nil }
      steps = budget / (perStep * bytesPerToken)
    case .steps: steps = budget
    }
    guard steps * perStep < 0x1p53 else {
      throw HarnessError.cell("a budget of \(budget) \(by.rawValue) is more training than can be counted; lower it")
    }
    return Int(steps)
  }
}

extension TrainingOptions {
  /// Tokens of one training step.
  public var tokensPerStep: Int { batch * sequenceLength }

  /// Training FLOPs of so many steps, everything counted.
  func trainingFLOPs(_ shape: ModelShape, steps: Int) -> Double {
    Double(steps) * Double(tokensPerStep)
      * FLOPsConvention.all.trainingPerToken(shape, sequenceLength: sequenceLength)
  }
}

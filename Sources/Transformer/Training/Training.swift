/// What happened while a model was trained.
public struct TrainingLog: Codable, Sendable, Hashable {
  public struct Point: Codable, Sendable, Hashable {
    /// Steps done.
    public var step: Int
    public var value: Double

    public init(step: Int, value: Double) {
      self.step = step
      self.value = value
    }
  }
  /// Mean nats per token since the point before. At most 200, at steps that the number of steps alone decides.
  public var lossNats: [Point] = []
  /// What the steps took, over all parts of a run that was interrupted. Steps that a kill undid do not count.
  public var seconds = 0.0
  /// Steps from which the run went on after an interruption.
  public var resumedAt: [Int] = []

  public init() {}
}

/// Where a training run is, after each step. Rates are means since this process began.
public struct TrainingProgress: Sendable {
  /// Steps done, of all.
  public var step, steps: Int
  /// Mean nats per token of this step's batch, before its update.
  public var lossNats: Double
  public var tokensPerSecond: Double
  /// Training FLOPs, all counted (``FLOPsConvention/all``).
  public var flopsPerSecond: Double
  public var secondsLeft: Double
}

/// A log while it is written: the points, and the losses since the last of them.
struct LossLog: Codable {
  private(set) var steps: Int
  var log = TrainingLog()
  private var sum = 0.0
  private var count = 0

  init(steps: Int) { self.steps = steps }

  /// - Parameter step: steps done.
  mutating func add(_ lossNats: Double, step: Int, seconds: Double) {
    sum += lossNats
    count += 1
    log.seconds += seconds
    guard step % max(1, (steps + 199) / 200) == 0 || step == steps else { return }
    log.lossNats.append(.init(step: step, value: sum / Double(count)))
    (sum, count) = (0, 0)
  }
}

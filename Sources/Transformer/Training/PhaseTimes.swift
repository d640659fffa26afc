#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a training step's time goes into.
public enum Phase: Int, Sendable, CaseIterable, Codable {
  /// The products before and after attention.
  case projections
  /// Scores, softmax and weighted values, forward and backward.
  case attention
  /// Both products of the MLP, with ReLU.
  case mlp
  /// Logits, loss and their gradients.
  case head
  /// Gathering gradients and updating weights.
  case optimizer
  /// Norms, embeddings, residual sums.
  case rest

  public var name: String { "\(self)" }
}

/// Seconds of each ``Phase`` on one thread.
struct PhaseTimes {
  private(set) var seconds = [Double](repeating: 0, count: Phase.allCases.count)
  private var last = 0.0

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
  mutating func start() { last = Self.now() }
  /// The time since the last call belongs to `phase`.
  mutating func end(_ phase: Phase) {
    let now = Self.now()
    seconds[phase.rawValue] += now - last
    last = now
  }
}

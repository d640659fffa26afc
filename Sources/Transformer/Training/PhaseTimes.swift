import Support

/// What a training step's time goes into.
package enum Phase: Int, Sendable, CaseIterable, Codable {
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

  package var name: String { "\(self)" }
}

/// Seconds of each ``Phase`` on one thread.
struct PhaseTimes {
  private(set) var seconds = [Double](repeating: 0, count: Phase.allCases.count)
  private var last = ContinuousClock.now

  mutating func start() { last = .now }
  /// The time since the last call belongs to `phase`.
  mutating func end(_ phase: Phase) {
    let now = ContinuousClock.now
    seconds[phase.rawValue] += (now - last).inSeconds
    last = now
  }
}

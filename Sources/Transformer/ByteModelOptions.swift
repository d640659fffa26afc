/// How M1 is trained.
public struct ByteModelOptions: Sendable, Hashable, Codable {
  public var size = "3m"
  public var steps = 2000
  /// Of initial weights and of where training contexts begin.
  public var seed: UInt64 = 0
  /// `training.sequenceLength` is M1's context: positions, BOS included.
  public var training = TrainingOptions()
  public init() {
    training.batch = 8
    training.sequenceLength = 1024
  }

  /// Trains on contexts that restart as EqualInfoAC's windows do: as many positions as the window has bits (a byte
  /// takes about two of them, so nearly every window fits), and as many tokens a step as before. Windows longer than the
  /// present context leave all as it is.
  public mutating func restartAsWindows(bits: Int) {
    guard bits < training.sequenceLength else { return }
    let tokens = training.batch * training.sequenceLength
    training.sequenceLength = max(16, bits)
    training.batch = max(1, tokens / training.sequenceLength)
  }
}

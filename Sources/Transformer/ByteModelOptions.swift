/// How M1 is trained.
public struct ByteModelOptions: Sendable, Hashable, Codable {
  public var size = "3m"
  public var steps = 2000
  /// `training.sequenceLength` is M1's context: positions, BOS included.
  public var training = TrainingOptions()
  public init() {
    training.batch = 8
    training.sequenceLength = 1024
  }
}

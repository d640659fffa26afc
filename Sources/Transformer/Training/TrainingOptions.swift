/// Everything that decides how a model is trained, the data aside.
public struct TrainingOptions: Sendable, Hashable, Codable {
  public var batch = 16
  /// Tokens of a sequence; the model also sees BOS before them.
  public var sequenceLength = 512
  public var optimizer = OptimizerKind.adamw
  public var schedule = Schedule.linear
  public var learningRate = 3e-3
  /// The learning rate of the embedding, which is also the head, over that of all else. A token's row is moved only when
  /// the token occurs: with one rate for all, the rows of a large vocabulary crawl.
  public var embeddingRate = 1.0
  public var warmup = 100
  public var weightDecay = 0.01
  public var zLoss = 1e-4
  /// Gradients are scaled down to this norm; 0 for never.
  public var clip = 1.0
  /// Fixed parts of a batch, each run by one thread; results depend on this number but not on the thread count.
  public var shards = 2
  public var precision = Precision.f32
  public init() {}
}

/// Where training sequences come from.
public protocol SequenceSource: Sendable {
  /// Tokens of sequence `index` of the endless training order: `out` has the sequence length.
  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>)
}

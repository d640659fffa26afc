/// Everything that decides how a model is trained, the data aside.
public struct TrainingOptions: Sendable, Hashable, Codable {
  public var batch = 16
  /// Tokens of a sequence; the model also sees BOS before them.
  public var sequenceLength = 512
  public var optimizer = OptimizerKind.adamw
  public var schedule = Schedule.linear
  public var learningRate = 7e-3
  /// The learning rate of the embedding, which is also the head, over that of all else. A token's row is moved only when
  /// the token occurs: with one rate for all, the rows of a large vocabulary crawl.
  public var embeddingRate = 12.0
  /// The learning rate of norms and relative biases over that of matrices.
  public var vectorRate = 4.0
  /// The width of a model, its `dim`, whose matrices have ``learningRate`` itself; those of another have that times
  /// `referenceWidth` over its own width: what a step changes in a matrix's output grows with the terms that it sums.
  /// 0 where widths make no difference.
  /// - Source: Yang et al. 2022 (μP), table 8, for matrices between hidden layers; measured in docs/training.md.
  public var referenceWidth = 128
  /// The steps of 1,024 tokens up to which a run has ``learningRate`` itself; of larger or smaller batches it is in proportion.
  /// A longer run has the rate times the root of what it may have over its steps: the more steps, the lower the rate that is
  /// best, and the larger the batch, the higher. nil where length makes no difference.
  /// - Source: Malladi et al. 2022 (arXiv 2205.10287): Adam's rates by the root of the batch; Bjorck et al. 2024
  ///   (arXiv 2409.19913): they fall with a power of the tokens; measured in docs/training.md.
  public var referenceSteps: Int? = 2000
  /// Standard deviation of the embedding's initial weights.
  public var embeddingScale = 1.0
  /// How much of a second moment each step of AdamW keeps.
  public var beta2 = 0.99
  /// Steps over which the rate rises: at most a tenth of all (``Schedule/factor(step:steps:warmup:)``).
  public var warmup = 1000
  /// Of matrices and the embedding, times their learning rates.
  public var weightDecay = 0.01
  public var zLoss = 1e-4
  /// Gradients are scaled down to this norm; 0 for never.
  public var clip = 1.0
  /// Fixed parts of a batch, each run by one thread; results depend on this number but not on the thread count.
  public var shards = 2
  public var precision = Precision.f32
  /// How PyTorch trains; nil where this program's own kernels do.
  public var torch: TorchOptions?
  public init() {}

  /// Raised when the same shape, options, steps, seed and data come to other weights, or a run's files to another layout:
  /// keys and checkpoints hold it, so that nothing older is taken for the same. 2 where rates go by the model's width,
  /// which in version 1 went by each matrix's own; 2 more where attention is on bfloat16 operands, which it was not before.
  public var trainingVersion: Int { (referenceWidth == 0 ? 1 : 2) + (precision == .bf16 && torch == nil ? 2 : 0) }

  /// What a named recipe says of everything but batch, length, shards, precision and trainer, which stay.
  public mutating func follow(_ recipe: Recipe) {
    var options = TrainingOptions()
    if recipe == .paper {
      (options.optimizer, options.schedule, options.learningRate, options.warmup) = (.adafactor, .rsqrt, 1, 10_000)
      (options.embeddingRate, options.vectorRate, options.referenceWidth, options.referenceSteps) = (1, 1, 0, nil)
      (options.weightDecay, options.clip) = (0, 0)
    }
    (options.batch, options.sequenceLength, options.shards, options.precision) = (
      batch, sequenceLength, shards, precision
    )
    options.torch = torch
    self = options
  }

  /// The same for a run of so many steps, with the rate that its length gives it and no rule for lengths left.
  public func forRun(of steps: Int) -> TrainingOptions {
    var options = self
    options.referenceSteps = nil
    if let referenceSteps {
      let reference = Double(referenceSteps) * Double(batch * sequenceLength) / 1024
      options.learningRate *= min(1, (reference / Double(steps)).squareRoot())
    }
    return options
  }

  /// The learning rate of a step counted from 0, before the factors of tensors.
  func rate(step: Int, of steps: Int) -> Double {
    forRun(of: steps).learningRate * schedule.factor(step: step, steps: steps, warmup: warmup)
  }

  /// The learning rate of a tensor of a model of width `dim` over ``learningRate``.
  func rate(of tensor: Tensor, dim: Int) -> Double {
    if tensor.isEmbedding { return embeddingRate }
    guard tensor.isMatrix else { return vectorRate }
    return referenceWidth == 0 ? 1 : Double(referenceWidth) / Double(dim)
  }
}

/// A whole set of training options by name.
public enum Recipe: String, Sendable, CaseIterable {
  /// Measured: one learning rate serves every vocabulary (docs/training.md).
  case standard
  /// Lester et al. 2024: Adafactor with relative steps, base rate 1 falling with the root of the step after
  /// 10,000; its updates are clipped, not the gradients, and nothing decays.
  case paper
}

/// Where training sequences come from.
public protocol SequenceSource: Sendable {
  /// Tokens of sequence `index` of the endless training order: `out` has the sequence length.
  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>)
  /// The same sequences for a program beside this one; nil for sequences that lie in no files.
  var stretches: TokenStretches? { get }
  /// Which of its tokens are learned, such as an answer after its question; nil for all of them.
  func scoredPositions(_ index: Int) -> Range<Int>?
}

extension SequenceSource {
  public func scoredPositions(_ index: Int) -> Range<Int>? { nil }
  public var stretches: TokenStretches? { nil }
}

/// Sequences as stretches of one long row of tokens, which begins again where it ends.
public struct TokenStretches: Sendable {
  /// Little-endian tokens, one file after another.
  public var files: [String]
  public var bytesPerToken: Int
  /// Tokens of the row: those after them in the files are not there.
  public var count: Int
  /// Where sequence `index` begins in the row.
  public var start: @Sendable (Int) -> Int

  public init(files: [String], bytesPerToken: Int, count: Int, start: @escaping @Sendable (Int) -> Int) {
    (self.files, self.bytesPerToken, self.count, self.start) = (files, bytesPerToken, count, start)
  }
}

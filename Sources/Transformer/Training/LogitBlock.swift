import CKernels

/// Logits of a block of rows in single precision, and then their gradients in the same memory: at most 64 MiB, never
/// rows × vocabulary.
///
/// The memory is handed out as one or the other, never both: ``room(rows:)`` for logits, ``crossEntropy`` turns them into
/// gradients, ``gradient(rows:)`` reads those.
final class LogitBlock {
  /// At most so many are in the block.
  let rows: Int
  private let vocabulary: Int
  private let memory: FloatBuffer  // (rows, V)
  private enum Content { case room, gradients, nothing }
  private var content = Content.nothing

  /// - Parameter rows: of the whole pass.
  init(rows: Int, vocabulary V: Int) {
    vocabulary = V
    self.rows = min(rows, max(64, (1 << 24) / V))
    memory = FloatBuffer(self.rows * V)
  }

  /// Where logits `[rows, V]` are to be written. What was in the block is gone.
  func room(rows count: Int) -> UnsafeMutablePointer<Float> {
    content = .room
    return memory.at(0, count * vocabulary)
  }

  /// The loss of the logits; with `scale` other than 0 they become its gradients.
  /// - Parameters:
  ///   - targets: `[rows]`, below 0 where nothing is scored.
  ///   - nats: `[rows]`, overwritten.  - z: Σ log(Z)² over the rows is added.
  func crossEntropy(
    rows count: Int, targets: UnsafePointer<Int32>, zLoss: Float, scale: Float, nats: UnsafeMutablePointer<Double>,
    z: inout Double, kernels: CKKernels
  ) {
    assert(content == .room, "there are no logits in the block")
    content = scale == 0 ? .nothing : .gradients
    kernels.crossEntropy(
      memory.at(0, count * vocabulary), vocabulary, targets, Int32(count), Int32(vocabulary), zLoss, scale, nats, &z)
  }

  /// The gradients of the logits, `[rows, V]`. Valid until the next ``room(rows:)``.
  func gradient(rows count: Int) -> UnsafeMutablePointer<Float> {
    assert(content == .gradients, "there are no gradients in the block")
    return memory.at(0, count * vocabulary)
  }
}

/// Memory for the logits of a block of rows on bfloat16 operands. A part of the vocabulary at a time they become
/// exp(logit − top) in bfloat16, so that logits in single precision never leave the cache; at most 128 MiB are kept.
struct NarrowLogits {
  /// At most so many are in the block.
  let rows: Int
  /// Tokens of a part; the last may have fewer.
  let columns: Int
  let logits: FloatBuffer  // (rows, columns) of one part
  let exponentials: BFloat16Buffer  // of each part (rows, columns)
  let scaled: BFloat16Buffer  // (rows, D) the rows that made the logits, times factor
  let top, sum, targetLogit, factor: FloatBuffer  // (rows), as CKernels' narrowSoftmax and narrowLoss have them

  /// - Parameter rows: of the whole pass.
  init(rows: Int, vocabulary V: Int, dim D: Int) {
    self.rows = min(rows, 1024, max(64, (1 << 26) / V))
    columns = min(V, 512)
    logits = FloatBuffer(self.rows * columns)
    exponentials = BFloat16Buffer(self.rows * V)
    scaled = BFloat16Buffer(self.rows * D)
    top = FloatBuffer(self.rows)
    sum = FloatBuffer(self.rows)
    targetLogit = FloatBuffer(self.rows)
    factor = FloatBuffer(self.rows)
  }
}

/// Room for logits in the precision of the operands.
enum Logits {
  case float(LogitBlock)
  case narrow(NarrowLogits)

  /// - Parameter rows: of the whole pass.
  init(rows: Int, _ shape: ModelShape, _ precision: Precision) {
    self =
      precision == .bf16
      ? .narrow(NarrowLogits(rows: rows, vocabulary: shape.vocabulary, dim: shape.dim))
      : .float(LogitBlock(rows: rows, vocabulary: shape.vocabulary))
  }
}

import CKernels

/// Logits of a block of rows, and then their gradients in the same memory: at most 64 MiB, never rows × vocabulary.
///
/// The memory is handed out as one or the other, never both: ``room(rows:)`` for logits, ``crossEntropy`` turns them into
/// gradients, ``gradient(rows:)`` reads those. The gradients of a row begin where its logits began, and gradient i is
/// written once logit i is read, at or before its place: nothing is overwritten that is still to be read. In bfloat16
/// they take half the room, so that a row of them is followed by as much that means nothing.
final class LogitBlock {
  /// At most so many are in the block.
  let rows: Int
  private let vocabulary: Int
  private let isBFloat16: Bool
  private let memory: FloatBuffer  // (rows, V)
  private enum Content { case room, gradients, nothing }
  private var content = Content.nothing

  /// - Parameter rows: of the whole pass.
  init(rows: Int, vocabulary V: Int, _ precision: Precision) {
    vocabulary = V
    isBFloat16 = precision == .bf16
    self.rows = min(rows, max(64, (1 << 24) / V))
    memory = FloatBuffer(self.rows * V)
    let numberBytes = isBFloat16 ? MemoryLayout<UInt16>.stride : MemoryLayout<Float>.stride
    assert(
      gradientStride * numberBytes == V * MemoryLayout<Float>.stride && gradientStride >= V,
      "gradients must be written behind the logits that are read")
  }

  /// Where logits `[rows, V]` are to be written. What was in the block is gone.
  func room(rows count: Int) -> Operand {
    content = .room
    return .float(memory.at(0, count * vocabulary))
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
      memory.at(0, count * vocabulary), vocabulary, targets, Int32(count), Int32(vocabulary), zLoss, scale,
      isBFloat16 ? 1 : 0, nats, &z)
  }

  /// The gradients of the logits, `[rows, V]` with rows ``gradientStride`` numbers apart. Valid until the next
  /// ``room(rows:)``.
  func gradient(rows count: Int) -> Operand {
    assert(content == .gradients, "there are no gradients in the block")
    let p = memory.at(0, count * vocabulary)
    return isBFloat16
      ? .bfloat16(UnsafeMutableRawPointer(p).assumingMemoryBound(to: UInt16.self)) : .float(p)
  }
  var gradientStride: Int { isBFloat16 ? 2 * vocabulary : vocabulary }
}

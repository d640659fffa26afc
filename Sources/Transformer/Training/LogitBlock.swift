/// Logits of a block of rows, and their gradients in the same memory: at most 64 MiB, never rows × vocabulary.
///
/// The gradients of a row begin where its logits began. In bfloat16 they take half the room, so that a row of them is
/// followed by as much that means nothing: the stride in numbers is twice the vocabulary.
struct LogitBlock {
  let logits: FloatBuffer  // (rows, V)
  let rows: Int
  /// (rows, V) from row to row ``gradientStride`` numbers apart.
  let gradient: Operand
  let gradientStride: Int
  let isBFloat16: Bool

  /// - Parameter rows: of the whole pass; a block has at most so many.
  init(rows: Int, vocabulary V: Int, _ precision: Precision) {
    self.rows = min(rows, max(64, (1 << 24) / V))
    logits = FloatBuffer(self.rows * V)
    isBFloat16 = precision == .bf16
    gradientStride = isBFloat16 ? 2 * V : V
    gradient =
      isBFloat16
      ? .bfloat16(UnsafeMutableRawPointer(logits.p).assumingMemoryBound(to: UInt16.self)) : .float(logits.p)
  }
}

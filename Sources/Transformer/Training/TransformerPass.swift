import CKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Sums over the scored tokens of some sequences.
struct LossSums: Sendable {
  var nats = 0.0
  /// Σ log(Z)², the z-loss before its weight.
  var z = 0.0
  static func += (a: inout LossSums, b: LossSums) {
    a.nats += b.nats
    a.z += b.z
  }
}

/// Forward and backward passes over whole sequences, a fixed number of them at a time, on the calling thread.
///
/// Shapes: N sequences of S positions, T = N·S rows; D model, H heads of d, A = H·d, F MLP, V vocabulary.
/// A pass owns its activations; parameters are shared, gradients the caller's.
final class TransformerPass {
  let shape: ModelShape
  let layout: ParameterLayout
  let products: MatrixProduct
  let kernels = ck_kernels().pointee
  let narrowAttention = ck_narrow_attention().pointee
  let sequences: Int
  let length: Int
  /// T.
  let rows: Int

  /// What the backward pass needs of a layer.
  struct Layer {
    let x: FloatBuffer  // (T, D) input
    let attentionNormed: OperandBuffer  // (T, D)
    let attentionInverse: FloatBuffer  // (T)
    let qkv: OperandBuffer  // (T, 3A)
    let logSumExp: FloatBuffer  // (N, H, S); of bfloat16 operands in powers of 2
    let attended: OperandBuffer  // (T, A)
    let middle: FloatBuffer  // (T, D) after attention
    let mlpNormed: OperandBuffer  // (T, D)
    let mlpInverse: FloatBuffer  // (T)
    let hidden: OperandBuffer  // (T, F) after ReLU

    init(_ shape: ModelShape, rows T: Int, _ precision: Precision) {
      let (D, A, F) = (shape.dim, shape.attentionWidth, shape.mlp)
      x = FloatBuffer(T * D)
      attentionNormed = OperandBuffer(T * D, precision)
      attentionInverse = FloatBuffer(T)
      qkv = OperandBuffer(T * 3 * A, precision)
      logSumExp = FloatBuffer(T * shape.heads)
      attended = OperandBuffer(T * A, precision)
      middle = FloatBuffer(T * D)
      mlpNormed = OperandBuffer(T * D, precision)
      mlpInverse = FloatBuffer(T)
      hidden = OperandBuffer(T * F, precision)
    }
  }

  /// What the backward pass writes and forgets.
  struct Gradients {
    let x: FloatBuffer  // (T, D) of the residual stream
    let normed: FloatBuffer  // (T, D)
    let qkv: OperandBuffer  // (T, 3A)
    let attended: OperandBuffer  // (T, A)
    let hidden: OperandBuffer  // (T, F)
    let headWeight: FloatBuffer  // (D)
    let bias: FloatBuffer  // (H, S) by reversed distance, of one layer
    let narrowedX: Narrowed  // (T, D)

    init(_ shape: ModelShape, rows T: Int, length S: Int, _ precision: Precision) {
      let (D, A, F) = (shape.dim, shape.attentionWidth, shape.mlp)
      x = FloatBuffer(T * D)
      normed = FloatBuffer(T * D)
      qkv = OperandBuffer(T * 3 * A, precision)
      attended = OperandBuffer(T * A, precision)
      hidden = OperandBuffer(T * F, precision)
      headWeight = FloatBuffer(D)
      bias = FloatBuffer(shape.heads * S + 16)
      narrowedX = Narrowed(T * D, precision)
    }
  }

  let layers: [Layer]
  let last: FloatBuffer  // (T, D) output of the last layer
  let normed: OperandBuffer  // (T, D) after the final norm, times 1/√D
  let inverse: FloatBuffer  // (T)
  let headWeight: FloatBuffer  // (D) final norm's weight times 1/√D
  let logits: Logits
  let keysT: FloatBuffer  // (d, S rounded up to 16), of one head
  let bias: FloatBuffer  // (H, S) by reversed distance, of one layer
  /// nil where only ``score(parameters:inputs:targets:)`` is wanted.
  let gradients: Gradients?
  /// Nats of each row of the last pass; 0 where there was no target.
  let nats: Buffer<Double>  // (T)
  /// Where the time of all passes went.
  var times = PhaseTimes()
  func resetTimes() { times = PhaseTimes() }

  /// - Parameter backward: whether gradients may be asked for.
  init(shape: ModelShape, sequences: Int, length: Int, products: MatrixProduct, backward: Bool) {
    self.shape = shape
    self.sequences = sequences
    self.length = length
    self.products = products
    layout = ParameterLayout(shape)
    let (D, T) = (shape.dim, sequences * length)
    let precision = products.precision
    rows = T
    if backward {
      layers = (0..<shape.layers).map { _ in Layer(shape, rows: T, precision) }
      last = FloatBuffer(T * D)
    } else {
      // Nothing is kept: every layer may use the same buffers, and write its output over its input.
      let layer = Layer(shape, rows: T, precision)
      layers = Array(repeating: layer, count: shape.layers)
      last = layer.x
    }
    normed = OperandBuffer(T * D, precision)
    inverse = FloatBuffer(T)
    headWeight = FloatBuffer(D)
    logits = Logits(rows: T, shape, precision)
    keysT = FloatBuffer(shape.headSize * ((length + 15) / 16 * 16))
    bias = FloatBuffer(shape.heads * length + 16)
    gradients = backward ? Gradients(shape, rows: T, length: length, precision) : nil
    nats = Buffer<Double>(T)
  }

  /// The forward pass alone.
  /// - Parameters: as in ``run(parameters:gradients:inputs:targets:gradientScale:zLoss:)``.
  func score(
    parameters: Weights, inputs: UnsafePointer<Int32>, targets: UnsafePointer<Int32>
  ) -> LossSums {
    times.start()
    forward(parameters, inputs: inputs)
    return head(parameters, targets: targets, training: nil)
  }

  /// Forward and backward over `count` sequences, a multiple of what the pass takes at a time.
  /// - Parameters:
  ///   - gradients: laid out as the parameters, overwritten with those of the loss Σ(nats + zLoss·log²Z)·gradientScale.
  ///   - inputs: `[count, S]` token ids from 0 to V, V being BOS.
  ///   - targets: `[count, S]` token ids below V; below 0 where nothing is scored.
  func run(
    sequences count: Int, parameters: Weights, gradients: FloatBuffer, inputs: UnsafePointer<Int32>,
    targets: UnsafePointer<Int32>, gradientScale: Float, zLoss: Float
  ) -> LossSums {
    guard let own = self.gradients else { preconditionFailure("a forward-only pass has no gradients") }
    precondition(gradients.count == layout.count, "gradients of another shape")
    precondition(count % sequences == 0, "\(count) sequences, \(sequences) at a time")
    times.start()
    clearSums(gradients)
    var sums = LossSums()
    for first in stride(from: 0, to: count, by: sequences) {
      let inputs = inputs + first * length
      let all = ParameterGradients(buffer: gradients, isBegun: first > 0)
      forward(parameters, inputs: inputs)
      sums += head(
        parameters, targets: targets + first * length,
        training: HeadGradients(own: own, all: all, scale: gradientScale, zLoss: zLoss))
      for l in layers.indices.reversed() { backward(layer: l, parameters, own, into: all) }
      let D = shape.dim
      for t in 0..<rows {
        kernels.add(all.at(layout.embedding + Int(inputs[t]) * D, D), own.x.at(t * D, D), D)
      }
      times.end(.rest)
    }
    return sums
  }

  /// Gradients of all parameters, laid out as they are, while they are summed over the sequences.
  struct ParameterGradients {
    let buffer: FloatBuffer
    /// Whether they hold those of sequences before: products add to theirs, or overwrite them. Sums, which are cleared at
    /// first, are always added to.
    let isBegun: Bool

    /// Where `count` numbers from `offset` on begin.
    func at(_ offset: Int, _ count: Int) -> UnsafeMutablePointer<Float> { buffer.at(offset, count) }
  }

  /// How many of a shard's sequences go through a pass at a time. In single precision all of them. Products of bfloat16 are
  /// so fast that memory decides: what one layer hands to the next must stay in the cache, as it does for a thousand rows
  /// or so, or as many more as the model is wider, so that adding to its gradients stays a small part.
  static func sequencesAtATime(of count: Int, length: Int, _ shape: ModelShape, _ precision: Precision) -> Int {
    guard precision == .bf16 else { return count }
    let most = max(1, max(1024, 4 * shape.dim) / length)
    return (1...max(1, min(most, count))).last { count % $0 == 0 } ?? 1
  }

  /// Zeroes the gradients that are added to; products overwrite theirs.
  private func clearSums(_ gradients: FloatBuffer) {
    func clear(_ offset: Int, _ count: Int) { memset(gradients.at(offset, count), 0, count * 4) }
    clear(layout.embedding + shape.vocabulary * shape.dim, shape.dim)  // BOS: no logit, no product
    clear(layout.finalNorm, shape.dim)
    for layer in layout.layers {
      clear(layer.attentionNorm, shape.dim)
      clear(layer.mlpNorm, shape.dim)
      clear(layer.relativeBias, shape.heads * RelativeBias.buckets)
    }
  }
}

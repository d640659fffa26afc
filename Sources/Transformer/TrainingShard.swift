import CKernels
import Support
import Tokenizers

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Sums over the scored tokens of some sequences.
package struct LossSums: Sendable {
  package var nats = 0.0
  /// Σ log(Z)², the z-loss before its weight.
  package var z = 0.0
  package init() {}
  static func += (a: inout LossSums, b: LossSums) {
    a.nats += b.nats
    a.z += b.z
  }
}

/// The parameters as a pass reads them: floats and, for ``Precision/bf16``, a bfloat16 copy of them all.
package struct Weights {
  let float: UnsafeMutablePointer<Float>
  let half: UnsafeMutablePointer<UInt16>?

  /// The matrix at an offset of the layout, as products read it.
  subscript(offset: Int) -> Operand { half.map { .half($0 + offset) } ?? .float(float + offset) }
}

/// Floats with, for ``Precision/bf16``, room for their bfloat16 copy.
package struct WeightStore: Sendable {
  package let parameters: FloatBuffer
  private let copy: BFloat16Buffer?

  package init(_ parameters: FloatBuffer, _ precision: Precision) {
    self.parameters = parameters
    copy = precision == .bf16 ? BFloat16Buffer(parameters.count) : nil
  }

  /// The weights as they are now.
  package func weights(threads: Int) -> Weights {
    if let copy {
      let chunk = 1 << 16, count = parameters.count, kernels = ck_kernels().pointee
      parallelFor((count + chunk - 1) / chunk, threads: threads) { c in  // disjoint parts
        kernels.narrow(copy.p + c * chunk, parameters.p + c * chunk, min(chunk, count - c * chunk))
      }
    }
    return Weights(float: parameters.p, half: copy?.p)
  }
}

/// Forward and backward passes over a fixed number of whole sequences, on the calling thread.
///
/// Shapes: N sequences of S positions, T = N·S rows; D model, H heads of d, A = H·d, F MLP, V vocabulary.
/// A shard owns its activations; parameters are shared, gradients its own.
package final class TrainingShard {
  let shape: ModelShape
  let layout: ParameterLayout
  let products: MatrixProduct
  let kernels: CKKernels
  package let sequences: Int
  package let length: Int
  let keepsActivations: Bool

  /// What the backward pass needs of a layer.
  struct Layer {
    let x: FloatBuffer  // (T, D) input
    let attentionNormed: OperandBuffer  // (T, D)
    let attentionInverse: FloatBuffer  // (T)
    let qkv: FloatBuffer  // (T, 3A)
    let logSumExp: FloatBuffer  // (N, H, S)
    let attended: FloatBuffer  // (T, A)
    let middle: FloatBuffer  // (T, D) after attention
    let mlpNormed: OperandBuffer  // (T, D)
    let mlpInverse: FloatBuffer  // (T)
    let hidden: OperandBuffer  // (T, F) after ReLU
  }
  var layers: [Layer] = []
  let last: FloatBuffer  // (T, D) output of the last layer
  let normed: OperandBuffer  // (T, D) after the final norm, times 1/√D
  let inverse: FloatBuffer  // (T)
  let headWeight: FloatBuffer  // (D) final norm's weight times 1/√D
  let headWeightGradient: FloatBuffer  // (D)
  let logits: FloatBuffer  // (block, V)
  let block: Int
  let keysT: FloatBuffer  // (d, S rounded up)
  let bias: FloatBuffer  // (H, S) by reversed distance, of one layer
  let biasGradient: FloatBuffer
  let narrowed: BFloat16Buffer  // (T, max(3A, D + A)) for bf16: what products read, and only they
  // Backward only.
  let dx: FloatBuffer  // (T, D)
  let dNormed: FloatBuffer  // (T, D)
  let dQKV: FloatBuffer  // (T, 3A)
  let dAttended: FloatBuffer  // (T, A)
  let dHidden: OperandBuffer  // (T, F)
  /// Where the time of all passes went.
  private(set) var times = PhaseTimes()
  func resetTimes() { times = PhaseTimes() }

  /// - Parameter backward: whether ``run(parameters:gradients:inputs:targets:gradientScale:zLoss:)`` may be asked for
  ///   gradients; without, layers share their buffers.
  package init(shape: ModelShape, sequences: Int, length: Int, products: MatrixProduct, backward: Bool) {
    self.shape = shape
    self.sequences = sequences
    self.length = length
    self.products = products
    keepsActivations = backward
    layout = ParameterLayout(shape)
    kernels = ck_kernels().pointee
    let (D, A, F, H) = (shape.dim, shape.attentionWidth, shape.mlp, shape.heads)
    let T = sequences * length
    let precision = products.precision
    func makeLayer() -> Layer {
      Layer(
        x: FloatBuffer(T * D), attentionNormed: OperandBuffer(T * D, precision), attentionInverse: FloatBuffer(T),
        qkv: FloatBuffer(T * 3 * A), logSumExp: FloatBuffer(T * H), attended: FloatBuffer(T * A),
        middle: FloatBuffer(T * D), mlpNormed: OperandBuffer(T * D, precision), mlpInverse: FloatBuffer(T),
        hidden: OperandBuffer(T * F, precision))
    }
    if backward {
      for _ in 0..<shape.layers { layers.append(makeLayer()) }
    } else {
      layers = Array(repeating: makeLayer(), count: shape.layers)
    }
    last = backward ? FloatBuffer(T * D) : layers[0].x
    normed = OperandBuffer(T * D, precision)
    inverse = FloatBuffer(T)
    headWeight = FloatBuffer(D)
    headWeightGradient = FloatBuffer(D)
    block = min(T, max(64, (1 << 24) / shape.vocabulary))  // at most 64 MiB of logits, never (T, V)
    logits = FloatBuffer(block * shape.vocabulary)
    keysT = FloatBuffer(shape.headSize * ((length + 15) / 16 * 16))
    bias = FloatBuffer(H * length + 16)
    biasGradient = FloatBuffer(H * length + 16)
    narrowed = BFloat16Buffer(precision == .bf16 ? T * max(3 * A, D + A) : 0)
    dx = FloatBuffer(backward ? T * D : 0)
    dNormed = FloatBuffer(backward ? T * D : 0)
    dQKV = FloatBuffer(backward ? T * 3 * A : 0)
    dAttended = FloatBuffer(backward ? T * A : 0)
    dHidden = OperandBuffer(backward ? T * F : 0, precision)
  }

  /// One pass. inputs, targets: `[T]` token ids; a target below 0 is not scored.
  /// - Parameter gradients: when given, overwritten with those of the loss Σ(nats + zLoss·log²Z)·gradientScale.
  package func run(
    parameters: Weights, gradients: UnsafeMutablePointer<Float>?, inputs: UnsafePointer<Int32>,
    targets: UnsafePointer<Int32>, gradientScale: Float, zLoss: Float
  ) -> LossSums {
    precondition(gradients == nil || keepsActivations, "a forward-only shard has no gradients")
    times.start()
    let D = shape.dim
    let embedding = parameters.float + layout.embedding
    let x0 = layers[0].x.p
    for t in 0..<sequences * length { memcpy(x0 + t * D, embedding + Int(inputs[t]) * D, D * 4) }
    for l in 0..<shape.layers {
      forward(layer: l, parameters: parameters, output: l + 1 < shape.layers ? layers[l + 1].x : last)
    }
    if let gradients { clearSums(gradients) }
    let sums = head(
      parameters: parameters, gradients: gradients, targets: targets, gradientScale: gradientScale, zLoss: zLoss)
    guard let gradients else { return sums }
    for l in (0..<shape.layers).reversed() { backward(layer: l, parameters: parameters, gradients: gradients) }
    let dEmbedding = gradients + layout.embedding
    for t in 0..<sequences * length { kernels.add(dEmbedding + Int(inputs[t]) * D, dx.p + t * D, D) }
    times.end(.rest)
    return sums
  }

  /// What a product may read: the floats themselves, or a bfloat16 copy of them at a place in `narrowed`.
  private func operand(_ x: FloatBuffer, _ count: Int, at place: Int = 0) -> Operand {
    guard products.precision == .bf16 else { return .float(x.p) }
    kernels.narrow(narrowed.p + place, x.p, count)
    return .half(narrowed.p + place)
  }

  /// Zeroes the gradients that are added to; products overwrite theirs.
  private func clearSums(_ gradients: UnsafeMutablePointer<Float>) {
    func clear(_ offset: Int, _ count: Int) { memset(gradients + offset, 0, count * 4) }
    clear(layout.embedding + shape.vocabulary * shape.dim, shape.dim)  // BOS: no logit, no product
    clear(layout.finalNorm, shape.dim)
    for layer in layout.layers {
      clear(layer.attentionNorm, shape.dim)
      clear(layer.mlpNorm, shape.dim)
      clear(layer.relativeBias, shape.heads * RelativeBias.buckets)
    }
  }

  private func expandBias(_ weights: ParameterLayout.Layer, _ parameters: UnsafePointer<Float>) {
    for h in 0..<shape.heads {
      RelativeBias.expand(
        parameters + weights.relativeBias + h * RelativeBias.buckets, length: length, into: bias.p + h * length)
    }
  }

  private func forward(layer l: Int, parameters: Weights, output: FloatBuffer) {
    let (D, A, F, d) = (shape.dim, shape.attentionWidth, shape.mlp, shape.headSize)
    let T = sequences * length
    let weights = layout.layers[l], a = layers[l]
    kernels.rmsNorm(
      a.attentionNormed.p.float, a.attentionNormed.p.half, a.attentionInverse.p, a.x.p,
      parameters.float + weights.attentionNorm, Int32(T), Int32(D))
    times.end(.rest)
    products.multiply(
      m: T, n: 3 * A, k: D, a.attentionNormed.p, lda: D, parameters[weights.qkv], ldb: 3 * A, into: .float(a.qkv.p),
      ldc: 3 * A)
    times.end(.projections)
    expandBias(weights, parameters.float)
    let stride = (length + 15) / 16 * 16
    for n in 0..<sequences {
      for h in 0..<shape.heads {
        let q = a.qkv.p + n * length * 3 * A + h * d
        let k = q + A
        kernels.transpose(keysT.p, stride, k, 3 * A, Int32(length), Int32(d))
        kernels.attention(
          a.attended.p + n * length * A + h * d, A, q, 3 * A, keysT.p, stride, 64, k + A, 3 * A, bias.p + h * length,
          Int32(length), a.logSumExp.p + (n * shape.heads + h) * length, 0, Int32(length), Int32(d))
      }
    }
    times.end(.attention)
    memcpy(a.middle.p, a.x.p, T * D * 4)
    times.end(.rest)
    products.multiply(
      m: T, n: D, k: A, operand(a.attended, T * A), lda: A, parameters[weights.attentionOut], ldb: D,
      into: .float(a.middle.p), ldc: D, accumulate: true)
    times.end(.projections)
    kernels.rmsNorm(
      a.mlpNormed.p.float, a.mlpNormed.p.half, a.mlpInverse.p, a.middle.p, parameters.float + weights.mlpNorm,
      Int32(T), Int32(D))
    memcpy(output.p, a.middle.p, T * D * 4)
    times.end(.rest)
    products.multiply(
      m: T, n: F, k: D, a.mlpNormed.p, lda: D, parameters[weights.mlpIn], ldb: F, into: a.hidden.p, ldc: F, relu: true)
    products.multiply(
      m: T, n: D, k: F, a.hidden.p, lda: F, parameters[weights.mlpOut], ldb: D, into: .float(output.p), ldc: D,
      accumulate: true)
    times.end(.mlp)
  }

  /// Final norm, logits, loss and their gradients, a block of rows at a time. Leaves the gradient of `last` in dx.
  private func head(
    parameters: Weights, gradients: UnsafeMutablePointer<Float>?, targets: UnsafePointer<Int32>, gradientScale: Float,
    zLoss: Float
  ) -> LossSums {
    let (D, V, T) = (shape.dim, shape.vocabulary, sequences * length)
    let embedding = parameters[layout.embedding]
    let scale = 1 / Float(D).squareRoot()
    for i in 0..<D { headWeight.p[i] = parameters.float[layout.finalNorm + i] * scale }
    kernels.rmsNorm(normed.p.float, normed.p.half, inverse.p, last.p, headWeight.p, Int32(T), Int32(D))
    times.end(.rest)
    // Gradients of logits lie in the logits' place; in bfloat16, each row from where its logits began.
    let isHalf = products.precision == .bf16
    let dLogits: Operand =
      isHalf ? .half(UnsafeMutableRawPointer(logits.p).assumingMemoryBound(to: UInt16.self)) : .float(logits.p)
    let ld = isHalf ? 2 * V : V
    var sums = LossSums()
    var row = 0
    while row < T {
      let rows = min(block, T - row)
      products.multiply(
        m: rows, n: V, k: D, normed.p + row * D, lda: D, embedding, transposeB: true, ldb: D, into: .float(logits.p),
        ldc: V)
      kernels.crossEntropy(
        logits.p, V, targets + row, Int32(rows), Int32(V), zLoss, gradients == nil ? 0 : gradientScale, isHalf ? 1 : 0,
        &sums.nats, &sums.z)
      if let gradients {
        products.multiply(
          m: rows, n: D, k: V, dLogits, lda: ld, embedding, ldb: D, into: .float(dNormed.p + row * D), ldc: D)
        products.multiply(
          m: V, n: D, k: rows, dLogits, transposeA: true, lda: ld, normed.p + row * D, ldb: D,
          into: .float(gradients + layout.embedding), ldc: D, accumulate: row > 0)
      }
      row += rows
    }
    times.end(.head)
    if let gradients {
      dx.zero()
      headWeightGradient.zero()
      kernels.rmsNormBackward(
        dx.p, headWeightGradient.p, dNormed.p, last.p, headWeight.p, inverse.p, Int32(T), Int32(D))
      for i in 0..<D { gradients[layout.finalNorm + i] += headWeightGradient.p[i] * scale }
      times.end(.rest)
    }
    return sums
  }

  /// dx holds the gradient of the layer's output and becomes that of its input.
  private func backward(layer l: Int, parameters: Weights, gradients: UnsafeMutablePointer<Float>) {
    let (D, A, F, d) = (shape.dim, shape.attentionWidth, shape.mlp, shape.headSize)
    let T = sequences * length
    let weights = layout.layers[l], a = layers[l]
    // MLP: out = middle + relu(norm(middle)·In)·Out
    let dOut = operand(dx, T * D)
    products.multiply(
      m: T, n: F, k: D, dOut, lda: D, parameters[weights.mlpOut], transposeB: true, ldb: D, into: dHidden.p, ldc: F)
    products.multiply(
      m: F, n: D, k: T, a.hidden.p, transposeA: true, lda: F, dOut, ldb: D, into: .float(gradients + weights.mlpOut),
      ldc: D)
    switch (dHidden, a.hidden) {
    case (.float(let dHidden), .float(let hidden)): kernels.reluBackward(dHidden.p, hidden.p, T * F)
    case (.half(let dHidden), .half(let hidden)): kernels.reluBackwardHalf(dHidden.p, hidden.p, T * F)
    default: preconditionFailure("buffers of two precisions")
    }
    products.multiply(
      m: T, n: D, k: F, dHidden.p, lda: F, parameters[weights.mlpIn], transposeB: true, ldb: F,
      into: .float(dNormed.p), ldc: D)
    products.multiply(
      m: D, n: F, k: T, a.mlpNormed.p, transposeA: true, lda: D, dHidden.p, ldb: F,
      into: .float(gradients + weights.mlpIn), ldc: F)
    times.end(.mlp)
    kernels.rmsNormBackward(
      dx.p, gradients + weights.mlpNorm, dNormed.p, a.middle.p, parameters.float + weights.mlpNorm, a.mlpInverse.p,
      Int32(T), Int32(D))
    times.end(.rest)
    // Attention: middle = x + attend(norm(x)·QKV)·Out
    let dMiddle = operand(dx, T * D)
    products.multiply(
      m: T, n: A, k: D, dMiddle, lda: D, parameters[weights.attentionOut], transposeB: true, ldb: D,
      into: .float(dAttended.p), ldc: A)
    products.multiply(
      m: A, n: D, k: T, operand(a.attended, T * A, at: T * D), transposeA: true, lda: A, dMiddle, ldb: D,
      into: .float(gradients + weights.attentionOut), ldc: D)
    times.end(.projections)
    expandBias(weights, parameters.float)
    biasGradient.zero()
    for n in 0..<sequences {
      for h in 0..<shape.heads {
        let q = a.qkv.p + n * length * 3 * A + h * d
        let dq = dQKV.p + n * length * 3 * A + h * d
        let o = n * length * A + h * d
        kernels.attentionBackward(
          dq, dq + A, dq + 2 * A, biasGradient.p + h * length, q, q + A, q + 2 * A, 3 * A, a.attended.p + o,
          dAttended.p + o, A, bias.p + h * length, a.logSumExp.p + (n * shape.heads + h) * length, Int32(length),
          Int32(d))
      }
    }
    for h in 0..<shape.heads {
      let table = gradients + weights.relativeBias + h * RelativeBias.buckets
      for t in 0..<length {
        table[RelativeBias.bucket(distance: t)] += biasGradient.p[h * length + length - 1 - t]
      }
    }
    times.end(.attention)
    let dProjected = operand(dQKV, T * 3 * A)
    products.multiply(
      m: T, n: D, k: 3 * A, dProjected, lda: 3 * A, parameters[weights.qkv], transposeB: true, ldb: 3 * A,
      into: .float(dNormed.p), ldc: D)
    products.multiply(
      m: D, n: 3 * A, k: T, a.attentionNormed.p, transposeA: true, lda: D, dProjected, ldb: 3 * A,
      into: .float(gradients + weights.qkv), ldc: 3 * A)
    times.end(.projections)
    kernels.rmsNormBackward(
      dx.p, gradients + weights.attentionNorm, dNormed.p, a.x.p, parameters.float + weights.attentionNorm,
      a.attentionInverse.p, Int32(T), Int32(D))
    times.end(.rest)
  }
}

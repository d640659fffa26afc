import CKernels

extension TransformerPass {
  /// own.x holds the gradient of the layer's output and becomes that of its input.
  /// - Parameter all: gradients of the parameters, as they are laid out.
  func backward(layer l: Int, _ parameters: Weights, _ own: Gradients, into all: ParameterGradients) {
    let weights = layout.layers[l], a = layers[l], D = shape.dim
    backwardMLP(a, weights, parameters, own, all)
    times.end(.mlp)
    backwardNorm(
      own, a.middle, a.mlpInverse, parameters.vector(weights.mlpNorm, D), into: all.at(weights.mlpNorm, D))
    times.end(.rest)
    backwardAttentionOut(a, weights, parameters, own, all)
    times.end(.projections)
    backwardAttention(a, weights, parameters, own, all)
    times.end(.attention)
    backwardProjections(a, weights, parameters, own, all)
    times.end(.projections)
    backwardNorm(
      own, a.x, a.attentionInverse, parameters.vector(weights.attentionNorm, D),
      into: all.at(weights.attentionNorm, D))
    times.end(.rest)
  }

  /// Adds to own.x and `gradient` (D) what own.normed, the gradient of norm(x)·weight, gives.
  private func backwardNorm(
    _ own: Gradients, _ x: FloatBuffer, _ inverse: FloatBuffer, _ weight: UnsafePointer<Float>,
    into gradient: UnsafeMutablePointer<Float>
  ) {
    kernels.rmsNormBackward(own.x.p, gradient, own.normed.p, x.p, weight, inverse.p, Int32(rows), Int32(shape.dim))
  }

  /// out = middle + relu(norm(middle)·In)·Out. Leaves the gradient of norm(middle) in own.normed.
  private func backwardMLP(
    _ a: Layer, _ weights: ParameterLayout.Layer, _ parameters: Weights, _ own: Gradients,
    _ all: ParameterGradients
  ) {
    let (D, F, T) = (shape.dim, shape.mlp, rows)
    let out = own.narrowedX.operand(own.x, kernels)
    products.multiply(
      m: T, n: F, k: D, out, lda: D, parameters.matrix(weights.mlpOut, F * D), transposeB: true, ldb: D,
      into: own.hidden.p, ldc: F)
    products.multiply(
      m: F, n: D, k: T, a.hidden.p, transposeA: true, lda: F, out, ldb: D, into: .float(all.at(weights.mlpOut, F * D)),
      ldc: D, accumulate: all.isBegun)
    switch (own.hidden, a.hidden) {
    case (.float(let gradient), .float(let hidden)): kernels.reluBackward(gradient.p, hidden.p, T * F)
    case (.bfloat16(let gradient), .bfloat16(let hidden)): kernels.reluBackwardBF16(gradient.p, hidden.p, T * F)
    default: preconditionFailure("buffers of two precisions")
    }
    products.multiply(
      m: T, n: D, k: F, own.hidden.p, lda: F, parameters.matrix(weights.mlpIn, D * F), transposeB: true, ldb: F,
      into: .float(own.normed.p), ldc: D)
    products.multiply(
      m: D, n: F, k: T, a.mlpNormed.p, transposeA: true, lda: D, own.hidden.p, ldb: F,
      into: .float(all.at(weights.mlpIn, D * F)), ldc: F, accumulate: all.isBegun)
  }

  /// middle = x + attended·Out. Leaves the gradient of `attended` in own.attended.
  private func backwardAttentionOut(
    _ a: Layer, _ weights: ParameterLayout.Layer, _ parameters: Weights, _ own: Gradients,
    _ all: ParameterGradients
  ) {
    let (D, A, T) = (shape.dim, shape.attentionWidth, rows)
    let middle = own.narrowedX.operand(own.x, kernels)
    products.multiply(
      m: T, n: A, k: D, middle, lda: D, parameters.matrix(weights.attentionOut, A * D), transposeB: true, ldb: D,
      into: own.attended.p, ldc: A)
    products.multiply(
      m: A, n: D, k: T, a.attended.p, transposeA: true, lda: A, middle, ldb: D,
      into: .float(all.at(weights.attentionOut, A * D)), ldc: D, accumulate: all.isBegun)
  }

  /// qkv = norm(x)·QKV. Leaves the gradient of norm(x) in own.normed.
  private func backwardProjections(
    _ a: Layer, _ weights: ParameterLayout.Layer, _ parameters: Weights, _ own: Gradients,
    _ all: ParameterGradients
  ) {
    let (D, A, T) = (shape.dim, shape.attentionWidth, rows)
    products.multiply(
      m: T, n: D, k: 3 * A, own.qkv.p, lda: 3 * A, parameters.matrix(weights.qkv, D * 3 * A), transposeB: true,
      ldb: 3 * A,
      into: .float(own.normed.p), ldc: D)
    products.multiply(
      m: D, n: 3 * A, k: T, a.attentionNormed.p, transposeA: true, lda: D, own.qkv.p, ldb: 3 * A,
      into: .float(all.at(weights.qkv, D * 3 * A)), ldc: 3 * A, accumulate: all.isBegun)
  }
}

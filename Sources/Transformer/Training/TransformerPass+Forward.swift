import CKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension TransformerPass {
  /// From tokens to the output of the last layer.
  func forward(_ parameters: Weights, inputs: UnsafePointer<Int32>) {
    let D = shape.dim
    for t in 0..<rows {
      assert(inputs[t] >= 0 && inputs[t] <= shape.vocabulary, "token \(inputs[t]) has no embedding")
      memcpy(layers[0].x.at(t * D, D), parameters.vector(layout.embedding + Int(inputs[t]) * D, D), D * 4)
    }
    for l in layers.indices {
      forward(layer: l, parameters, output: l + 1 < layers.count ? layers[l + 1].x : last)
    }
  }

  private func forward(layer l: Int, _ parameters: Weights, output: FloatBuffer) {
    let (D, A, F, T) = (shape.dim, shape.attentionWidth, shape.mlp, rows)
    let weights = layout.layers[l], a = layers[l]
    norm(a.x, parameters.vector(weights.attentionNorm, D), into: a.attentionNormed, a.attentionInverse)
    times.end(.rest)
    products.multiply(
      m: T, n: 3 * A, k: D, a.attentionNormed.p, lda: D, parameters.matrix(weights.qkv, D * 3 * A), ldb: 3 * A,
      into: a.qkv.p, ldc: 3 * A)
    times.end(.projections)
    attend(a, weights, parameters)
    times.end(.attention)
    memcpy(a.middle.p, a.x.p, T * D * 4)
    times.end(.rest)
    products.multiply(
      m: T, n: D, k: A, a.attended.p, lda: A, parameters.matrix(weights.attentionOut, A * D), ldb: D,
      into: .float(a.middle.p), ldc: D, accumulate: true)
    times.end(.projections)
    norm(a.middle, parameters.vector(weights.mlpNorm, D), into: a.mlpNormed, a.mlpInverse)
    memcpy(output.p, a.middle.p, T * D * 4)
    times.end(.rest)
    products.multiply(
      m: T, n: F, k: D, a.mlpNormed.p, lda: D, parameters.matrix(weights.mlpIn, D * F), ldb: F, into: a.hidden.p,
      ldc: F, relu: true)
    products.multiply(
      m: T, n: D, k: F, a.hidden.p, lda: F, parameters.matrix(weights.mlpOut, F * D), ldb: D, into: .float(output.p),
      ldc: D,
      accumulate: true)
    times.end(.mlp)
  }

  /// x, weight: `[T, D]`, `[D]`.
  func norm(
    _ x: FloatBuffer, _ weight: UnsafePointer<Float>, into normed: OperandBuffer, _ inverse: FloatBuffer
  ) {
    kernels.rmsNorm(normed.p.float, normed.p.bfloat16, inverse.p, x.p, weight, Int32(rows), Int32(shape.dim))
  }
}

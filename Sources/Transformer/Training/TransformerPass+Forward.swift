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
      into: .float(a.qkv.p),
      ldc: 3 * A)
    times.end(.projections)
    attend(a, weights, parameters)
    times.end(.attention)
    memcpy(a.middle.p, a.x.p, T * D * 4)
    times.end(.rest)
    products.multiply(
      m: T, n: D, k: A, narrowedAttended.operand(a.attended, kernels), lda: A,
      parameters.matrix(weights.attentionOut, A * D),
      ldb: D, into: .float(a.middle.p), ldc: D, accumulate: true)
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
  private func norm(
    _ x: FloatBuffer, _ weight: UnsafePointer<Float>, into normed: OperandBuffer, _ inverse: FloatBuffer
  ) {
    kernels.rmsNorm(normed.p.float, normed.p.bfloat16, inverse.p, x.p, weight, Int32(rows), Int32(shape.dim))
  }

  private func attend(_ a: Layer, _ weights: ParameterLayout.Layer, _ parameters: Weights) {
    let (S, A, d) = (length, shape.attentionWidth, shape.headSize)
    expandBias(weights, parameters)
    let stride = (S + 15) / 16 * 16
    for n in 0..<sequences {
      for h in 0..<shape.heads {
        let (q, k, v) = headRows(a.qkv, sequence: n, head: h)
        kernels.transpose(keysT.at(0, d * stride), stride, k, 3 * A, Int32(S), Int32(d))
        kernels.attention(
          headRow(a.attended, sequence: n, head: h), A, q, 3 * A, keysT.p, stride, 64, v, 3 * A, bias.at(h * S, S),
          Int32(S), a.logSumExp.at((n * shape.heads + h) * S, S), 0, Int32(S), Int32(d))
      }
    }
  }

  /// Where the queries, keys and values of one head begin: S rows of d numbers, 3A apart.
  func headRows(_ qkv: FloatBuffer, sequence n: Int, head h: Int) -> (
    q: UnsafeMutablePointer<Float>, k: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>
  ) {
    let (A, d) = (shape.attentionWidth, shape.headSize), first = n * length * 3 * A + h * d
    func part(_ i: Int) -> UnsafeMutablePointer<Float> { qkv.at(first + i * A, (length - 1) * 3 * A + d) }
    return (part(0), part(1), part(2))
  }

  /// Where one head's part of attention's output begins: S rows of d numbers, A apart.
  func headRow(_ attended: FloatBuffer, sequence n: Int, head h: Int) -> UnsafeMutablePointer<Float> {
    let (A, d) = (shape.attentionWidth, shape.headSize)
    return attended.at(n * length * A + h * d, (length - 1) * A + d)
  }

  func expandBias(_ weights: ParameterLayout.Layer, _ parameters: Weights) {
    for h in 0..<shape.heads {
      RelativeBias.expand(
        parameters.vector(weights.relativeBias + h * RelativeBias.buckets, RelativeBias.buckets), length: length,
        into: bias.at(h * length, length))
    }
  }

  /// Final norm, logits, loss and, in training, their gradients, a block of rows at a time.
  /// - Parameter training: `own.x` becomes the gradient of `last`; the embedding's and the final norm's are written
  ///   to `all`.
  func head(
    _ parameters: Weights, targets: UnsafePointer<Int32>, zLoss: Float,
    training: (own: Gradients, all: FloatBuffer, scale: Float)?
  ) -> LossSums {
    let (D, V, T) = (shape.dim, shape.vocabulary, rows)
    let embedding = parameters.matrix(layout.embedding, V * D)
    let weight = parameters.vector(layout.finalNorm, D)
    let rootD = 1 / Float(D).squareRoot()
    for i in 0..<D { headWeight[i] = weight[i] * rootD }
    norm(last, headWeight.p, into: normed, inverse)
    times.end(.rest)
    var z = 0.0
    for row in stride(from: 0, to: T, by: logits.rows) {
      let count = min(logits.rows, T - row)
      products.multiply(
        m: count, n: V, k: D, normed.at(row * D, count * D), lda: D, embedding, transposeB: true, ldb: D,
        into: logits.room(rows: count), ldc: V)
      logits.crossEntropy(
        rows: count, targets: targets + row, zLoss: zLoss, scale: training?.scale ?? 0, nats: nats.at(row, count),
        z: &z, kernels: kernels)
      guard let training else { continue }
      products.multiply(
        m: count, n: D, k: V, logits.gradient(rows: count), lda: logits.gradientStride, embedding, ldb: D,
        into: .float(training.own.normed.at(row * D, count * D)), ldc: D)
      products.multiply(
        m: V, n: D, k: count, logits.gradient(rows: count), transposeA: true, lda: logits.gradientStride,
        normed.at(row * D, count * D), ldb: D, into: .float(training.all.at(layout.embedding, V * D)), ldc: D,
        accumulate: row > 0)
    }
    times.end(.head)
    if let (own, all, _) = training {
      own.x.zero()
      own.headWeight.zero()
      kernels.rmsNormBackward(
        own.x.p, own.headWeight.p, own.normed.p, last.p, headWeight.p, inverse.p, Int32(T), Int32(D))
      let finalNorm = all.at(layout.finalNorm, D)
      for i in 0..<D { finalNorm[i] += own.headWeight[i] * rootD }
      times.end(.rest)
    }
    return LossSums(nats: nats.values.reduce(0, +), z: z)
  }
}

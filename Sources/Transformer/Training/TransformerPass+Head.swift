import CKernels

/// The output layer: the embedding once more.
extension TransformerPass {
  /// What training asks of the output layer.
  struct HeadGradients {
    /// Its `x` becomes the gradient of `last`.
    let own: Gradients
    /// The embedding's and the final norm's are written here, laid out as the parameters.
    let all: ParameterGradients
    /// Of the sum of nats (and of log²Z times zLoss).
    let scale: Float
    let zLoss: Float
  }

  /// Final norm, logits, loss and, in training, their gradients, a block of rows at a time.
  func head(_ parameters: Weights, targets: UnsafePointer<Int32>, training: HeadGradients?) -> LossSums {
    let (D, T) = (shape.dim, rows)
    let weight = parameters.vector(layout.finalNorm, D)
    let rootD = 1 / Float(D).squareRoot()
    for i in 0..<D { headWeight[i] = weight[i] * rootD }
    norm(last, headWeight.p, into: normed, inverse)
    times.end(.rest)
    let z =
      switch logits {
      case .float(let block): losses(block, parameters, targets: targets, training: training)
      case .narrow(let block): losses(block, parameters, targets: targets, training: training)
      }
    times.end(.head)
    if let training {
      let own = training.own
      own.x.zero()
      own.headWeight.zero()
      kernels.rmsNormBackward(
        own.x.p, own.headWeight.p, own.normed.p, last.p, headWeight.p, inverse.p, Int32(T), Int32(D))
      let finalNorm = training.all.at(layout.finalNorm, D)
      for i in 0..<D { finalNorm[i] += own.headWeight[i] * rootD }
      times.end(.rest)
    }
    return LossSums(nats: nats.values.reduce(0, +), z: z)
  }

  /// Fills `nats` and, in training, own.normed and the embedding's gradient.
  /// - Returns: Σ log(Z)².
  private func losses(
    _ block: LogitBlock, _ parameters: Weights, targets: UnsafePointer<Int32>, training: HeadGradients?
  ) -> Double {
    let (D, V, T) = (shape.dim, shape.vocabulary, rows)
    let embedding = parameters.matrix(layout.embedding, V * D)
    var z = 0.0
    for row in stride(from: 0, to: T, by: block.rows) {
      let count = min(block.rows, T - row), normed = self.normed.at(row * D, count * D)
      products.multiply(
        m: count, n: V, k: D, normed, lda: D, embedding, transposeB: true, ldb: D,
        into: .float(block.room(rows: count)), ldc: V)
      block.crossEntropy(
        rows: count, targets: targets + row, zLoss: training?.zLoss ?? 0, scale: training?.scale ?? 0,
        nats: nats.at(row, count), z: &z, kernels: kernels)
      guard let training else { continue }
      let gradient = Operand.float(block.gradient(rows: count))
      products.multiply(
        m: count, n: D, k: V, gradient, lda: V, embedding, ldb: D,
        into: .float(training.own.normed.at(row * D, count * D)), ldc: D)
      products.multiply(
        m: V, n: D, k: count, gradient, transposeA: true, lda: V, normed, ldb: D,
        into: .float(training.all.at(layout.embedding, V * D)), ldc: D, accumulate: row > 0 || training.all.isBegun)
    }
    return z
  }

  /// The same on bfloat16 operands, a part of the vocabulary at a time. The gradient of row r's logits is factor[r] ·
  /// exponentials[r]; the factor goes into what the row's gradient is multiplied by.
  private func losses(
    _ block: NarrowLogits, _ parameters: Weights, targets: UnsafePointer<Int32>, training: HeadGradients?
  ) -> Double {
    let (D, V, T) = (shape.dim, shape.vocabulary, rows)
    let parts = stride(from: 0, to: V, by: block.columns).map { $0..<min(V, $0 + block.columns) }
    func embedding(_ part: Range<Int>) -> Operand {
      parameters.matrix(layout.embedding + part.lowerBound * D, part.count * D)
    }
    var z = 0.0
    for row in stride(from: 0, to: T, by: block.rows) {
      let count = min(block.rows, T - row), normed = self.normed.at(row * D, count * D), targets = targets + row
      for part in parts {
        let n = part.count
        products.multiply(
          m: count, n: n, k: D, normed, lda: D, embedding(part), transposeB: true, ldb: D,
          into: .float(block.logits.p), ldc: n)
        kernels.narrowSoftmax(
          block.exponentials.p, Int32(block.columns), Int32(block.rows), Int32(part.lowerBound), block.logits.p,
          Int32(count), Int32(n), targets, block.top.p, block.sum.p, block.targetLogit.p)
      }
      kernels.narrowLoss(
        block.exponentials.p, Int32(block.columns), Int32(block.rows), Int32(V), Int32(count), targets,
        training?.zLoss ?? 0, training?.scale ?? 0, block.top.p, block.sum.p, block.targetLogit.p, block.factor.p,
        nats.at(row, count), &z)
      guard let training, let operand = normed.bfloat16 else { continue }
      let gradient = training.own.normed.at(row * D, count * D)
      kernels.scaleRowsBF16(block.scaled.p, operand, block.factor.p, Int32(count), Int32(D))
      for part in parts {
        let n = part.count,
          exponentials = Operand.bfloat16(block.exponentials.at(part.lowerBound * block.rows, count * n))
        products.multiply(
          m: count, n: D, k: n, exponentials, lda: n, embedding(part), ldb: D, into: .float(gradient), ldc: D,
          accumulate: part.lowerBound > 0)
        products.multiply(
          m: n, n: D, k: count, exponentials, transposeA: true, lda: n, .bfloat16(block.scaled.p), ldb: D,
          into: .float(training.all.at(layout.embedding + part.lowerBound * D, n * D)), ldc: D,
          accumulate: row > 0 || training.all.isBegun)
      }
      kernels.scaleRows(gradient, block.factor.p, Int32(count), Int32(D))
    }
    return z
  }
}

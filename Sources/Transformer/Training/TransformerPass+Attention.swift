import CKernels

/// Attention, a head of a sequence at a time: in single precision or, for ``Precision/bf16``, on bfloat16 operands.
extension TransformerPass {
  /// a.qkv → a.attended and a.logSumExp.
  func attend(_ a: Layer, _ weights: ParameterLayout.Layer, _ parameters: Weights) {
    let (S, A, d) = (length, shape.attentionWidth, shape.headSize)
    expandBias(weights, parameters)
    forEachHead { n, h in
      let (bias, sums) = (self.bias.at(h * S, S), logSumExp(a, n, h))
      switch (a.qkv, a.attended) {
      case (.float(let qkv), .float(let attended)):
        let (q, k, v) = headRows(qkv, n, h), stride = (S + 15) / 16 * 16
        kernels.transpose(keysT.at(0, d * stride), stride, k, 3 * A, Int32(S), Int32(d))
        kernels.attention(
          headRow(attended, n, h), A, q, 3 * A, keysT.p, stride, 64, v, 3 * A, bias, Int32(S), sums, 0, Int32(S),
          Int32(d))
      case (.bfloat16(let qkv), .bfloat16(let attended)):
        let (q, k, v) = headRows(qkv, n, h)
        narrowAttention.forward(headRow(attended, n, h), A, q, k, v, 3 * A, bias, sums, Int32(S), Int32(d))
      default: preconditionFailure("buffers of two precisions")
      }
    }
  }

  /// own.attended → the gradients of queries, keys and values in own.qkv.
  func backwardAttention(
    _ a: Layer, _ weights: ParameterLayout.Layer, _ parameters: Weights, _ own: Gradients,
    _ all: ParameterGradients
  ) {
    let (S, A, H, d) = (length, shape.attentionWidth, shape.heads, shape.headSize)
    expandBias(weights, parameters)
    own.bias.zero()
    forEachHead { n, h in
      let (bias, biasGradient, sums) = (self.bias.at(h * S, S), own.bias.at(h * S, S), logSumExp(a, n, h))
      switch (a.qkv, own.qkv, a.attended, own.attended) {
      case (.float(let qkv), .float(let gradient), .float(let out), .float(let dOut)):
        let (q, k, v) = headRows(qkv, n, h), (dq, dk, dv) = headRows(gradient, n, h)
        kernels.attentionBackward(
          dq, dk, dv, biasGradient, q, k, v, 3 * A, headRow(out, n, h), headRow(dOut, n, h), A, bias, sums,
          Int32(S), Int32(d))
      case (.bfloat16(let qkv), .bfloat16(let gradient), .bfloat16(let out), .bfloat16(let dOut)):
        let (q, k, v) = headRows(qkv, n, h), (dq, dk, dv) = headRows(gradient, n, h)
        narrowAttention.backward(
          dq, dk, dv, biasGradient, q, k, v, 3 * A, headRow(out, n, h), headRow(dOut, n, h), A, bias, sums,
          Int32(S), Int32(d))
      default: preconditionFailure("buffers of two precisions")
      }
    }
    for h in 0..<H {
      let table = all.at(weights.relativeBias + h * RelativeBias.buckets, RelativeBias.buckets)
      for t in 0..<S { table[RelativeBias.bucket(distance: t)] += own.bias[h * S + S - 1 - t] }
    }
  }

  private func forEachHead(_ body: (_ sequence: Int, _ head: Int) -> Void) {
    for n in 0..<sequences { for h in 0..<shape.heads { body(n, h) } }
  }

  /// Where the queries, keys and values of one head begin: S rows of d numbers, 3A apart.
  private func headRows<Number>(_ qkv: Buffer<Number>, _ n: Int, _ h: Int) -> (
    q: UnsafeMutablePointer<Number>, k: UnsafeMutablePointer<Number>, v: UnsafeMutablePointer<Number>
  ) {
    let (A, d) = (shape.attentionWidth, shape.headSize), first = n * length * 3 * A + h * d
    func part(_ i: Int) -> UnsafeMutablePointer<Number> { qkv.at(first + i * A, (length - 1) * 3 * A + d) }
    return (part(0), part(1), part(2))
  }

  /// Where one head's part of attention's output begins: S rows of d numbers, A apart.
  private func headRow<Number>(_ attended: Buffer<Number>, _ n: Int, _ h: Int) -> UnsafeMutablePointer<Number> {
    let (A, d) = (shape.attentionWidth, shape.headSize)
    return attended.at(n * length * A + h * d, (length - 1) * A + d)
  }

  private func logSumExp(_ a: Layer, _ n: Int, _ h: Int) -> UnsafeMutablePointer<Float> {
    a.logSumExp.at((n * shape.heads + h) * length, length)
  }

  private func expandBias(_ weights: ParameterLayout.Layer, _ parameters: Weights) {
    for h in 0..<shape.heads {
      RelativeBias.expand(
        parameters.vector(weights.relativeBias + h * RelativeBias.buckets, RelativeBias.buckets), length: length,
        into: bias.at(h * length, length))
    }
  }
}

import Support

extension Model {
  /// Nats of each example under the model. The stream of all examples' tokens is cut into sequences, each begun by BOS,
  /// the last one short; an example may lie in several, and a sequence may hold several examples.
  ///
  /// The same bits for any number of threads, but for ``Precision/exact`` not on every machine.
  ///
  /// - Parameters:
  ///   - tokens: token i of the stream, called once for each i, from any thread.
  ///   - exampleTokenCounts: of each example in order. Their sum is what is read of the stream.
  ///   - sequenceLength: tokens of a sequence, as in training.
  ///   - precision: see ``Precision/forScores``.
  /// - Returns: a number an example, at least 0; Σ −ln p(token).
  /// - Throws: ``TransformerError/tokenOutOfRange(_:vocabulary:)``, ``TransformerError/notANumber(example:)``,
  ///   ``TransformerError/backend(_:)``.
  public func nats(
    of tokens: @Sendable (Int) -> Int32, exampleTokenCounts: [Int], sequenceLength: Int, precision: Precision,
    threads: Int
  ) throws -> [Double] {
    precondition(exampleTokenCounts.allSatisfy { $0 >= 0 } && sequenceLength > 0, "counts are not negative")
    let all = try tokenNats(
      tokens, count: exampleTokenCounts.reduce(0, +), sequenceLength: sequenceLength, precision: precision,
      threads: threads)
    var start = 0
    return try exampleTokenCounts.enumerated().map { example, count in
      defer { start += count }
      let sum = all.slice(start, count).reduce(0, +)
      guard sum.isFinite else { throw TransformerError.notANumber(example: example) }
      return sum
    }
  }

  /// Nats of each token of a stream.
  private func tokenNats(
    _ tokens: @Sendable (Int) -> Int32, count: Int, sequenceLength S: Int, precision: Precision, threads: Int
  ) throws -> Buffer<Double> {
    let result = Buffer<Double>(count)
    let products = try MatrixProduct(precision)
    let weights = WeightStore(parameters, precision).weights(threads: threads)  // read by all
    let group = max(1, min(8, 4096 / S))  // sequences of a pass
    let groups = (count + group * S - 1) / (group * S)
    // Each thread takes a contiguous run of groups, so that it makes its buffers once.
    let parts = min(threads, groups)
    let shape = shape
    _ = try parallelMap(parts, threads: threads) { part in
      let pass = TransformerPass(shape: shape, sequences: group, length: S, products: products, backward: false)
      let inputs = TokenBuffer(group * S), targets = TokenBuffer(group * S)
      for start in (groups * part / parts..<groups * (part + 1) / parts).map({ $0 * group * S }) {
        let scored = min(group * S, count - start)
        for row in 0..<group * S {
          targets[row] = row < scored ? tokens(start + row) : -1
          inputs[row] = row % S == 0 || row >= scored ? shape.bos : targets[row - 1]
        }
        try checkTokens(targets.slice(0, scored), vocabulary: shape.vocabulary)
        _ = pass.score(parameters: weights, inputs: inputs.p, targets: targets.p)
        result.at(start, scored).update(from: pass.nats.p, count: scored)  // groups are disjoint
      }
    }
    return result
  }
}

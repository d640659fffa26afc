extension Trainer {
  /// The mean loss (z-loss included) of one batch and its gradient, without an update: what oracles compute elsewhere.
  /// - Parameter tokens: `[batch, sequenceLength]`.
  package func lossAndGradient(tokens: [Int32]) throws -> (loss: Double, gradient: FloatBuffer) {
    let (B, S) = (options.batch, options.sequenceLength)
    precondition(tokens.count == B * S, "tokens of one batch")
    for (row, token) in tokens.enumerated() { targets[row] = token }
    try prepareInputs()
    var total = LossSums()
    for s in shards.indices {
      total += shards[s].value.run(
        sequences: sequences[s].count, parameters: store.weights(threads: 1), gradients: gradients[s],
        inputs: inputs.at(sequences[s].lowerBound * S, sequences[s].count * S),
        targets: targets.at(sequences[s].lowerBound * S, sequences[s].count * S), gradientScale: 1 / Float(B * S),
        zLoss: Float(options.zLoss))
    }
    _ = gradients.gather(threads: 1)
    return ((total.nats + options.zLoss * total.z) / Double(B * S), gradients[0])
  }
}

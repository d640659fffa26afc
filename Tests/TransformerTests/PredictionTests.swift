import Testing

@testable import Transformer

private let shape = ModelShape(dim: 32, heads: 2, layers: 2, headSize: 16, mlp: 64, vocabulary: 7)
private let sequences: [[Int32]] = [
  (0..<12).map { (i: Int) -> Int32 in Int32((i * i + 3 * i) % 7) }, [3], [],
  (0..<5).map { (i: Int) -> Int32 in Int32(i) },
]

/// The nats that scoring gives, and of every token in the place the likeliest costs the fewest.
@Test func predictionsAreTheScores() throws {
  let model = Model(shape: shape, seed: 9)
  let found = try model.predictions(of: sequences, threads: 1)
  #expect(found.map(\.count) == [12, 1, 0, 5])
  #expect(try model.predictions(of: sequences, threads: 3) == found)
  for (sequence, predictions) in zip(sequences, found) {
    func nats(_ place: Int, as token: Int32) throws -> Double {
      try model.nats(
        of: { $0 == place ? token : sequence[$0] }, exampleTokenCounts: sequence.map { _ in 1 }, sequenceLength: 12,
        precision: .exact, threads: 1)[place]
    }
    for place in sequence.indices {
      let costs = try (0..<7).map { try nats(place, as: Int32($0)) }
      // Keys and values are kept in bfloat16 here, and in single precision where models are scored.
      #expect(abs(predictions[place].nats - costs[Int(sequence[place])]) < 2e-2)
      #expect(costs[Int(predictions[place].likeliest)] <= (costs.min() ?? 0) + 2e-2)
    }
  }
}

@Test func foreignTokensHaveNoPrediction() throws {
  #expect(throws: TransformerError.tokenOutOfRange(7, vocabulary: 7)) {
    try Model(shape: shape, seed: 9).predictions(of: [[1, 7]], threads: 1)
  }
}

/// Sequences of which only a part is to be learned.
private struct Answers: SequenceSource {
  let scored: Range<Int>?
  /// What the tokens are from here on; before, they count up.
  var changed: Int?
  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>) {
    for t in out.indices { out[t] = Int32((t + index) % 7) }
    if let changed { for t in changed..<out.count { out[t] = 0 } }
  }
  func scoredPositions(_ index: Int) -> Range<Int>? { scored }
}

@Suite struct TargetTests {
  private func losses(_ source: Answers, steps: Int = 3) throws -> [Double] {
    var options = TrainingOptions()
    (options.batch, options.sequenceLength, options.precision, options.warmup) = (4, 10, .exact, 0)
    let trainer = try Trainer(shape: shape, options: options, totalSteps: 10, seed: 2, threads: 1)
    return try (0..<steps).map { _ in try trainer.step(from: source).lossNats }
  }

  @Test func allTokensAreLearnedUnlessASourceSaysOtherwise() throws {
    #expect(try losses(Answers(scored: nil)) == losses(Answers(scored: 0..<10)))
    #expect(try losses(Answers(scored: 3..<6)) != losses(Answers(scored: nil)))
  }

  /// What comes after the part that is learned changes neither its loss nor the weights.
  @Test func whatIsNotScoredChangesNothing() throws {
    #expect(try losses(Answers(scored: 2..<5)) == losses(Answers(scored: 2..<5, changed: 5)))
    #expect(try losses(Answers(scored: 2..<5)) != losses(Answers(scored: 2..<5, changed: 4)))
  }

  /// The loss is the mean over what is scored: before any update that of scoring those tokens.
  @Test func theLossIsTheMeanOverTheAnswers() throws {
    let source = Answers(scored: 2..<5), model = Model(shape: shape, seed: 2)
    var total = 0.0
    for index in 0..<4 {
      var tokens = [Int32](repeating: 0, count: 10)
      tokens.withUnsafeMutableBufferPointer { source.sequence(index, into: $0) }
      let all = tokens
      let nats = try model.nats(
        of: { all[$0] }, exampleTokenCounts: all.map { _ in 1 }, sequenceLength: 10, precision: .exact, threads: 1)
      total += nats[2..<5].reduce(0, +)
    }
    #expect(abs(try losses(source, steps: 1)[0] - total / 12) < 1e-9)
  }
}

@Suite struct WideningTests {
  /// New ids change nothing of what the others' logits are.
  @Test func theOldIdsKeepTheirWeights() throws {
    let model = Model(shape: shape, seed: 9), wider = model.widened(to: 11, seed: 4)
    #expect(wider.shape.vocabulary == 11 && model.widened(to: 7, seed: 4).shape == shape)
    let layout = ParameterLayout(shape), wide = ParameterLayout(wider.shape)
    for i in 0..<7 * shape.dim {
      #expect(wider.parameters[wide.embedding + i] == model.parameters[layout.embedding + i])
    }
    // BOS is the last row of both.
    for i in 0..<shape.dim {
      let old = layout.embedding + 7 * shape.dim + i, new = wide.embedding + 11 * shape.dim + i
      #expect(wider.parameters[new] == model.parameters[old])
    }
    let a = try model.predictions(of: sequences, threads: 1), b = try wider.predictions(of: sequences, threads: 1)
    // The softmax is over more, so that every token costs more.
    for (x, y) in zip(a.joined(), b.joined()) { #expect(y.nats > x.nats) }
  }

  @Test func trainingGoesOnFromGivenWeights() throws {
    let model = Model(shape: shape, seed: 9)
    var options = TrainingOptions()
    (options.batch, options.sequenceLength, options.precision) = (4, 10, .exact)
    let given = try Trainer(shape: shape, options: options, totalSteps: 10, seed: 1, threads: 1, initial: model)
    let fresh = try Trainer(shape: shape, options: options, totalSteps: 10, seed: 9, threads: 1)
    let source = Answers(scored: nil)
    #expect(try given.step(from: source).lossNats == fresh.step(from: source).lossNats)
    let before = model.parameters[0]
    _ = try given.step(from: source)
    #expect(model.parameters[0] == before, "the given weights are copied")
  }
}

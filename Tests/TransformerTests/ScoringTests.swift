import Foundation
import Testing

@testable import Transformer

private let shape = ModelShape(dim: 32, heads: 2, layers: 2, headSize: 16, mlp: 64, vocabulary: 19)
private let tokens: [Int32] = (0..<1234).map { (i: Int) -> Int32 in Int32((i * i + 3 * i) % 19) }
private let counts = [100, 0, 7, 1, 1000, 126]

private func score(_ model: Model, counts: [Int] = counts, precision: Precision = .exact, threads: Int = 1) throws
  -> [Double]
{
  try model.nats(
    of: { tokens[$0] }, exampleTokenCounts: counts, sequenceLength: 50, precision: precision, threads: threads)
}

/// A trainer's loss is the mean of the same nats, over whole sequences.
@Test func natsAreTheTrainingLossOfTheSameSequences() throws {
  let model = Model(shape: shape, seed: 9)
  var options = TrainingOptions()
  (options.batch, options.sequenceLength, options.precision, options.zLoss) = (24, 50, .exact, 0)
  let trainer = try Trainer(shape: shape, options: options, totalSteps: 1, seed: 9, threads: 1)
  let loss = try trainer.lossAndGradient(tokens: Array(tokens.prefix(1200))).loss
  let nats = try score(model, counts: [700, 500])
  #expect(abs(nats.reduce(0, +) / 1200 - loss) < 1e-9)
  #expect(nats[0] > 700 && nats[1] > 500)
}

@Test(arguments: availablePrecisions)
func natsOfExamplesAddUpHoweverTheStreamIsCut(precision: Precision) throws {
  let model = Model(shape: shape, seed: 9)
  let nats = try score(model, precision: precision)
  #expect(nats.count == counts.count && nats[1] == 0 && nats[3] > 0)
  #expect(try score(model, precision: precision, threads: 3) == nats)
  // The same stream as other examples: the same tokens, so the same sum.
  let whole = try score(model, counts: [1234], precision: precision)
  #expect(abs(nats.reduce(0, +) - whole[0]) <= 1e-12 * whole[0])
  #expect(try score(model, counts: [], precision: precision) == [])
  #expect(try score(model, counts: [0], precision: precision) == [0])
}

/// One NaN among a row's logits makes a loss that is no number, and the example is named.
@Test func aNaNNamesItsExample() throws {
  let model = Model(shape: shape, seed: 9)
  let layout = ParameterLayout(shape)
  model.parameters[layout.embedding + 5 * shape.dim] = .nan  // token 5's logit in every row
  #expect(throws: TransformerError.notANumber(example: 0)) { try score(model) }
  #expect(throws: TransformerError.notANumber(example: 2)) { try score(model, counts: [0, 0, 5]) }
}

@Test func tokensOutOfRangeAreRefused() throws {
  #expect(throws: TransformerError.tokenOutOfRange(18, vocabulary: 18)) {
    var small = shape
    small.vocabulary = 18
    _ = try score(Model(shape: small, seed: 1))
  }
}

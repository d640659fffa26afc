import Support
import Tokenizers
import Transformer

/// How long something takes.
package enum BenchClock: String, Codable, Sendable {
  case wall
  /// Processor time of all threads, over their number: for a machine that others use too. Waiting does not count.
  case processor

  func seconds(threads: Int, _ body: () throws -> Void) rethrows -> Double {
    try self == .wall ? secondsOf(body) : processorSecondsOf(body) / Double(threads)
  }
}

/// FLOPs a second of matrix products of order `n` on so many threads at once, each its own; the best of several.
package func measuredMatrixFLOPs(
  precision: Precision, order n: Int = 384, threads: Int = 1, clock: BenchClock = .wall, rounds: Int = 12
) throws -> Double {
  let products = try MatrixProduct(precision)
  let operands = (0..<threads).map { _ in
    (OperandBuffer(n * n, precision), OperandBuffer(n * n, precision), FloatBuffer(n * n))
  }
  let repeats = max(1, 100_000_000 / (n * n * n))
  func round() -> Double {
    clock.seconds(threads: threads) {
      parallelFor(threads, threads: threads) { t in
        let (a, b, c) = operands[t]
        for _ in 0..<repeats {
          products.multiply(m: n, n: n, k: n, a.p, lda: n, b.p, ldb: n, into: .float(c.p), ldc: n)
        }
      }
    }
  }
  let best = (0..<rounds).reduce(Double.infinity) { best, _ in min(best, round()) }
  return 2 * Double(n * n * n) * Double(repeats * threads) / best
}

/// Training FLOPs a second (``FLOPsConvention/all``) that this machine reaches: steps of the laptop size, as many
/// sequences for each of the min(threads, shards) that train. For estimates of how long a run takes.
/// - Throws: `TransformerError.backend` where this machine has no such precision.
package func measuredTrainingFLOPs(precision: Precision, threads: Int, shards: Int) throws -> Double {
  let workers = max(1, min(threads, shards))
  var options = TrainingOptions()
  (options.batch, options.sequenceLength, options.shards, options.precision) = (4 * workers, 256, workers, precision)
  let shape = try benchShape("1m", vocabulary: 256)
  let step = try measuredStep(shape: shape, options: options, threads: workers, seconds: 0)
  let flopsPerToken = FLOPsConvention.all.trainingPerToken(shape, sequenceLength: options.sequenceLength)
  return flopsPerToken * Double(options.batch * options.sequenceLength) / step.seconds
}

extension NeuralByteModel {
  /// FLOPs a second (``FLOPsConvention/all``) of one thread's exact forward passes: `batch` texts of `length` bytes, in
  /// pieces of `piece` bytes each (`length` for one shot, 1 for step by step), logits after every byte.
  package func measuredForwardFLOPs(batch: Int, length: Int, piece: Int) -> Double {
    let streams = InferenceStreams(inference, count: batch)
    var generator = SeededGenerator(seed: 1)
    let text = (0..<length).map { _ in Int32(generator.below(96) + 32) }
    var best = Double.infinity
    for _ in 0..<4 {
      for stream in 0..<batch { streams.restart(stream) }
      let seconds = secondsOf {
        for start in stride(from: 0, to: length, by: piece) {
          let tokens = Array(text[start..<min(length, start + piece)])
          streams.advance((0..<batch).map { .init(stream: $0, tokens: tokens, keep: tokens.count) })
        }
      }
      best = min(best, seconds)
    }
    // BOS at position 0 was evaluated before: the bytes are at 1 … length.
    let convention = FLOPsConvention.all
    let all = convention.forwardPerToken(model.shape, sequenceLength: length + 1) * Double(length + 1)
    return Double(batch) * (all - convention.forwardPerToken(model.shape, sequenceLength: 1)) / best
  }
}

/// How fast a training step of one shape is, and where its time goes.
package struct StepMeasurement: Sendable {
  /// The best step.
  package let seconds: Double
  /// Thread-seconds of each phase, of all measured steps, as shares of their sum.
  package let shares: [Phase: Double]
}

/// Runs training steps on random tokens: one to warm up, then until `seconds` have passed, at least three.
package func measuredStep(
  shape: ModelShape, options: TrainingOptions, threads: Int, seconds: Double, clock: BenchClock = .wall
) throws -> StepMeasurement {
  let trainer = try Trainer(shape: shape, options: options, totalSteps: 1_000_000, seed: 1, threads: threads)
  let source = RandomTokens(vocabulary: shape.vocabulary)
  _ = try trainer.step(from: source)
  trainer.resetTimes()
  var best = Double.infinity
  var total = 0.0
  var count = 0
  while total < seconds || count < 3 {
    let time = try clock.seconds(threads: threads) { _ = try trainer.step(from: source) }
    best = min(best, time)
    total += time
    count += 1
  }
  let times = trainer.times
  let sum = times.reduce(0, +)
  return StepMeasurement(
    seconds: best,
    shares: Dictionary(uniqueKeysWithValues: Phase.allCases.map { ($0, times[$0.rawValue] / sum) }))
}

private struct RandomTokens: SequenceSource {
  let vocabulary: Int
  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>) {
    var generator = SeededGenerator(seed: UInt64(index))
    for t in out.indices { out[t] = Int32(generator.below(vocabulary)) }
  }
}

import CKernels
import Metrics
import Tokenizers

/// Seconds that `body` takes.
public func secondsOf(_ body: () throws -> Void) rethrows -> Double {
  let time = try ContinuousClock().measure(body)
  return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
}

/// FLOPs a second of one thread's matrix products of order `n`, the best of twenty.
public func measuredMatrixFLOPs(precision: Precision, order n: Int = 384) throws -> Double {
  let products = try MatrixProduct(precision)
  let a = FloatBuffer(n * n), b = FloatBuffer(n * n), c = FloatBuffer(n * n)
  let best = (0..<20).reduce(Double.infinity) { best, _ in
    min(best, secondsOf { products.multiply(m: n, n: n, k: n, a.p, lda: n, b.p, ldb: n, into: c.p, ldc: n) })
  }
  return 2 * Double(n * n * n) / best
}

/// The kernel set in use and the most FLOPs a second that one thread's fused multiply-adds reach with it, on registers
/// alone.
public func measuredFMAPeak() -> (kernelSet: String, flops: Double) {
  let kernels = ck_kernels().pointee
  var sink: [Float] = [0.999, 0.001, 0]
  let rounds = 2_000_000
  var best = 0.0
  for _ in 0..<8 {
    var chains: Int32 = 0
    let seconds = secondsOf { chains = kernels.fmaBurst(rounds, &sink) }
    best = max(best, 32 * Double(rounds) * Double(chains) / seconds)
  }
  return (String(cString: kernels.name), best)
}

extension NeuralByteModel {
  /// FLOPs a second (``FLOPsConvention/all``) of one thread's exact forward passes: `batch` texts of `length` bytes, in
  /// pieces of `piece` bytes each (`length` for one shot, 1 for step by step), logits after every byte.
  public func measuredForwardFLOPs(batch: Int, length: Int, piece: Int) -> Double {
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

import CKernels
import Support

/// Adam with decoupled weight decay, β₁ 0.9, β₂ of the options, ε 1e-8.
/// - Source: Loshchilov & Hutter 2019, algorithm 2.
struct AdamW: Optimizer {
  private let firstMoment: FloatBuffer  // as the parameters lie
  private let secondMoment: FloatBuffer
  private let chunks: [ParameterLayout.Chunk]
  private let rates: [Double]  // of each chunk, over the base rate
  private let weightDecay: Float
  private let beta2: Double
  private let kernels = ck_kernels().pointee

  init(_ layout: ParameterLayout, _ options: TrainingOptions) {
    firstMoment = FloatBuffer(layout.count)
    secondMoment = FloatBuffer(layout.count)
    chunks = layout.chunks
    rates = chunks.map { options.rate(of: $0.tensor, dim: layout.dim) }
    weightDecay = Float(options.weightDecay)
    beta2 = options.beta2
  }

  var moments: [(name: String, values: FloatBuffer)] { [("firstMoment", firstMoment), ("secondMoment", secondMoment)] }

  func update(
    _ parameters: FloatBuffer, gradients: FloatBuffer, gradientScale: Double, learningRate: Double, step: Int,
    threads: Int
  ) {
    let correction1 = Float(1 - power(0.9, step + 1)), correction2 = Float(1 - power(beta2, step + 1))
    parallelFor(chunks.count, threads: threads) { c in  // chunks are disjoint
      let (offset, count) = (chunks[c].offset, chunks[c].count)
      kernels.adamW(
        parameters.at(offset, count), firstMoment.at(offset, count), secondMoment.at(offset, count),
        gradients.at(offset, count), count, Float(gradientScale), Float(learningRate * rates[c]), 0.9,
        Float(beta2), 1e-8,
        chunks[c].tensor.isMatrix ? weightDecay : 0, correction1, correction2)
    }
  }
}

/// base to the n, n ≥ 0, by squaring: products alone, so that every machine gets the same bits.
func power(_ base: Double, _ n: Int) -> Double {
  var (result, square, left) = (1.0, base, n)
  while left > 0 {
    if left & 1 == 1 { result *= square }
    square *= square
    left >>= 1
  }
  return result
}

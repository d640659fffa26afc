import CKernels
import Support
import Tokenizers

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How the learning rate moves over a run.
public enum Schedule: String, Sendable, CaseIterable, Codable {
  /// Linear warm-up, then linearly to 0 at the last step.
  case linear
  /// Linear warm-up, then a half cosine to a tenth.
  case cosine
  /// base / √max(step, warmup): the paper's, for Adafactor.
  case rsqrt
  /// Linear warm-up, then constant.
  case constant

  /// The factor on the base learning rate at a step counted from 0. Warm-up takes at most a tenth of the steps, but for
  /// `rsqrt`, which does not know them.
  public func factor(step: Int, steps: Int, warmup: Int) -> Double {
    if self == .rsqrt { return 1 / Double(max(step + 1, max(warmup, 1))).squareRoot() }
    let warmup = min(warmup, steps / 10)  // a short run is not all warm-up
    if step < warmup { return Double(step + 1) / Double(warmup) }
    let progress = Double(step - warmup) / Double(max(1, steps - warmup))
    switch self {
    case .linear: return max(0, 1 - progress)
    case .cosine: return 0.1 + 0.9 * 0.5 * (1 + cos(Double.pi * min(1, progress)))
    case .constant, .rsqrt: return 1
    }
  }
}

public enum OptimizerKind: String, Sendable, CaseIterable, Codable {
  /// Loshchilov & Hutter 2019: β₁ 0.9, β₂ 0.95, ε 1e-8.
  case adamw
  /// Shazeer & Stern 2018: factored second moments, no momentum, updates clipped at 1 and scaled by the parameter.
  case adafactor
}

/// The optimiser's state over one flat parameter buffer, and its step.
package final class Optimizer: Sendable {
  let kind: OptimizerKind
  let layout: ParameterLayout
  let weightDecay: Float
  let kernels = ck_kernels().pointee
  /// adamw: first and second moments, as parameters lie. adafactor: row and column means, vectors' second moments.
  package let first: FloatBuffer
  package let second: FloatBuffer
  private let chunks: [(offset: Int, count: Int, decays: Bool)]
  private let chunkSums: Buffer<Double>  // scratch: each chunk's sum of squares
  private let factors: [FloatBuffer]  // scratch of adafactor, a tensor each: 1/√ of row and column means

  package init(_ kind: OptimizerKind, layout: ParameterLayout, weightDecay: Double) {
    self.kind = kind
    self.layout = layout
    self.weightDecay = Float(weightDecay)
    first = FloatBuffer(layout.count)
    second = FloatBuffer(kind == .adamw ? layout.count : 0)
    factors = kind == .adamw ? [] : layout.tensors.map { FloatBuffer($0.shape.reduce(0, +) + 64) }
    var chunks: [(Int, Int, Bool)] = []
    for tensor in layout.tensors {
      for start in stride(from: 0, to: tensor.count, by: 1 << 16) {
        chunks.append((tensor.offset + start, min(1 << 16, tensor.count - start), tensor.isMatrix))
      }
    }
    self.chunks = chunks
    chunkSums = Buffer<Double>(chunks.count)
  }

  /// Adds the shards' gradients, in order, into the first; returns the norm of the sum. The same for any thread count:
  /// chunks are fixed, and their sums are added in order.
  package func gather(_ gradients: GradientShards, threads: Int) -> Double {
    let (kernels, chunks, sums) = (kernels, chunks, chunkSums)
    parallelFor(chunks.count, threads: threads) { c in
      let chunk = chunks[c]
      sums.p[c] = kernels.sumShards(gradients.pointers.p, Int32(gradients.shards.count), chunk.offset, chunk.count)
    }
    return sums.values.reduce(0, +).squareRoot()
  }

  /// One step. `step` counts from 0; `gradientScale` multiplies the gradients (clipping).
  package func step(
    _ step: Int, parameters: FloatBuffer, gradients: FloatBuffer, gradientScale: Double, learningRate: Double,
    threads: Int
  ) {
    switch kind {
    case .adamw:
      let correction1 = Float(1 - pow(0.9, Double(step + 1))), correction2 = Float(1 - pow(0.95, Double(step + 1)))
      let (first, second, kernels, chunks, decay) = (first, second, kernels, chunks, weightDecay)
      parallelFor(chunks.count, threads: threads) { c in  // chunks are disjoint
        let chunk = chunks[c]
        kernels.adamW(
          parameters.p + chunk.offset, first.p + chunk.offset, second.p + chunk.offset, gradients.p + chunk.offset,
          chunk.count, Float(gradientScale), Float(learningRate), 0.9, 0.95, 1e-8, chunk.decays ? decay : 0,
          correction1, correction2)
      }
    case .adafactor:
      let decay = Float(1 - pow(Double(step + 1), -0.8))
      parallelFor(layout.tensors.count, threads: threads) { t in  // tensors are disjoint
        adafactor(
          t, parameters: parameters, gradients: gradients, scale: Float(gradientScale), decay: step == 0 ? 0 : decay,
          learningRate: learningRate)
      }
    }
  }

  private func adafactor(
    _ index: Int, parameters: FloatBuffer, gradients: FloatBuffer, scale: Float, decay: Float, learningRate: Double
  ) {
    let tensor = layout.tensors[index]
    let w = parameters.p + tensor.offset, g = gradients.p + tensor.offset
    let rows = tensor.isMatrix ? tensor.shape[0] : 1
    let columns = tensor.isMatrix ? tensor.shape[1] : tensor.count
    let state = first.p + tensor.offset  // rows then columns; a vector only columns
    let rowFactor = factors[index].p, columnFactor = rowFactor + (rows + 15) / 16 * 16
    kernels.adafactorMoments(g, Int32(rows), Int32(columns), scale, rowFactor, columnFactor)
    if tensor.isMatrix {
      var mean: Float = 0
      for r in 0..<rows {
        state[r] = decay * state[r] + (1 - decay) * rowFactor[r]
        mean += state[r]
      }
      mean /= Float(rows)
      for r in 0..<rows { rowFactor[r] = 1 / (state[r] / mean).squareRoot() }
    } else {
      rowFactor[0] = 1
    }
    let columnState = state + (tensor.isMatrix ? rows : 0)
    for c in 0..<columns {
      columnState[c] = decay * columnState[c] + (1 - decay) * columnFactor[c]
      columnFactor[c] = 1 / columnState[c].squareRoot()
    }
    let count = Double(tensor.count)
    let norm = (kernels.adafactorNorm(g, Int32(rows), Int32(columns), scale, rowFactor, columnFactor) / count)
      .squareRoot()
    let size = max(1e-3, (kernels.sumSquares(w, tensor.count) / count).squareRoot())
    let step = learningRate * size / max(1, norm)
    kernels.adafactorApply(w, g, Int32(rows), Int32(columns), scale, rowFactor, columnFactor, Float(step))
  }
}

/// Each shard's gradients, laid out as the parameters are.
package struct GradientShards: Sendable {
  package let shards: [FloatBuffer]
  /// Where they lie, as the kernels want it.
  let pointers: Buffer<UnsafeMutablePointer<Float>>

  init(count: Int, parameters: Int) {
    shards = (0..<count).map { _ in FloatBuffer(parameters) }
    pointers = Buffer(count)
    for (s, shard) in shards.enumerated() { pointers.p[s] = shard.p }
  }
  subscript(s: Int) -> FloatBuffer { shards[s] }
}

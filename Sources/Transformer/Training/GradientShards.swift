import CKernels
import Support

/// Each shard's gradients, laid out as the parameters are.
struct GradientShards: Sendable {
  private let shards: [FloatBuffer]
  private let pointers: Buffer<UnsafeMutablePointer<Float>>  // where they lie, as the kernels want it
  private let chunks: [ParameterLayout.Chunk]
  private let chunkSums: Buffer<Double>  // scratch: each chunk's sum of squares
  private let kernels = ck_kernels().pointee

  init(count: Int, layout: ParameterLayout) {
    shards = (0..<count).map { _ in FloatBuffer(layout.count) }
    pointers = Buffer(count)
    for (s, shard) in shards.enumerated() { pointers[s] = shard.p }
    chunks = layout.chunks
    chunkSums = Buffer(chunks.count)
  }

  subscript(s: Int) -> FloatBuffer { shards[s] }

  /// Adds the shards' gradients, in order, into the first; returns the norm of the sum. The same for any thread count:
  /// chunks are fixed, and their sums are added in order.
  func gather(threads: Int) -> Double {
    parallelFor(chunks.count, threads: threads) { c in  // chunks are disjoint
      chunkSums[c] = kernels.sumShards(pointers.p, Int32(shards.count), chunks[c].offset, chunks[c].count)
    }
    return chunkSums.values.reduce(0, +).squareRoot()
  }
}

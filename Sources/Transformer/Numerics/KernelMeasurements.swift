import CKernels
import Support

/// The kernel set in use and the most FLOPs a second that one thread's fused multiply-adds reach with it, on registers
/// alone.
package func measuredFMAPeak() -> (kernelSet: String, flops: Double) {
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

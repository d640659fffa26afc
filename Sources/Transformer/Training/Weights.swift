import CKernels
import Support

/// The parameters as a pass reads them: floats and, for ``Precision/bf16``, a bfloat16 copy of them all.
package struct Weights {
  let float: UnsafeMutablePointer<Float>
  let bfloat16: UnsafeMutablePointer<UInt16>?

  /// The matrix at an offset of the layout, as products read it.
  subscript(offset: Int) -> Operand { bfloat16.map { .bfloat16($0 + offset) } ?? .float(float + offset) }
}

/// Floats with, for ``Precision/bf16``, room for their bfloat16 copy.
package struct WeightStore: Sendable {
  private let parameters: FloatBuffer
  private let copy: BFloat16Buffer?

  package init(_ parameters: FloatBuffer, _ precision: Precision) {
    self.parameters = parameters
    copy = precision == .bf16 ? BFloat16Buffer(parameters.count) : nil
  }

  /// The weights as they are now. Valid while this store lives.
  package func weights(threads: Int) -> Weights {
    if let copy {
      let chunk = 1 << 16, count = parameters.count, kernels = ck_kernels().pointee
      parallelFor((count + chunk - 1) / chunk, threads: threads) { c in  // disjoint parts
        kernels.narrow(copy.p + c * chunk, parameters.p + c * chunk, min(chunk, count - c * chunk))
      }
    }
    return Weights(float: parameters.p, bfloat16: copy?.p)
  }
}

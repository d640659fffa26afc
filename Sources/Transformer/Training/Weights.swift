import CKernels
import Support

/// The parameters as a pass reads them: floats and, for ``Precision/bf16``, a bfloat16 copy of them all.
package struct Weights: Sendable {
  fileprivate let floats: FloatBuffer
  fileprivate let copy: BFloat16Buffer?

  /// The matrix of `count` numbers at an offset of the layout, as products read it.
  func matrix(_ offset: Int, _ count: Int) -> Operand {
    if let copy { .bfloat16(copy.at(offset, count)) } else { .float(floats.at(offset, count)) }
  }
  /// `count` numbers at an offset of the layout.
  func vector(_ offset: Int, _ count: Int) -> UnsafePointer<Float> { UnsafePointer(floats.at(offset, count)) }
}

/// Floats with, for ``Precision/bf16``, room for their bfloat16 copy.
package struct WeightStore: Sendable {
  private let parameters: FloatBuffer
  private let copy: BFloat16Buffer?

  package init(_ parameters: FloatBuffer, _ precision: Precision) {
    self.parameters = parameters
    copy = precision == .bf16 ? BFloat16Buffer(parameters.count) : nil
  }

  /// The weights as they are now.
  package func weights(threads: Int) -> Weights {
    if let copy {
      let chunk = 1 << 16, count = parameters.count, kernels = ck_kernels().pointee
      parallelFor((count + chunk - 1) / chunk, threads: threads) { c in  // disjoint parts
        let offset = c * chunk, size = min(chunk, count - c * chunk)
        kernels.narrow(copy.at(offset, size), parameters.at(offset, size), size)
      }
    }
    return Weights(floats: parameters, copy: copy)
  }
}

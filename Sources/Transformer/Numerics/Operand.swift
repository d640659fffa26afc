import CKernels

/// A matrix in memory, in single precision or bfloat16.
package enum Operand {
  case float(UnsafeMutablePointer<Float>)
  case bfloat16(UnsafeMutablePointer<UInt16>)

  var address: UnsafeMutableRawPointer {
    switch self {
    case .float(let p): UnsafeMutableRawPointer(p)
    case .bfloat16(let p): UnsafeMutableRawPointer(p)
    }
  }
  /// nil for bfloat16.
  var float: UnsafeMutablePointer<Float>? { if case .float(let p) = self { p } else { nil } }
  /// nil for single precision.
  var bfloat16: UnsafeMutablePointer<UInt16>? { if case .bfloat16(let p) = self { p } else { nil } }
}

/// Memory for a matrix that products read: what ``Precision`` says.
package enum OperandBuffer: Sendable {
  case float(FloatBuffer)
  case bfloat16(BFloat16Buffer)

  package init(_ count: Int, _ precision: Precision) {
    self = precision == .bf16 ? .bfloat16(BFloat16Buffer(count)) : .float(FloatBuffer(count))
  }
  /// Where `count` numbers from `offset` on begin.
  func at(_ offset: Int, _ count: Int) -> Operand {
    switch self {
    case .float(let buffer): .float(buffer.at(offset, count))
    case .bfloat16(let buffer): .bfloat16(buffer.at(offset, count))
    }
  }
  package var p: Operand {
    switch self {
    case .float(let buffer): .float(buffer.p)
    case .bfloat16(let buffer): .bfloat16(buffer.p)
    }
  }
}

/// What products read of floats that are computed elsewhere: the floats themselves or, for ``Precision/bf16``, a copy in
/// memory of its own.
struct Narrowed {
  private let copy: BFloat16Buffer?
  private let count: Int

  init(_ count: Int, _ precision: Precision) {
    self.count = count
    copy = precision == .bf16 ? BFloat16Buffer(count) : nil
  }

  /// x as it is now, all of it. Valid until the next call.
  func operand(_ x: FloatBuffer, _ kernels: CKKernels) -> Operand {
    precondition(x.count == count, "floats of another shape")
    guard let copy else { return .float(x.p) }
    kernels.narrow(copy.p, x.p, count)
    return .bfloat16(copy.p)
  }
}

import CKernels

/// A model's weights packed for inference. Every number it computes is exact in the sense of CKernels.h: the same bits
/// for any batch, one-shot or step by step, on any machine.
package final class InferenceModel: Sendable {
  struct Layer: Sendable {
    let qkv: FloatBuffer
    let attentionOut: FloatBuffer
    let mlpIn: FloatBuffer
    let mlpOut: FloatBuffer
  }
  package let model: Model
  let layout: ParameterLayout
  let kernels: KernelTable
  let layers: [Layer]
  let head: FloatBuffer  // Eᵀ packed: (D, V)
  let headWeight: FloatBuffer  // final norm's weight / √D

  /// - Parameter kernelSet: a set by name for tests; the best of the machine otherwise.
  package init(_ model: Model, kernelSet: String? = nil) {
    self.model = model
    let layout = ParameterLayout(model.shape)
    self.layout = layout
    kernels = KernelTable(named: kernelSet)
    let k = kernels.functions
    let shape = model.shape, p = model.parameters.p
    func packed(_ offset: Int, _ rows: Int, _ columns: Int) -> FloatBuffer {
      let buffer = FloatBuffer(k.packedSize(Int32(rows), Int32(columns)))
      k.pack(Int32(rows), Int32(columns), p + offset, columns, 1, buffer.p)
      return buffer
    }
    let (D, A, F) = (shape.dim, shape.attentionWidth, shape.mlp)
    layers = layout.layers.map {
      Layer(
        qkv: packed($0.qkv, D, 3 * A), attentionOut: packed($0.attentionOut, A, D), mlpIn: packed($0.mlpIn, D, F),
        mlpOut: packed($0.mlpOut, F, D))
    }
    head = FloatBuffer(k.packedSize(Int32(D), Int32(shape.vocabulary)))
    k.pack(Int32(D), Int32(shape.vocabulary), p + layout.embedding, 1, D, head.p)
    headWeight = FloatBuffer(D)
    let scale = 1 / Float(D).squareRoot()
    for i in 0..<D { headWeight.p[i] = p[layout.finalNorm + i] * scale }
  }
}

/// A kernel set, immutable once chosen.
struct KernelTable: Sendable {
  let functions: CKKernels
  init(named name: String? = nil) {
    if let name {
      guard let set = ck_kernels_named(name) else { preconditionFailure("kernel set \(name) does not run here") }
      functions = set.pointee
    } else {
      functions = ck_kernels().pointee
    }
  }
}

/// Whether this machine runs a kernel set (for tests).
package func kernelSetRuns(_ name: String) -> Bool { ck_kernels_named(name) != nil }

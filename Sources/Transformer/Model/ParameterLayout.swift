import CKernels
import Support

/// A named tensor inside the one flat parameter buffer. Row-major; `shape` has one or two axes.
package struct Tensor: Sendable, Hashable {
  package let name: String
  package let offset: Int
  package let shape: [Int]
  package var count: Int { shape.reduce(1, *) }
  /// The embedding, which is also the head, may have a learning rate of its own.
  package var isEmbedding: Bool { name == "embedding" }
  /// Matrices decay and have factored moments; vectors do neither.
  package var isMatrix: Bool { shape.count == 2 && !name.hasSuffix("relativeBias") }
}

/// Where every parameter of a model lies. Weights multiply from the right: `[in, out]`.
package struct ParameterLayout: Sendable {
  package struct Layer: Sendable {
    package let attentionNorm: Int  // [D]
    package let qkv: Int  // [D, 3·H·d]: all queries, all keys, all values
    package let relativeBias: Int  // [H, 32]
    package let attentionOut: Int  // [H·d, D]
    package let mlpNorm: Int  // [D]
    package let mlpIn: Int  // [D, F]
    package let mlpOut: Int  // [F, D]
  }
  /// A part of a tensor that one thread works on at a time.
  struct Chunk: Sendable {
    let offset, count: Int
    let tensor: Tensor
  }
  /// The width of the model.
  package let dim: Int
  package let tensors: [Tensor]
  package let embedding: Int  // [V + 1, D]; the last row is BOS; the first V rows are also the head
  package let layers: [Layer]
  package let finalNorm: Int  // [D]
  package let count: Int

  package init(_ shape: ModelShape) {
    var tensors: [Tensor] = []
    var end = 0
    func add(_ name: String, _ axes: [Int]) -> Int {
      let offset = end
      tensors.append(Tensor(name: name, offset: offset, shape: axes))
      end += (axes.reduce(1, *) + 15) / 16 * 16
      return offset
    }
    dim = shape.dim
    let (D, A, F) = (shape.dim, shape.attentionWidth, shape.mlp)
    embedding = add("embedding", [shape.vocabulary + 1, D])
    layers = (0..<shape.layers).map { l in
      Layer(
        attentionNorm: add("layers.\(l).attentionNorm", [D]), qkv: add("layers.\(l).qkv", [D, 3 * A]),
        relativeBias: add("layers.\(l).relativeBias", [shape.heads, RelativeBias.buckets]),
        attentionOut: add("layers.\(l).attentionOut", [A, D]), mlpNorm: add("layers.\(l).mlpNorm", [D]),
        mlpIn: add("layers.\(l).mlpIn", [D, F]), mlpOut: add("layers.\(l).mlpOut", [F, D]))
    }
    finalNorm = add("finalNorm", [D])
    self.tensors = tensors
    count = end
  }

  /// All parameters in parts of at most 2^16, in order.
  var chunks: [Chunk] {
    tensors.flatMap { tensor in
      stride(from: 0, to: tensor.count, by: 1 << 16).map {
        Chunk(
          offset: tensor.offset + $0, count: min(1 << 16, tensor.count - $0), tensor: tensor)
      }
    }
  }

  /// Embeddings from N(0, `embeddingScale`²) (the head divides by √D), matrices from N(0, 1/in), the two that write into the residual
  /// divided by √(2·layers) as well (Radford et al. 2019), norms 1. Relative biases from N(0, 4): heads that begin with
  /// places of their own to look at leave the bigram plateau far sooner than heads that begin alike. The same bits on every
  /// machine.
  package func initialize(_ buffer: FloatBuffer, layerCount: Int, seed: UInt64, embeddingScale: Double) {
    buffer.zero()
    for tensor in tensors {
      let p = buffer.p + tensor.offset
      if tensor.name.hasSuffix("Norm") {
        for i in 0..<tensor.count { p[i] = 1 }
      } else {
        var generator = SeededGenerator(seed: seed, purpose: tensor.name)
        var scale =
          tensor.name.hasSuffix("relativeBias")
          ? 2 : tensor.isEmbedding ? embeddingScale : 1 / Double(tensor.shape[0]).squareRoot()
        if tensor.name.hasSuffix("Out") { scale /= Double(2 * layerCount).squareRoot() }
        for i in stride(from: 0, to: tensor.count, by: 2) {  // Box–Muller
          let radius = (-2 * ck_log(1 - generator.uniform())).squareRoot() * scale
          let halfTurns = 2 * generator.uniform()
          p[i] = Float(radius * ck_cospi(halfTurns))
          if i + 1 < tensor.count { p[i + 1] = Float(radius * ck_sinpi(halfTurns)) }
        }
      }
    }
  }
}

import CKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

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

/// Several token streams under one model, each with its keys and values, advanced side by side. One thread's.
///
/// Position 0 of every stream is BOS; it is evaluated once, when the streams are made. Keys and values are rounded to
/// bfloat16 the moment they are computed, whichever way the model is run: reading them is what a step's time goes into.
/// Room for positions grows as streams do; how much there is changes no bit of any result.
package final class InferenceStreams {
  /// Tokens to append to one stream. Logits are wanted from the `keep` last of them.
  package struct Segment {
    package var stream: Int
    package var tokens: [Int32]
    package var keep: Int
    package init(stream: Int, tokens: [Int32], keep: Int) {
      self.stream = stream
      self.tokens = tokens
      self.keep = keep
    }
  }

  let model: InferenceModel
  package let count: Int
  /// Positions that each stream holds now, BOS included.
  package private(set) var lengths: [Int]
  /// Logits after BOS alone.
  package let bosLogits: FloatBuffer
  private var capacity = 0  // positions that a stream has room for: a multiple of 64
  private var keys: [BFloat16Buffer] = []  // a layer each: (stream, H, capacity / 64, d, 64)
  private var values: [BFloat16Buffer] = []  // a layer each: (stream, H, capacity, d)
  private var bias: [FloatBuffer] = []  // a layer each: (H, capacity) by reversed distance
  private var rows = 0  // that the buffers below can hold
  private var x = FloatBuffer(0), normed = FloatBuffer(0), qkv = FloatBuffer(0), attended = FloatBuffer(0)
  private var hidden = FloatBuffer(0), update = FloatBuffer(0)
  /// Logits of the last ``advance(_:)``, kept rows in order: (kept, V).
  package private(set) var logits = FloatBuffer(0)

  package init(_ model: InferenceModel, count: Int) {
    self.model = model
    self.count = count
    let shape = model.model.shape
    lengths = Array(repeating: 0, count: count)
    bosLogits = FloatBuffer(shape.vocabulary)
    advance((0..<count).map { Segment(stream: $0, tokens: [shape.bos], keep: $0 == 0 ? 1 : 0) })
    if count > 0 { memcpy(bosLogits.p, logits.p, shape.vocabulary * 4) }
  }

  /// Back to BOS alone.
  package func restart(_ stream: Int) { lengths[stream] = 1 }

  /// Makes room for streams of that many positions.
  private func widen(to positions: Int) {
    guard positions > capacity else { return }
    let shape = model.model.shape, (H, d) = (shape.heads, shape.headSize)
    let wider = max(64, capacity * 2, (positions + 63) / 64 * 64)
    func moved(_ old: BFloat16Buffer?) -> BFloat16Buffer {
      let new = BFloat16Buffer(count * H * wider * d)
      guard let old else { return new }
      for head in 0..<count * H { memcpy(new.p + head * wider * d, old.p + head * capacity * d, capacity * d * 2) }
      return new
    }
    keys = (0..<shape.layers).map { moved($0 < keys.count ? keys[$0] : nil) }
    values = (0..<shape.layers).map { moved($0 < values.count ? values[$0] : nil) }
    bias = model.layout.layers.map { layer in
      let buffer = FloatBuffer(H * wider + 16)
      for h in 0..<H {
        RelativeBias.expand(
          model.model.parameters.p + layer.relativeBias + h * RelativeBias.buckets, length: wider,
          into: buffer.p + h * wider)
      }
      return buffer
    }
    capacity = wider
  }

  /// Numbers in one position's keys and values in all layers.
  var positionSize: Int { model.model.shape.layers * 2 * model.model.shape.attentionWidth }

  /// Reads (layer, key or value, A) of a position.
  func readPosition(_ position: Int, of stream: Int, into out: UnsafeMutablePointer<UInt16>) {
    forEachHead(position, of: stream) { part, key, value, d in
      for e in 0..<d { out[part + e] = key[e * 64] }
      memcpy(out + part + model.model.shape.attentionWidth, value, d * 2)
    }
  }

  /// Appends a position that ``readPosition(_:of:into:)`` gave, after the same tokens before it.
  func appendPosition(_ source: UnsafePointer<UInt16>, to stream: Int) {
    widen(to: lengths[stream] + 1)
    forEachHead(lengths[stream], of: stream) { part, key, value, d in
      for e in 0..<d { key[e * 64] = source[part + e] }
      memcpy(value, source + part + model.model.shape.attentionWidth, d * 2)
    }
    lengths[stream] += 1
  }

  private func forEachHead(
    _ t: Int, of stream: Int,
    _ body: (_ part: Int, _ key: UnsafeMutablePointer<UInt16>, _ value: UnsafeMutablePointer<UInt16>, _ d: Int) -> Void
  ) {
    let shape = model.model.shape, (A, H, d) = (shape.attentionWidth, shape.heads, shape.headSize)
    for l in 0..<shape.layers {
      for h in 0..<H {
        let head = (stream * H + h) * capacity * d
        body(2 * A * l + h * d, keys[l].p + head + t / 64 * 64 * d + t % 64, values[l].p + head + t * d, d)
      }
    }
  }

  /// Appends the segments (at most one a stream) in one batch and computes the kept rows' logits.
  package func advance(_ segments: [Segment]) {
    let shape = model.model.shape, k = model.kernels.functions, p = model.model.parameters.p
    let (D, A, F, H, d) = (shape.dim, shape.attentionWidth, shape.mlp, shape.heads, shape.headSize)
    let T = segments.reduce(0) { $0 + $1.tokens.count }
    reserve(T)
    var row = 0
    for segment in segments {
      widen(to: lengths[segment.stream] + segment.tokens.count)
      for token in segment.tokens {
        memcpy(x.p + row * D, p + model.layout.embedding + Int(token) * D, D * 4)
        row += 1
      }
    }
    for l in 0..<shape.layers {
      let weights = model.layout.layers[l], packed = model.layers[l]
      k.rmsNorm(normed.p, nil, nil, x.p, p + weights.attentionNorm, Int32(T), Int32(D))
      k.gemmPacked(Int32(T), Int32(3 * A), Int32(D), normed.p, D, packed.qkv.p, qkv.p, 3 * A)
      row = 0
      for segment in segments {
        let start = lengths[segment.stream], n = segment.tokens.count
        let stride = capacity * d
        let keys = keys[l].p + segment.stream * H * stride, values = values[l].p + segment.stream * H * stride
        for i in 0..<n {
          let key = qkv.p + (row + i) * 3 * A + A
          k.cachePosition(keys, values, stride, key, key + A, Int32(start + i), Int32(H), Int32(d))
        }
        k.cachedAttention(
          attended.p + row * A, A, qkv.p + row * 3 * A, 3 * A, keys, values, stride, bias[l].p, Int32(capacity),
          Int32(start), Int32(n), Int32(H), Int32(d))
        row += n
      }
      k.gemmPacked(Int32(T), Int32(D), Int32(A), attended.p, A, packed.attentionOut.p, update.p, D)
      k.add(x.p, update.p, T * D)
      k.rmsNorm(normed.p, nil, nil, x.p, p + weights.mlpNorm, Int32(T), Int32(D))
      k.gemmPacked(Int32(T), Int32(F), Int32(D), normed.p, D, packed.mlpIn.p, hidden.p, F)
      k.relu(hidden.p, T * F)
      k.gemmPacked(Int32(T), Int32(D), Int32(F), hidden.p, F, packed.mlpOut.p, update.p, D)
      k.add(x.p, update.p, T * D)
    }
    var kept = 0
    row = 0
    for segment in segments {
      lengths[segment.stream] += segment.tokens.count
      row += segment.tokens.count
      if segment.keep > 0 {
        memcpy(update.p + kept * D, x.p + (row - segment.keep) * D, segment.keep * D * 4)
        kept += segment.keep
      }
    }
    guard kept > 0 else { return }
    if logits.count < kept * shape.vocabulary { logits = FloatBuffer(kept * shape.vocabulary) }
    k.rmsNorm(normed.p, nil, nil, update.p, model.headWeight.p, Int32(kept), Int32(D))
    k.gemmPacked(Int32(kept), Int32(shape.vocabulary), Int32(D), normed.p, D, model.head.p, logits.p, shape.vocabulary)
  }

  private func reserve(_ wanted: Int) {
    guard wanted > rows else { return }
    let shape = model.model.shape
    rows = max(wanted, rows * 2)
    x = FloatBuffer(rows * shape.dim)
    normed = FloatBuffer(rows * shape.dim)
    update = FloatBuffer(rows * shape.dim)
    qkv = FloatBuffer(rows * 3 * shape.attentionWidth)
    attended = FloatBuffer(rows * shape.attentionWidth)
    hidden = FloatBuffer(rows * shape.mlp)
  }
}

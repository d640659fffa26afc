#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

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
  /// Logits of the last ``advance(_:)``, kept rows in order: (kept, V), or more.
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

  /// Logits of a kept row of the last ``advance(_:)``: V.
  func logits(ofRow row: Int) -> UnsafeBufferPointer<Float> {
    let V = model.model.shape.vocabulary
    precondition(row >= 0 && (row + 1) * V <= logits.count, "row \(row) was not kept")
    return logits.slice(row * V, V)
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
  ///
  /// Token ids are 0 ..< V, or V for BOS; `keep` is at most the segment's tokens.
  package func advance(_ segments: [Segment]) {
    check(segments)
    let shape = model.model.shape, k = model.kernels.functions, p = model.model.parameters.p
    let (D, A, F, H, d) = (shape.dim, shape.attentionWidth, shape.mlp, shape.heads, shape.headSize)
    let T = segments.reduce(0) { $0 + $1.tokens.count }
    reserve(T)
    var row = 0
    for segment in segments {
      widen(to: lengths[segment.stream] + segment.tokens.count)
      for token in segment.tokens {
        memcpy(x.at(row * D, D), p + model.layout.embedding + Int(token) * D, D * 4)
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

  private func check(_ segments: [Segment]) {
    let bos = model.model.shape.bos
    for segment in segments {
      precondition(lengths.indices.contains(segment.stream), "stream \(segment.stream) of \(count)")
      precondition(segment.keep >= 0 && segment.keep <= segment.tokens.count, "more rows kept than tokens appended")
      precondition(segment.tokens.allSatisfy { $0 >= 0 && $0 <= bos }, "a token id that the model does not have")
    }
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

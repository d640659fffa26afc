import CKernels
import Foundation
import Support
import Synchronization
import Tokenizers

/// Raised when the same weights give other distributions or scores, by a single bit (2: keys and values in bfloat16):
/// keys and models hold it, so that no code is decoded, and no score taken, that was made otherwise.
public let inferenceVersion = 2

/// M1: a frozen transformer over bytes, as a ``ByteModel``.
///
/// It sees at most `contextLength` positions (BOS and the bytes after it), as in training. A longer text goes on in a
/// new context that begins with BOS and the last `overlap` bytes.
public final class NeuralByteModel: ByteModel {
  package let inference: InferenceModel
  public let contextLength: Int
  public let overlap: Int
  public let fingerprint: String
  public let metadata: [String: String]
  private let prefixes = Mutex<PrefixCache?>(nil)
  package var model: Model { inference.model }

  /// - Parameters:
  ///   - model: vocabulary 256.  - contextLength: positions of a context, at least 16.
  ///   - metadata: saved with it.  - kernelSet: of the exact kernels, for tests; the machine's best otherwise. Every set
  ///   computes the same bits.
  public init(_ model: Model, contextLength: Int, metadata: [String: String] = [:], kernelSet: String? = nil) {
    precondition(model.shape.vocabulary == 256 && contextLength >= 16, "M1 reads bytes, in contexts of at least 16")
    inference = InferenceModel(model, kernelSet: kernelSet)
    self.contextLength = contextLength
    overlap = contextLength / 8
    self.metadata = metadata
    var hash = FNV1a()
    for value in model.parameters.values { hash.combine(UInt64(value.bitPattern)) }
    hash.combine(UInt64(contextLength))
    hash.combine(UInt64(inferenceVersion))
    fingerprint = hash.hexadecimal
  }

  /// Long texts: every context repeats BOS and the overlap. Short ones cost no more than that.
  public func flopsPerByte(meanContext: Double?) -> Double {
    let whole =
      FLOPsConvention.all.forwardPerToken(model.shape, sequenceLength: contextLength) * Double(contextLength)
      / Double(contextLength - overlap)
    guard let meanContext else { return whole }
    // Attending to one position and, as in a sequence of three, to two on average: the cost grows evenly with them.
    let one = FLOPsConvention.all.forwardPerToken(model.shape, sequenceLength: 1)
    let two = FLOPsConvention.all.forwardPerToken(model.shape, sequenceLength: 3)
    return min(whole, one + (meanContext - 1) * (two - one))
  }

  public func distributions(
    along text: [UInt8], precision: Int, body: (Int, UnsafeBufferPointer<UInt32>) throws -> Void
  ) rethrows {
    let streams = InferenceStreams(inference, count: 1)
    let kernels = inference.kernels.functions
    let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 256)
    defer { table.deallocate() }
    var given = 0
    func give(_ logits: UnsafePointer<Float>) throws {
      kernels.quantise(logits, Int32(precision), table)
      try body(given, UnsafeBufferPointer(start: table, count: 256))
      given += 1
    }
    guard !text.isEmpty else { return }
    try give(streams.bosLogits.p)
    var fed = 0  // bytes that the present context holds up to
    var known = 0  // of them, bytes at its start whose successors are coded already
    while given < text.count {
      let room = contextLength - 1 - known
      let end = min(text.count - 1, fed + room)
      if fed == end {  // the context is full: begin the next one
        streams.restart(0)
        fed = given - overlap
        known = 0
        let seed = text[fed..<fed + overlap].map { Int32($0) }
        streams.advance([.init(stream: 0, tokens: seed, keep: 1)])
        try give(streams.logits.p)
        fed += overlap
        known = overlap
        continue
      }
      let tokens = text[fed..<end].map { Int32($0) }
      streams.advance([.init(stream: 0, tokens: tokens, keep: tokens.count)])
      for row in 0..<tokens.count { try give(streams.logits.p + row * 256) }
      known += tokens.count
      fed = end
    }
  }

  public func makeStreams(count: Int) -> any ByteModelStreams { NeuralByteStreams(self, count: count) }

  /// Evaluates the likeliest beginnings of texts, once, in up to 256 MB.
  public func prepareForRestarts(threads: Int) {
    prefixes.withLock { cache in
      if cache == nil { cache = PrefixCache(inference, longest: contextLength - 2, threads: threads) }
    }
  }
  var prefixCache: PrefixCache? { prefixes.withLock { $0 } }

  public func distributions(
    after prefixes: [[UInt8]], precision: Int, threads: Int, body: @Sendable (Int, UnsafeBufferPointer<UInt32>) -> Void
  ) {
    let group = 256
    parallelFor((prefixes.count + group - 1) / group, threads: threads) { g in
      let range = g * group..<min(prefixes.count, (g + 1) * group)
      let streams = NeuralByteStreams(self, count: range.count)
      for index in range {
        for byte in prefixes[index] { streams.append(byte, to: index - range.lowerBound) }
      }
      streams.evaluate()
      let table = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
      defer { table.deallocate() }
      for index in range {
        streams.frequencies(of: index - range.lowerBound, precision: precision, into: table)
        body(index, UnsafeBufferPointer(table))
      }
    }
  }

  /// The one file of ``save(to:)``.
  package static let fileName = "m1.safetensors"

  public func save(to folder: String) throws {
    var table = metadata
    table["contextLength"] = "\(contextLength)"
    table["format"] = "\(inferenceVersion)"
    table["fingerprint"] = fingerprint
    try model.save(to: folder + "/" + Self.fileName, metadata: table)
  }

  /// Loads what ``save(to:)`` wrote.
  /// - Throws: ``TransformerError/damagedFile(_:reason:)``, also when a weight has changed since it was saved.
  public static func load(from folder: String) throws -> NeuralByteModel {
    let path = folder + "/" + fileName
    let (model, metadata) = try Model.load(from: path)
    guard let context = metadata["contextLength"].flatMap(Int.init), context >= 16, context <= 1 << 20,
      model.shape.vocabulary == 256
    else { throw TransformerError.damagedFile(path, reason: "a model, but not one over bytes (M1)") }
    guard metadata["format"] == "\(inferenceVersion)" else {
      throw TransformerError.damagedFile(
        path,
        reason:
          "of M1's format \(metadata["format"] ?? "1"); this program computes format \(inferenceVersion), so its codes would not decode; train it again"
      )
    }
    let m1 = NeuralByteModel(model, contextLength: context, metadata: metadata)
    guard m1.fingerprint == metadata["fingerprint"] else {
      throw TransformerError.damagedFile(
        path, reason: "its weights have changed since it was saved; what it encoded would decode to wrong text")
    }
    return m1
  }
}

/// Texts walked side by side under one ``NeuralByteModel``.
final class NeuralByteStreams: ByteModelStreams {
  let m1: NeuralByteModel
  let streams: InferenceStreams
  let count: Int
  private let cache: PrefixCache?
  /// Of each stream whose text is a beginning in the cache, its node there; -1 for the others.
  private var nodes: [Int32]
  private var pending: [[Int32]]
  private var history: [[UInt8]]  // the last bytes, for the next context
  private let logits: FloatBuffer  // (count, 256), after each stream's text

  init(_ m1: NeuralByteModel, count: Int) {
    self.m1 = m1
    self.count = count
    streams = InferenceStreams(m1.inference, count: count)
    cache = m1.prefixCache
    nodes = Array(repeating: -1, count: count)
    pending = Array(repeating: [], count: count)
    history = Array(repeating: [], count: count)
    logits = FloatBuffer(count * 256)
    for stream in 0..<count { restart(stream) }
  }

  func restart(_ stream: Int) {
    streams.restart(stream)
    pending[stream].removeAll(keepingCapacity: true)
    history[stream].removeAll(keepingCapacity: true)
    if cache != nil {
      nodes[stream] = 0
    } else {
      memcpy(logits.p + stream * 256, streams.bosLogits.p, 1024)
    }
  }

  @discardableResult func append(_ byte: UInt8, to stream: Int) -> Bool {
    history[stream].append(byte)
    if nodes[stream] >= 0, let cache {
      let child = cache.child(nodes[stream], byte)
      if child < 0 { cache.load(nodes[stream], into: streams, stream) }
      nodes[stream] = child
      if child >= 0 { return true }
    }
    if streams.lengths[stream] + pending[stream].count == m1.contextLength {
      streams.restart(stream)
      history[stream] = Array(history[stream].suffix(m1.overlap))
      pending[stream] = history[stream].map { Int32($0) }
    } else {
      pending[stream].append(Int32(byte))
    }
    return false
  }

  func evaluate() {
    var segments: [InferenceStreams.Segment] = []
    for stream in 0..<count where !pending[stream].isEmpty {
      segments.append(.init(stream: stream, tokens: pending[stream], keep: 1))
      pending[stream].removeAll(keepingCapacity: true)
    }
    guard !segments.isEmpty else { return }
    streams.advance(segments)
    for (row, segment) in segments.enumerated() {
      memcpy(logits.p + segment.stream * 256, streams.logits.p + row * 256, 1024)
    }
  }

  func frequencies(of stream: Int, precision: Int, into table: UnsafeMutableBufferPointer<UInt32>) {
    guard let base = table.baseAddress else { return }
    var source = UnsafePointer(logits.p + stream * 256)
    if nodes[stream] >= 0, let cache { source = cache.logits(after: nodes[stream]) }
    m1.inference.kernels.functions.quantise(source, Int32(precision), base)
  }
}

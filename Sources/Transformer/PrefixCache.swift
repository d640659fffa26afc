import CKernels
import Support
import Tokenizers

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The likeliest beginnings of a text under a freshly started M1, evaluated once: the distribution after each, and its
/// keys and values, so that a stream that leaves the cache goes on as if it had run M1 all the way.
///
/// Which beginnings are here changes only the speed, never a bit of a result.
final class PrefixCache: Sendable {
  /// Of (node, byte): the node of the longer beginning, or -1. Node 0 is the empty one.
  private let children: [Int32]
  private let parents: [Int32]
  private let logits: FloatBuffer  // (nodes, 256)
  private let positions: BFloat16Buffer  // (nodes, InferenceStreams.positionSize), BOS's for node 0
  private let positionSize: Int

  static let byteLimit = 256 << 20
  /// Beginnings that are evaluated before their extensions are looked at, and how many of them one thread takes.
  private static let round = 2048, batch = 128
  /// Probabilities in units of 2^-62; beginnings less probable than this are left out.
  private static let least: UInt64 = 1 << 22

  var count: Int { parents.count }

  /// - Parameter longest: bytes of the longest beginning.
  init(_ model: InferenceModel, longest: Int, byteLimit: Int = PrefixCache.byteLimit, threads: Int) {
    let first = InferenceStreams(model, count: 1)
    let positionSize = first.positionSize
    self.positionSize = positionSize
    let limit = max(1, byteLimit / (2 * positionSize + 2048))
    let logits = FloatBuffer(limit * 256), positions = BFloat16Buffer(limit * positionSize)
    self.logits = logits
    self.positions = positions
    memcpy(logits.p, first.bosLogits.p, 1024)
    first.readPosition(0, of: 0, into: positions.p)

    var children = [Int32](repeating: -1, count: 256)
    var parents: [Int32] = [-1]
    var search = PrefixSearch<Int32>(capacity: limit)  // the payload is the parent's node
    let buffer = UnsafeMutablePointer<UInt32>.allocate(capacity: 256)
    defer { buffer.deallocate() }
    func addExtensions(of node: Int, _ bytes: [UInt8], weight: UInt64) {
      guard bytes.count < longest else { return }
      model.kernels.functions.quantise(logits.p + node * 256, 14, buffer)
      for byte in 0..<256 where buffer[byte] > 1 {
        let product = weight.multipliedFullWidth(by: UInt64(buffer[byte]) << 50)
        search.add(bytes + [UInt8(byte)], weight: product.high, Int32(node))
      }
    }
    addExtensions(of: 0, [], weight: 1 << 62)
    while parents.count < limit {
      let chosen = search.next(min(Self.round, limit - parents.count)) { $0.weight > Self.least }
      if chosen.isEmpty { break }
      let base = parents.count
      for (i, prefix) in chosen.enumerated() {
        children[Int(prefix.payload) * 256 + Int(prefix.bytes[prefix.bytes.count - 1])] = Int32(base + i)
        parents.append(prefix.payload)
      }
      children += [Int32](repeating: -1, count: 256 * chosen.count)
      let known = parents
      parallelFor((chosen.count + Self.batch - 1) / Self.batch, threads: threads) { b in
        let group = chosen[b * Self.batch..<min(chosen.count, (b + 1) * Self.batch)]
        let streams = InferenceStreams(model, count: group.count)
        for (stream, prefix) in group.enumerated() {
          Self.load(Int(prefix.payload), into: streams, stream, known, positions, positionSize)
        }
        streams.advance(
          group.enumerated().map { .init(stream: $0, tokens: [Int32($1.bytes[$1.bytes.count - 1])], keep: 1) })
        // Every node's rows are its own.
        for stream in 0..<group.count {
          let node = base + group.startIndex + stream
          memcpy(logits.p + node * 256, streams.logits.p + stream * 256, 1024)
          streams.readPosition(streams.lengths[stream] - 1, of: stream, into: positions.p + node * positionSize)
        }
      }
      for (i, prefix) in chosen.enumerated() { addExtensions(of: base + i, prefix.bytes, weight: prefix.weight) }
    }
    self.children = children
    self.parents = parents
  }

  @inline(__always) func child(_ node: Int32, _ byte: UInt8) -> Int32 { children[Int(node) * 256 + Int(byte)] }

  /// Logits after a beginning: 256.
  func logits(after node: Int32) -> UnsafePointer<Float> { UnsafePointer(logits.p + Int(node) * 256) }

  /// Puts a beginning into a stream that holds BOS alone.
  func load(_ node: Int32, into streams: InferenceStreams, _ stream: Int) {
    Self.load(Int(node), into: streams, stream, parents, positions, positionSize)
  }

  private static func load(
    _ node: Int, into streams: InferenceStreams, _ stream: Int, _ parents: [Int32], _ positions: BFloat16Buffer,
    _ positionSize: Int
  ) {
    guard node > 0 else { return }
    load(Int(parents[node]), into: streams, stream, parents, positions, positionSize)
    streams.appendPosition(positions.p + node * positionSize, to: stream)
  }
}

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
  /// Nodes evaluated together by one thread.
  private static let batch = 128

  var count: Int { parents.count }

  /// - Parameter longest: bytes of the longest beginning.
  init(_ model: InferenceModel, longest: Int, byteLimit: Int = PrefixCache.byteLimit, threads: Int) {
    let kernels = model.kernels.functions
    let first = InferenceStreams(model, count: 1)
    let positionSize = first.positionSize
    self.positionSize = positionSize
    let limit = max(1, byteLimit / (2 * positionSize + 2048))
    let logits = FloatBuffer(limit * 256), positions = BFloat16Buffer(limit * positionSize)
    self.logits = logits
    self.positions = positions
    memcpy(logits.p, first.bosLogits.p, 1024)
    first.readPosition(0, of: 0, into: positions.p)

    /// A beginning that is not evaluated yet.
    struct Candidate {
      var parent: Int32
      var byte: UInt8
      var probability: Double
    }
    var children = [Int32](repeating: -1, count: 256)
    var parents: [Int32] = [-1]
    var depths = [0]
    var candidates: [Candidate] = []
    let table = FloatBuffer(256)
    func addCandidates(after node: Int, probability: Double) {
      guard depths[node] < longest else { return }
      table.p.withMemoryRebound(to: UInt32.self, capacity: 256) { frequencies in
        kernels.quantise(logits.p + node * 256, 14, frequencies)
        for byte in 0..<256 where frequencies[byte] > 1 {
          candidates.append(
            Candidate(
              parent: Int32(node), byte: UInt8(byte), probability: probability * Double(frequencies[byte]) / 16384))
        }
      }
    }
    addCandidates(after: 0, probability: 1)
    var least = 1.0 / 16
    while parents.count < limit, !candidates.isEmpty, least > 1e-12 {
      // All that are likely enough; in the last round the likeliest of them.
      let pivot = candidates.partition { $0.probability >= least }
      var chosen = Array(candidates[pivot...])
      candidates.removeSubrange(pivot...)
      if chosen.isEmpty {
        least /= 1.5
        continue
      }
      chosen.sort { $0.probability > $1.probability }
      chosen = Array(chosen.prefix(limit - parents.count))
      let base = parents.count
      for (i, candidate) in chosen.enumerated() {
        children[Int(candidate.parent) * 256 + Int(candidate.byte)] = Int32(base + i)
        parents.append(candidate.parent)
        depths.append(depths[Int(candidate.parent)] + 1)
      }
      children += [Int32](repeating: -1, count: 256 * chosen.count)
      let (batches, all, knownParents) = ((chosen.count + Self.batch - 1) / Self.batch, chosen, parents)
      parallelFor(batches, threads: threads) { b in
        let range = b * Self.batch..<min(all.count, (b + 1) * Self.batch)
        let streams = InferenceStreams(model, count: range.count)
        for (stream, i) in range.enumerated() {
          Self.load(Int(all[i].parent), into: streams, stream, knownParents, positions, positionSize)
        }
        streams.advance(
          range.enumerated().map { .init(stream: $0, tokens: [Int32(all[$1].byte)], keep: 1) })
        for (stream, i) in range.enumerated() {
          memcpy(logits.p + (base + i) * 256, streams.logits.p + stream * 256, 1024)
          let last = streams.lengths[stream] - 1
          streams.readPosition(last, of: stream, into: positions.p + (base + i) * positionSize)
        }
      }
      for (i, candidate) in chosen.enumerated() {
        addCandidates(after: base + i, probability: candidate.probability)
      }
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

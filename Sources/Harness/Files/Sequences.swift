import Support
import Transformer

/// Endless training sequences: the tokens cut into whole sequences, visited in an order that each epoch shuffles anew.
struct ShuffledSequences: SequenceSource {
  let store: TokenStore
  let length: Int
  let seed: UInt64
  private let cache: OrderCache
  var perEpoch: Int { max(1, store.count / length) }

  init(store: TokenStore, length: Int, seed: UInt64) {
    self.store = store
    self.length = length
    self.seed = seed
    cache = OrderCache()
  }

  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>) {
    let start = start(of: index)
    for t in 0..<length { out[t] = store[(start + t) % store.count] }
  }

  private func start(of index: Int) -> Int {
    cache.order(epoch: index / perEpoch, count: perEpoch, seed: seed)[index % perEpoch] * length
  }

  var stretches: TokenStretches? {
    TokenStretches(
      files: store.paths, bytesPerToken: store.isWide ? 4 : 2, count: store.count, start: { start(of: $0) })
  }
}

/// The present epoch's order. `@unchecked Sendable`: one trainer asks, from one thread.
private final class OrderCache: @unchecked Sendable {
  private var epoch = -1
  private var order: [Int] = []
  func order(epoch: Int, count: Int, seed: UInt64) -> [Int] {
    if epoch != self.epoch {
      order = Array(0..<count)
      var generator = SeededGenerator(seed: seed &+ UInt64(epoch) &* 0x9e37_79b9, purpose: "sequence order")
      generator.shuffle(&order)
      self.epoch = epoch
    }
    return order
  }
}

/// Sequences of bytes that start anywhere in a text, for M1: so that a fresh context is in-distribution.
struct RandomSpans: SequenceSource {
  let text: MappedFile
  let length: Int
  let seed: UInt64

  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>) {
    let bytes = text.bytes
    let start = start(of: index)
    for t in 0..<length { out[t] = Int32(bytes[(start + t) % bytes.count]) }
  }

  private func start(of index: Int) -> Int {
    var generator = SeededGenerator(seed: seed &+ UInt64(index) &* 0x9e37_79b9, purpose: "m1 spans")
    return text.bytes.count > length ? generator.below(text.bytes.count - length) : 0
  }

  var stretches: TokenStretches? {
    text.path.map {
      TokenStretches(files: [$0], bytesPerToken: 1, count: text.bytes.count, start: { start(of: $0) })
    }
  }
}

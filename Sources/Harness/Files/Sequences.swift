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
    let start = cache.order(epoch: index / perEpoch, count: perEpoch, seed: seed)[index % perEpoch] * length
    for t in 0..<length { out[t] = store[(start + t) % store.count] }
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
    var generator = SeededGenerator(seed: seed &+ UInt64(index) &* 0x9e37_79b9, purpose: "m1 spans")
    let bytes = text.bytes
    let start = bytes.count > length ? generator.below(bytes.count - length) : 0
    for t in 0..<length { out[t] = Int32(bytes[(start + t) % bytes.count]) }
  }
}

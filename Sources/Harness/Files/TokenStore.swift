import Foundation
import Support
import Tokenizers
import Transformer

/// A split's tokens in a memory-mapped file, two bytes each up to a vocabulary of 65,536, else four.
public struct TokenStore: Sendable {
  let file: MappedFile
  let isWide: Bool
  public let count: Int

  static func isWide(vocabularySize: Int) -> Bool { vocabularySize > 1 << 16 }

  init(path: String, vocabularySize: Int) throws {
    file = try MappedFile(path: path)
    isWide = Self.isWide(vocabularySize: vocabularySize)
    count = file.bytes.count / (isWide ? 4 : 2)
  }

  public subscript(i: Int) -> Int32 {
    isWide
      ? Int32(truncatingIfNeeded: file.bytes.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self).littleEndian)
      : Int32(file.bytes.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self).littleEndian)
  }

  /// Counts of every id.
  func histogram(vocabularySize: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: vocabularySize)
    for i in 0..<count { counts[Int(self[i])] += 1 }
    return counts
  }

  static func data(_ tokens: [Token], isWide: Bool) -> Data {
    isWide
      ? tokens.map(\.littleEndian).withUnsafeBytes { Data($0) }
      : tokens.map { UInt16(truncatingIfNeeded: $0).littleEndian }.withUnsafeBytes { Data($0) }
  }
}

/// Endless training sequences: the stream cut into whole sequences, visited in an order that each epoch shuffles anew.
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

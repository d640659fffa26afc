import Support
import Tokenizers

/// How often every distinct pre-token occurs, in 64 bits.
struct PreTokenCounts {
  private(set) var strings = ByteStringTable()
  private(set) var counts: [Int64] = []

  @inline(__always)
  mutating func add(_ string: UnsafeBufferPointer<UInt8>, _ count: Int64 = 1) {
    let (index, isNew) = strings.insert(string)
    if isNew { counts.append(count) } else { counts[index] += count }
  }

  mutating func add(_ other: PreTokenCounts) {
    for index in 0..<other.strings.count {
      other.strings[index].withUnsafeBufferPointer { add($0, other.counts[index]) }
    }
  }

  /// Bytes that threads cut at a time.
  private static let batchBytes = 16 << 20

  /// Of all examples. The counts, not their order, are the same for any number of threads.
  /// - Throws: what reading the examples throws, and what PCRE2 throws.
  init(of examples: some Sequence<[UInt8]>, _ preTokenizer: PreTokenizer, threads: Int) throws {
    var batch: [[UInt8]] = []
    var bytes = 0
    func count() throws {
      let groups = evenGroups(batch.count, largest: batch.count, threads: threads)
      let parts = try parallelMap(groups.count, threads: threads) { [batch] group in
        var part = PreTokenCounts()
        let matcher = PreTokenMatcher(preTokenizer)
        for example in batch[groups[group]] {
          try example.withUnsafeBufferPointer { try matcher.forEach(in: $0) { part.add($0) } }
        }
        return part
      }
      for part in parts { add(part) }
      batch.removeAll(keepingCapacity: true)
      bytes = 0
    }
    for example in examples where !example.isEmpty {
      batch.append(example)
      bytes += example.count
      if bytes >= Self.batchBytes { try count() }
    }
    try count()
  }

  init() {}
}

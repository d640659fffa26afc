import Support
import Testing
import Tokenizers

private func all(_ search: inout PrefixSearch<Int>, by count: Int) -> [[UInt8]] {
  var found: [[UInt8]] = []
  while true {
    let batch = search.next(count)
    if batch.isEmpty { return found }
    found += batch.map(\.bytes)
  }
}

@Test func theHeaviestComeFirstAndEqualOnesInByteOrder() {
  var search = PrefixSearch<Int>(capacity: 10)
  for (bytes, weight) in [([3], 5), ([1], 5), ([2], 9), ([1, 0], 5), ([4], 1)] as [([UInt8], UInt64)] {
    search.add(bytes, weight: weight, 0)
  }
  #expect(all(&search, by: 2) == [[2], [1], [1, 0], [3], [4]])
}

@Test func theLightestAreForgotten() {
  var search = PrefixSearch<Int>(capacity: 3)
  for (index, weight) in [4, 1, 3, 5, 2, 3].enumerated() { search.add([UInt8(index)], weight: UInt64(weight), index) }
  // Of the two that weigh 3, the first in byte order stays.
  #expect(all(&search, by: 10) == [[3], [0], [2]])
}

@Test func batchesEndWhereNoMoreAreWanted() {
  var search = PrefixSearch<Int>(capacity: 100)
  for weight in 0..<50 { search.add([UInt8(weight)], weight: UInt64(weight), weight) }
  #expect(search.next(100) { $0.weight > 45 }.map(\.payload) == [49, 48, 47, 46])
  #expect(search.next(2).map(\.payload) == [45, 44])
}

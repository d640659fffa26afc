import Foundation
import Support
import Synchronization
import Testing
import Tokenizers

@testable import Plugins

@Test func theDictionaryHoldsTheMostProbableTexts() throws {
  let dictionary = try #require(try trained("M1Dictionary[v=1k]") as? M1DictionaryTokenizer).dictionary
  #expect(dictionary.count == 1024)
  // By brute force, a length at a time: the probability of every text that extends one of the 2,000 likeliest.
  var probabilities: [[UInt8]: UInt64] = [[]: 1 << 62]
  var level: [[UInt8]] = [[]]
  for _ in 0..<9 {
    let texts = Mutex([[UInt8]: UInt64]())
    let (current, known) = (level, probabilities)
    randomM1.distributions(after: current, precision: 14, threads: 2) { index, table in
      for byte in 0..<256 {
        let product = (known[current[index]] ?? 0).multipliedFullWidth(by: UInt64(table[byte]) << 50)
        texts.withLock { $0[current[index] + [UInt8(byte)]] = product.high }
      }
    }
    let found = texts.withLock { $0 }
    probabilities.merge(found) { a, _ in a }
    level = found.sorted { $0.value > $1.value }.prefix(2000).map(\.key)
  }
  let longer = probabilities.filter { $0.key.count > 1 }.sorted {
    $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
  }
  let expected = Set((0...255).map { [UInt8($0)] } + longer.prefix(1024 - 256).map(\.key))
  let texts = (0..<1024).map { dictionary.decode([UInt32($0)], byteCount: 100).text }
  #expect(texts == texts.sorted { $0.lexicographicallyPrecedes($1) })
  let isTheSame = Set(texts) == expected  // apart, so that a failure does not print them all
  #expect(isTheSame)
}

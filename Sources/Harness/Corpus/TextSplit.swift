import Support

/// One split of a corpus: a mapped file, cut into examples in a seeded order.
public struct TextSplit: Sendable {
  public let file: MappedFile
  /// SHA-256 of the file.
  public let sha256: String
  public let exampleBytes: Int
  public let seed: UInt64
  /// Example numbers in shuffled order.
  private let order: [Int]

  init(_ file: MappedFile, sha256: String, exampleBytes: Int, seed: UInt64) {
    self.file = file
    self.sha256 = sha256
    self.exampleBytes = exampleBytes
    self.seed = seed
    var order = Array(0..<(file.bytes.count + exampleBytes - 1) / exampleBytes)
    var generator = SeededGenerator(seed: seed, purpose: "example order")
    generator.shuffle(&order)
    self.order = order
  }

  public var count: Int { order.count }
  public var byteCount: Int { file.bytes.count }

  /// The bytes of the i-th example in shuffled order.
  public subscript(i: Int) -> [UInt8] {
    let start = order[i] * exampleBytes
    return Array(file.bytes[start..<min(start + exampleBytes, file.bytes.count)])
  }

  /// The first examples in shuffled order that together hold at least `bytes`, or all.
  public func first(bytes: Int) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var total = 0
    for i in 0..<count where total < bytes {
      result.append(self[i])
      total += result[result.count - 1].count
    }
    return result
  }

  public var examples: AnySequence<[UInt8]> { AnySequence((0..<count).lazy.map { self[$0] }) }
}

/// A text cut into examples of `size` bytes, the last one shorter.
public func cutIntoExamples(_ text: [UInt8], bytes size: Int) -> [[UInt8]] {
  stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min(text.count, $0 + size)]) }
}

import Support

/// One split of a corpus: a mapped file, cut into examples in a seeded order.
public struct TextSplit: Sendable {
  public let file: MappedFile
  /// SHA-256 of the file.
  public let sha256: String
  public let exampleBytes: Int
  public let seed: UInt64
  /// Which examples of the file's shuffled order these are; nil for all.
  public let part: Range<Int>?
  public let byteCount: Int
  /// Example numbers in shuffled order.
  private let order: ArraySlice<Int>

  init(_ file: MappedFile, sha256: String, exampleBytes: Int, seed: UInt64) {
    self.file = file
    self.sha256 = sha256
    self.exampleBytes = exampleBytes
    self.seed = seed
    var order = Array(0..<(file.bytes.count + exampleBytes - 1) / exampleBytes)
    var generator = SeededGenerator(seed: seed, purpose: "example order")
    generator.shuffle(&order)
    self.order = order[...]
    part = nil
    byteCount = file.bytes.count
  }

  /// Some examples of a whole split.
  private init(_ whole: TextSplit, _ part: Range<Int>) {
    file = whole.file
    sha256 = whole.sha256
    exampleBytes = whole.exampleBytes
    seed = whole.seed
    self.part = part
    byteCount = part.reduce(0) { $0 + whole.range($1).count }
    order = whole.order[part]
  }

  public var count: Int { order.count }

  /// The bytes of the i-th example in shuffled order.
  public subscript(i: Int) -> [UInt8] { Array(file.bytes[range(i)]) }

  private func range(_ i: Int) -> Range<Int> {
    let start = order[order.startIndex + i] * exampleBytes
    return start..<min(start + exampleBytes, file.bytes.count)
  }

  /// Of a whole split, the last examples in shuffled order that together hold at least `bytes`, and the others; nil
  /// where that would be more than half of it.
  public func settingAside(bytes: Int) -> (rest: TextSplit, aside: TextSplit)? {
    precondition(part == nil, "a part is not divided again")
    var first = count, total = 0
    while first > 0, total < bytes {
      first -= 1
      total += range(first).count
    }
    guard total >= bytes, total <= byteCount / 2 else { return nil }
    return (TextSplit(self, 0..<first), TextSplit(self, first..<count))
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

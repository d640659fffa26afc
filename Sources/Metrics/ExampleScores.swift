/// What a model made of each held-out example: nats and original bytes, in the examples' order.
public struct ExampleScores: Sendable, Hashable {
  /// Σ nats of each example's tokens.
  public let nats: [Double]
  /// Original bytes of each example.
  public let bytes: [Int]

  /// nil unless both have the same length of at least one, all nats are finite and there is a byte.
  public init?(nats: [Double], bytes: [Int]) {
    guard nats.count == bytes.count, bytes.contains(where: { $0 > 0 }), bytes.allSatisfy({ $0 >= 0 }),
      nats.allSatisfy(\.isFinite)
    else { return nil }
    self.nats = nats
    self.bytes = bytes
  }

  /// Σ nats / ln 2 / Σ bytes: a ratio of sums, never a mean of ratios.
  public var bitsPerByte: Double { nats.reduce(0, +) / natsPerBit / Double(bytes.reduce(0, +)) }

  /// Several seeds' nats averaged example by example; nil for no seeds, or seeds over different examples.
  /// Its bits/byte is the mean of the seeds'.
  public static func mean(_ seeds: [ExampleScores]) -> ExampleScores? {
    guard let first = seeds.first, seeds.allSatisfy({ $0.bytes == first.bytes }) else { return nil }
    let nats = first.nats.indices.map { example in
      seeds.reduce(0) { $0 + $1.nats[example] } / Double(seeds.count)
    }
    return ExampleScores(nats: nats, bytes: first.bytes)
  }
}

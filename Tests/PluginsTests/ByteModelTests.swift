import Support
import Testing
import Tokenizers

@testable import Plugins

/// A byte model of two bytes: what comes next depends on the last byte alone.
struct MarkovModel: ByteModel {
  /// 256 frequencies after a byte, or at the beginning.
  let frequencies: @Sendable (_ last: UInt8?, _ precision: Int) -> [UInt32]
  var fingerprint: String { "toy" }

  func flopsPerByte(meanContext: Double?) -> Double { meanContext ?? 1000 }
  func intervals(of text: [UInt8], precision: Int) throws -> [SymbolInterval] {
    // Unchecked, as a careless model might: whoever codes with them must look.
    text.indices.map { place in
      let table = frequencies(place > 0 ? text[place - 1] : nil, precision)
      let below = table[..<Int(text[place])].reduce(0) { $0 &+ $1 }
      return SymbolInterval(cumulative: below, frequency: table[Int(text[place])])
    }
  }
  func distributions(along text: [UInt8], precision: Int, body: (Int, UnsafeBufferPointer<UInt32>) throws -> Void)
    rethrows
  {
    for place in text.indices {
      try frequencies(place > 0 ? text[place - 1] : nil, precision).withUnsafeBufferPointer { try body(place, $0) }
    }
  }
  func distributions(
    after prefixes: [[UInt8]], precision: Int, threads: Int, body: @Sendable (Int, UnsafeBufferPointer<UInt32>) -> Void
  ) {
    for (index, prefix) in prefixes.enumerated() {
      frequencies(prefix.last, precision).withUnsafeBufferPointer { body(index, $0) }
    }
  }
  func makeStreams(count: Int) -> any ByteModelStreams { Streams(self, count) }
  func save(to folder: String) {}

  final class Streams: ByteModelStreams {
    let model: MarkovModel
    private var last: [UInt8?]
    var count: Int { last.count }
    init(_ model: MarkovModel, _ count: Int) {
      self.model = model
      last = Array(repeating: nil, count: count)
    }
    func restart(_ stream: Int) { last[stream] = nil }
    func append(_ byte: UInt8, to stream: Int) -> Bool {
      last[stream] = byte
      return true
    }
    func evaluate() {}
    func frequencies(of stream: Int, precision: Int, into table: UnsafeMutableBufferPointer<UInt32>) {
      _ = table.update(fromContentsOf: model.frequencies(last[stream], precision))
    }
  }
}

/// After most bytes nine tenths go to one byte, the rest to others at random: what a trained M1 is like.
let peakedModel = MarkovModel { last, precision in
  var generator = SeededGenerator(seed: last.map { UInt64($0) + 1 } ?? 0)
  var table = [UInt32](repeating: 1, count: 256)
  var left = (1 << precision) - 256
  if let last, last % 4 != 0 {
    table[Int(last &* 7 &+ 3)] += UInt32(left * 9 / 10)
    left -= left * 9 / 10
  }
  while left > 0 {
    let share = min(left, 1 + generator.below(left / 8 + 1))
    table[generator.below(256)] += UInt32(share)
    left -= share
  }
  return table
}

/// What numbers that are no distribution can be like.
enum Unfitness: CaseIterable { case tooLittle, tooMuch, zero, zeroThere }

/// A byte model whose numbers are no distribution: an error, not a read past the table, a crash or a wrong code.
@Test(
  arguments: [
    "AC[v=256]", "EqualInfoAC[b=16,v=65k]", "EqualInfoAC[b=32,v=65k]", "M1Dictionary[v=512]",
    "EqualInfoAC[b=16,v=65k,cut=entropy]", "M1Dictionary[v=512,cut=entropy]", "M1Dictionary[v=512,cut=pretoken]",
  ],
  Unfitness.allCases)
func wrongTotalsAreAnError(name: String, unfitness: Unfitness) throws {
  let model = MarkovModel { _, precision in
    var table = [UInt32](repeating: 1 << UInt32(precision - 8), count: 256)
    switch unfitness {
    case .tooLittle: table[0] -= 1
    case .tooMuch: table[0] += .max / 2
    case .zero: (table[7], table[8]) = (0, table[7] + table[8])
    case .zeroThere: (table[116], table[117]) = (0, table[116] + table[117])
    }
    return table
  }
  let context = TrainingContext(
    examples: { AnySequence([Array("text".utf8)]) }, byteModel: { model }, seed: 0, threads: 1)
  let spec = try registry.resolve(name)
  #expect(throws: TokenizerError.self) {
    let tokenizer = try registry.backend(named: spec.name).train(spec, context: context)
    _ = tokenizer.decodeGenerated([7, 8, 9], maximumBytes: 4)
    _ = try tokenizer.encode(Array("text".utf8))
    _ = try tokenizer.decode([7, 8, 9], byteCount: 4)
  }
}

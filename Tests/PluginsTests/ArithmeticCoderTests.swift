import CZlib
import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

private func randomTable(_ generator: inout SeededGenerator, precision: Int, peaked: Bool) -> [UInt32] {
  var table = [UInt32](repeating: 1, count: 256)
  var left = (1 << precision) - 256
  if peaked {
    table[generator.below(256)] += UInt32(left)
    return table
  }
  while left > 0 {
    let share = 1 + generator.below(left)
    table[generator.below(256)] += UInt32(share)
    left -= share
  }
  return table
}

@Test func theCodeIsShortAndComesBack() throws {
  var generator = SeededGenerator(seed: 21)
  for round in 0..<300 {
    let precision = [8, 10, 14, 16][round % 4]
    let table = randomTable(&generator, precision: precision, peaked: round % 3 == 0)
    let count = generator.below(400)
    let symbols = (0..<count).map { i -> UInt8 in
      // Mostly likely symbols, sometimes any: carries and long runs both occur.
      i % 5 == 4 ? UInt8(generator.below(256)) : UInt8(table.indices.max { table[$0] < table[$1] } ?? 0)
    }
    try table.withUnsafeBufferPointer {
      let distribution = try QuantisedDistribution($0, precision: precision)
      var encoder = ArithmeticEncoder()
      var ideal = 0.0
      for symbol in symbols {
        encoder.encode(distribution.interval(of: symbol), precision: precision)
        ideal += Double(precision) - log2(Double(table[Int(symbol)]))
      }
      let code = encoder.finish()
      #expect(Double(code.bitCount) <= ideal + 2, "round \(round): \(code.bitCount) bits for \(ideal)")
      #expect(code.bytes.count == (code.bitCount + 7) / 8)
      var decoder = ArithmeticDecoder(code.bytes)
      #expect(symbols.map { _ in decoder.decode(distribution).symbol } == symbols)
    }
  }
}

@Test(arguments: [0, 128, 255])
func carriesReachTheFirstByte(last: UInt8) throws {
  // The last symbol of a fair alphabet again and again keeps low near the top; a final one carries.
  let table = [UInt32](repeating: 64, count: 256)
  let symbols = [UInt8](repeating: 255, count: 200) + [last]
  try table.withUnsafeBufferPointer {
    let distribution = try QuantisedDistribution($0, precision: 14)
    var encoder = ArithmeticEncoder()
    for symbol in symbols { encoder.encode(distribution.interval(of: symbol), precision: 14) }
    var decoder = ArithmeticDecoder(encoder.finish().bytes)
    #expect(symbols.map { _ in decoder.decode(distribution).symbol } == symbols)
  }
}

/// A byte model whose numbers are no distribution: an error, not a read past the table or a wrong code.
@Test(arguments: ["AC[v=256]", "EqualInfoAC[b=16,v=65k]", "EqualInfoAC[b=32,v=65k]", "M1Dictionary[v=512]"])
func wrongTotalsAreAnError(name: String) throws {
  let good = try trained("AC[v=256]").encode(Array("text".utf8))
  for fault in [UnfitModel.Fault.tooLittle, .tooMuch, .zero] {
    let context = TrainingContext(
      examples: { AnySequence([]) }, byteModel: { UnfitModel(fault: fault) }, seed: 0, threads: 1)
    let spec = try registry.resolve(name)
    #expect(throws: TokenizerError.self, "\(fault)") {
      let tokenizer = try registry.backend(named: spec.name).train(spec, context: context)
      _ = try? tokenizer.decode(good, byteCount: 4)
      _ = tokenizer.decodeGenerated(good, maximumBytes: 4)
      _ = try tokenizer.encode(Array("text".utf8))
    }
  }
}

/// Uniform, with one number wrong.
private struct UnfitModel: ByteModel {
  enum Fault { case tooLittle, tooMuch, zero }
  let fault: Fault
  var fingerprint: String { "unfit" }
  func flopsPerByte(meanContext: Double?) -> Double { 0 }
  func frequencies(_ precision: Int) -> [UInt32] {
    var table = [UInt32](repeating: 1 << UInt32(precision - 8), count: 256)
    switch fault {
    case .tooLittle: table[255] -= 1
    case .tooMuch: table[0] += 1
    case .zero: (table[7], table[8]) = (0, table[7] + table[8])
    }
    return table
  }
  func intervals(of text: [UInt8], precision: Int) throws -> [SymbolInterval] {
    text.map { _ in SymbolInterval(cumulative: 1 << UInt32(precision), frequency: 1) }
  }
  func distributions(along text: [UInt8], precision: Int, body: (Int, UnsafeBufferPointer<UInt32>) throws -> Void)
    rethrows
  { try frequencies(precision).withUnsafeBufferPointer { for place in text.indices { try body(place, $0) } } }
  func distributions(
    after prefixes: [[UInt8]], precision: Int, threads: Int, body: @Sendable (Int, UnsafeBufferPointer<UInt32>) -> Void
  ) { frequencies(precision).withUnsafeBufferPointer { for index in prefixes.indices { body(index, $0) } } }
  func makeStreams(count: Int) -> any ByteModelStreams { Streams(self, count) }
  func save(to folder: String) {}

  final class Streams: ByteModelStreams {
    let model: UnfitModel
    let count: Int
    init(_ model: UnfitModel, _ count: Int) { (self.model, self.count) = (model, count) }
    func restart(_ stream: Int) {}
    func append(_ byte: UInt8, to stream: Int) -> Bool { true }
    func evaluate() {}
    func frequencies(of stream: Int, precision: Int, into table: UnsafeMutableBufferPointer<UInt32>) {
      _ = table.update(fromContentsOf: model.frequencies(precision))
    }
  }
}

@Test func gzipTokensAreZlibsBytes() throws {
  let text = Array(sampleText.prefix(10_240))
  var size = compressBound(UInt(text.count))
  var expected = [UInt8](repeating: 0, count: Int(size))
  #expect(compress(&expected, &size, text, UInt(text.count)) == Z_OK)
  #expect(try trained("GZip[v=256]").encode(text) == expected.prefix(Int(size)).map(Token.init))
}

@Test func unigramFrequenciesAreExact() {
  var counts = [Int](repeating: 0, count: 256)
  counts[97] = 1_000_000
  counts[98] = 10
  for precision in [8, 14, 16] {
    let table = UnigramByteModel(counts: counts).frequencies(precision: precision)
    let total: UInt32 = table.reduce(0, +)
    #expect(total == UInt32(1) << UInt32(precision))
    #expect(table.allSatisfy { $0 >= 1 })
  }
}

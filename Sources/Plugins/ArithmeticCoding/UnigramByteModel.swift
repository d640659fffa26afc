import Foundation
import Support
import Tokenizers

/// The same byte distribution everywhere: frequencies counted on a text.
struct UnigramByteModel: ByteModel {
  /// Of each of the 256 bytes.
  let counts: [Int]

  init(counts: [Int]) { self.counts = counts }

  /// Counted on all examples.
  init(of examples: some Sequence<[UInt8]>) {
    var counts = [Int](repeating: 0, count: 256)
    for example in examples {
      for byte in example { counts[Int(byte)] += 1 }
    }
    self.counts = counts
  }

  func flopsPerByte(meanContext: Double?) -> Double { 0 }
  var fingerprint: String {
    var hash = FNV1a()
    for count in counts { hash.combine(UInt64(count)) }
    return hash.hexadecimal
  }

  /// 256 frequencies with total 2^precision, each at least 1, in integers throughout: 1 + ⌊(2^p - 256)·(c + 1)/Σ(c + 1)⌋,
  /// the largest taking what is left.
  func frequencies(precision: Int) -> [UInt32] {
    let total = counts.reduce(0) { $0 + $1 + 1 }
    let room = 1 << precision - 256
    var table = counts.map { UInt32(1 + Int128(room) * Int128($0 + 1) / Int128(total)) }
    let used = table.reduce(0) { $0 + Int($1) }
    var largest = 0
    for byte in 1..<256 where table[byte] > table[largest] { largest = byte }
    table[largest] += UInt32((1 << precision) - used)
    return table
  }

  func distributions(
    along text: [UInt8], precision: Int, body: (Int, UnsafeBufferPointer<UInt32>) throws -> Void
  ) rethrows {
    try frequencies(precision: precision).withUnsafeBufferPointer { for place in text.indices { try body(place, $0) } }
  }

  /// All bytes' intervals once, then a look-up each.
  func intervals(of text: [UInt8], precision: Int) throws -> [SymbolInterval] {
    let intervals = try frequencies(precision: precision).withUnsafeBufferPointer { frequencies in
      let distribution = try QuantisedDistribution(frequencies, precision: precision)
      return (0...255).map { distribution.interval(of: $0) }
    }
    return text.map { intervals[Int($0)] }
  }

  func makeStreams(count: Int) -> any ByteModelStreams { UnigramStreams(self, count: count) }

  func distributions(
    after prefixes: [[UInt8]], precision: Int, threads: Int, body: @Sendable (Int, UnsafeBufferPointer<UInt32>) -> Void
  ) {
    frequencies(precision: precision).withUnsafeBufferPointer { for index in prefixes.indices { body(index, $0) } }
  }

  static let fileName = "unigram.json"
  func save(to folder: String) throws {
    try writeAtomically(try JSONEncoder().encode(counts), to: folder + "/" + Self.fileName)
  }
  static func load(from folder: String) throws -> UnigramByteModel {
    let path = folder + "/" + fileName
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)),
      let counts = try? JSONDecoder().decode([Int].self, from: data), counts.count == 256,
      counts.allSatisfy({ $0 >= 0 && $0 < 1 << 50 })
    else { throw TokenizerError.damagedFile(path, reason: "missing, or not 256 byte counts") }
    return UnigramByteModel(counts: counts)
  }
}

private final class UnigramStreams: ByteModelStreams {
  let count: Int
  private let model: UnigramByteModel
  private var table: [UInt32] = []
  private var tablePrecision = 0

  init(_ model: UnigramByteModel, count: Int) {
    self.model = model
    self.count = count
  }
  func restart(_ stream: Int) {}
  func append(_ byte: UInt8, to stream: Int) -> Bool { true }
  func evaluate() {}
  func frequencies(of stream: Int, precision: Int, into table: UnsafeMutableBufferPointer<UInt32>) {
    if tablePrecision != precision {
      (self.table, tablePrecision) = (model.frequencies(precision: precision), precision)
    }
    _ = table.update(fromContentsOf: self.table)
  }
}

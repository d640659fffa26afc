import Foundation
import Tokenizers

/// The same byte distribution everywhere: frequencies counted on a text.
struct UnigramByteModel: ByteModel {
  let counts: [Int]

  var flopsPerByte: Double { 0 }
  var fingerprint: String {
    String(counts.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }, radix: 16)
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

  func intervals(of text: [UInt8], precision: Int) -> [SymbolInterval] {
    let table = frequencies(precision: precision)
    var cumulative: UInt32 = 0
    let intervals = table.map { frequency -> SymbolInterval in
      defer { cumulative += frequency }
      return SymbolInterval(cumulative: cumulative, frequency: frequency)
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
    try JSONEncoder().encode(counts).write(to: URL(fileURLWithPath: folder + "/" + Self.fileName), options: .atomic)
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

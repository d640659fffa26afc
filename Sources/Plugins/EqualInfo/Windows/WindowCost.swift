import Foundation
import Support
import Tokenizers

/// What running M1 costs a tokenizer of windows, measured once on training text: windows restart M1, so that a byte
/// looks back on little, and `delay` reads some bytes twice.
struct WindowCost: Sendable, Codable, Equatable {
  /// Bytes that M1 reads for a byte of text.
  var readPerByte: Double
  /// Positions that such a byte attends to on average; nil where there was no text to measure on.
  var meanContext: Double?

  /// So much training text is measured, cut into pieces that M1 reads side by side.
  private static let pieces = 32, pieceBytes = 1024

  init(of coder: WindowCoder, on examples: some Sequence<[UInt8]>, threads: Int) throws {
    var sample: [[UInt8]] = []
    for example in examples {
      for start in stride(from: 0, to: example.count, by: Self.pieceBytes) where sample.count < Self.pieces {
        sample.append(Array(example[start..<min(example.count, start + Self.pieceBytes)]))
      }
      if sample.count == Self.pieces { break }
    }
    let work = try coder.encode(examples: sample, threads: threads).map(\.work)
    let bytes = sample.reduce(0) { $0 + $1.count }, read = work.reduce(0) { $0 + $1.bytes }
    readPerByte = bytes > 0 ? Double(read) / Double(bytes) : 1
    meanContext = read > 0 ? Double(work.reduce(0) { $0 + $1.positions }) / Double(read) : nil
  }

  func flopsPerByte(under model: any ByteModel) -> Double {
    readPerByte * model.flopsPerByte(meanContext: meanContext)
  }

  static let fileName = "cost.json"
  func save(to folder: String) throws {
    try writeAtomically(try jsonEncoder().encode(self), to: folder + "/" + Self.fileName)
  }
  /// - Throws: ``TokenizerError/damagedFile(_:reason:)``.
  static func load(from folder: String) throws -> WindowCost {
    let path = folder + "/" + fileName
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)),
      let cost = try? JSONDecoder().decode(WindowCost.self, from: data)
    else { throw TokenizerError.damagedFile(path, reason: "missing, or not the cost of windows") }
    return cost
  }
}

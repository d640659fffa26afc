import Foundation
import Tokenizers

/// The paper's printed figures (baselines/paper.json).
struct Baseline: Sendable {
  struct Table: Decodable {
    var columns: [String]
    var rows: [[Value]]
  }
  enum Value: Decodable {
    case text(String), number(Double), none
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .none
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }
    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var text: String? { if case .text(let value) = self { value } else { nil } }
  }
  private struct File: Decodable {
    var source: String
    var compressionRatio: [String: Double]
    var bitCompressionRatio: [String: Double]
    var trivialModelsBitsPerByte: Table
    var main: Table
    var windowAblation: Table
    var endOfWindow: Table
  }
  struct Point: Sendable {
    let size: String
    let bitsPerByte: Double
    let flopsPerByte: Double?
  }
  let source: String
  /// By canonical name.
  let compressionRatio: [String: Double]
  let bitCompressionRatio: [String: Double]
  let uniform: [String: Double]
  let unigram: [String: Double]
  let points: [String: [Point]]

  /// - Throws: ``HarnessError/file(_:reason:)``.
  init(path: String, registry: Registry) throws {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw HarnessError.file(
        path, reason: "cannot be read; it should hold a paper's figures, as baselines/paper.json does")
    }
    let file: File
    do { file = try JSONDecoder().decode(File.self, from: data) } catch {
      throw HarnessError.file(path, reason: "not a baseline file: \(error)")
    }
    func canonical(_ name: String) -> String { (try? registry.resolve(name).canonicalName) ?? name }
    func renamed(_ table: [String: Double]) -> [String: Double] {
      Dictionary(table.map { (canonical($0.key), $0.value) }, uniquingKeysWith: { a, _ in a })
    }
    source = file.source
    compressionRatio = renamed(file.compressionRatio)
    bitCompressionRatio = renamed(file.bitCompressionRatio)
    var uniform: [String: Double] = [:], unigram: [String: Double] = [:]
    for row in file.trivialModelsBitsPerByte.rows where row.count == 3 {
      guard let name = row[0].text else { continue }
      uniform[canonical(name)] = row[1].number
      unigram[canonical(name)] = row[2].number
    }
    self.uniform = uniform
    self.unigram = unigram
    var points: [String: [Point]] = [:]
    for row in file.main.rows + file.windowAblation.rows + file.endOfWindow.rows where row.count == 4 {
      guard let name = row[0].text, let size = row[1].text, let bits = row[2].number else { continue }
      points[canonical(name), default: []].append(Point(size: size, bitsPerByte: bits, flopsPerByte: row[3].number))
    }
    self.points = points
  }
}

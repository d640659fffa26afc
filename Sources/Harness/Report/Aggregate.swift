import Foundation
import Metrics

/// All seeds of one tokenizer at one size.
struct Row {
  let tokenizer: String
  let size: String
  let records: [RunRecord]

  var finished: [RunRecord] { records.filter { $0.status == "ok" } }
  var values: [Double] { finished.compactMap(\.bitsPerByte) }
  var summary: Summary? { Summary(values) }
  /// Facts that do not depend on the seed.
  var first: RunRecord? { finished.first ?? records.first }
  /// Why there is no bits/byte.
  var problem: String? {
    if let error = records.compactMap(\.error).first { return error }
    return values.isEmpty ? first?.tokenization?.roundTripProblem : nil
  }

  /// Groups records by tokenizer and size, in order of first appearance.
  static func group(_ records: [RunRecord]) -> [Row] {
    var order: [String] = []
    var groups: [String: [RunRecord]] = [:]
    for record in records {
      let key = record.tokenizer + " " + record.size
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(record)
    }
    return order.compactMap { key in
      guard let group = groups[key], let first = group.first else { return nil }
      return Row(tokenizer: first.tokenizer, size: first.size, records: group.sorted { $0.seed < $1.seed })
    }
  }
}

/// A value or `---`.
func cell(_ value: Double?, _ format: String) -> String {
  guard let value, value.isFinite else { return "---" }
  return String(format: format, value)
}

/// Columns padded so that the Markdown source reads as a table too.
func markdownTable(_ header: [String], _ rows: [[String]], rightAligned: Set<Int> = []) -> String {
  let widths = header.indices.map { c in max(3, ([header] + rows).map { $0[c].count }.max() ?? 3) }
  func line(_ cells: [String]) -> String {
    "| "
      + cells.enumerated().map { c, text in
        let pad = String(repeating: " ", count: widths[c] - text.count)
        return rightAligned.contains(c) ? pad + text : text + pad
      }.joined(separator: " | ") + " |"
  }
  let rule =
    "| "
    + header.indices.map { c in
      rightAligned.contains(c)
        ? String(repeating: "-", count: widths[c] - 1) + ":" : String(repeating: "-", count: widths[c])
    }.joined(separator: " | ") + " |"
  return ([line(header), rule] + rows.map(line)).joined(separator: "\n") + "\n"
}

import Foundation
import Metrics
import Support

extension RecordAnalysis {
  /// A paper's printed figures beside the rows of the same tokenizers, and how far the orders agree.
  static let besideThePaper = RecordAnalysis("paper", title: "Beside the paper") { input in
    guard let baseline = input.baseline else { return [] }
    let rows = input.groups.compactMap { group -> PaperRow? in
      guard let name = baseline.rowName(for: group.tokenizer) else { return nil }
      return PaperRow(group: group, name: name, baseline: baseline)
    }
    guard !rows.isEmpty else { return [] }
    let findings = orderFindings(rows) + passingBytes(rows) + withoutRow(input, baseline) + scale(input, baseline)
    return [
      .table(Table(key: "paper", rows, fields: fields(input)).withoutEmptyColumns()),
      .note(
        "Source of the paper's figures: \(baseline.source). Another corpus, another M1 and other budgets: compare the "
          + "order of rows, not the values."),
    ] + (findings.isEmpty ? [] : [.findings(findings)])
  }

  private struct PaperRow {
    let group: CellGroup
    /// The paper's row.
    let name: String
    /// By M2 size in the paper's order: smallest first.
    let points: [(size: String, bitsPerByte: Double)]
    let ratio: Double?
    let unigram: Double?

    init(group: CellGroup, name: String, baseline: Baseline) {
      self.group = group
      self.name = name
      points = ["main", "windowAblation", "endOfWindow"].flatMap { table in
        (baseline.table(table)?.rows(where: ["tokenizer": name]) ?? []).compactMap { row in
          row.text("size").flatMap { size in row.number("bitsPerByte").map { (size, $0) } }
        }
      }
      ratio = baseline.value("compressionRatio", of: name)
      unigram = baseline.table("trivialModelsBitsPerByte")?.rows(where: ["tokenizer": name]).first?.number("unigram")
    }

    /// The paper's bits/byte at a size.
    func value(_ size: String) -> Double? { points.first { $0.size == size }?.bitsPerByte }

    func point(_ point: (size: String, bitsPerByte: Double)?) -> String? {
      point.map { String(format: "%.2f (%@)", $0.bitsPerByte, $0.size) }
    }
  }

  private static func fields(_ input: AnalysisInput) -> [TableField<PaperRow>] {
    [
      .text("tokenizer", "Tokenizer") { $0.group.tokenizer },
      .text("size", "M2") { $0.group.size },
      .text("paperRow", "Paper's row") { $0.name == $0.group.tokenizer ? nil : $0.name },
      .number("compressionRatio", "Bytes/token", .fixed(2)) { $0.group.tokenization?.compressionRatio },
      .number("paperCompressionRatio", "Paper", .fixed(2)) { $0.ratio },
      .number("unigramBitsPerByte", "Unigram", .fixed(3)) { $0.group.tokenization?.unigramBitsPerByte },
      .number("paperUnigramBitsPerByte", "Paper", .fixed(3)) { $0.unigram },
      .estimate("bitsPerByte", "M2 bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
        bitsPerByteCell($0.group, input)
      },
      .text("paperSmallest", "Paper, smallest M2") { $0.point($0.points.first) },
      .text("paperLargest", "Paper, largest M2") { $0.points.count > 1 ? $0.point($0.points.last) : nil },
    ]
  }

  /// Of the pairs of tokenizers that both have, how many stand in the same order: at our last size, and at that of the
  /// paper's which most of them have.
  private static func orderFindings(_ rows: [PaperRow]) -> [Finding] {
    let scored = rows.filter { $0.group.heldOut != nil }
    guard let size = scored.last?.group.size else { return [] }
    let ours = scored.filter { $0.group.size == size }
    let sizes = unique(ours.flatMap { $0.points.map(\.size) })
    guard let paperSize = sizes.max(by: { a, b in count(ours, a) < count(ours, b) }) else { return [] }
    let pairs = ours.compactMap { row in
      row.group.heldOut.flatMap { own in row.value(paperSize).map { (ours: own.bitsPerByte, paper: $0) } }
    }
    var same = 0, all = 0
    for (index, a) in pairs.enumerated() {
      for b in pairs[(index + 1)...] where a.paper != b.paper {
        all += 1
        if (a.ours < b.ours) == (a.paper < b.paper) { same += 1 }
      }
    }
    guard all > 0 else { return [] }
    return [
      Finding(
        "Of \(all) pairs of these tokenizers, \(same) stand in the same order at size \(size) as in the paper at \(paperSize)."
      )
    ]
  }

  private static func count(_ rows: [PaperRow], _ size: String) -> Int { rows.count { $0.value(size) != nil } }

  /// At which sizes the paper has each of these tokenizers below bytes.
  private static func passingBytes(_ rows: [PaperRow]) -> [Finding] {
    guard let bytes = rows.first(where: { $0.ratio == 1 }) else { return [] }
    var seen: Set<String> = [bytes.name]
    let others = rows.filter { seen.insert($0.name).inserted && !$0.points.isEmpty }
    let lines = others.map { row in
      let below = row.points.filter { point in bytes.value(point.size).map { point.bitsPerByte < $0 } ?? false }
      return "\(row.name) at " + (below.isEmpty ? "none" : list(below.map(\.size)))
    }
    guard !lines.isEmpty else { return [] }
    return [
      Finding("Sizes at which the paper has a tokenizer below \(bytes.name): \(lines.joined(separator: "; ")).")
    ]
  }

  private static func withoutRow(_ input: AnalysisInput, _ baseline: Baseline) -> [Finding] {
    let names = unique(input.groups.map(\.tokenizer)).filter { baseline.rowName(for: $0) == nil }
    return names.isEmpty ? [] : [Finding("The paper has no figures for \(list(names)).")]
  }

  private static func scale(_ input: AnalysisInput, _ baseline: Baseline) -> [Finding] {
    guard let most = input.records.compactMap(\.training).map(\.tokens).max(),
      let paper = baseline.number("setup", "m2", "tokens")
    else { return [] }
    return [
      Finding(
        "M2 saw at most \(short(Double(most))) tokens here, \(short(paper)) in the paper: orders among tokenizers may "
          + "change with scale.")
    ]
  }
}

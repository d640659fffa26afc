import Foundation
import Metrics
import Support

/// Two runs, cell by cell.
public struct Comparison: Sendable {
  public struct Line: Sendable, Codable {
    public let tokenizer: String
    public let size: String
    public let a: Double?
    public let b: Double?
    public let ratioA: Double?
    public let ratioB: Double?
    /// b - a, bits/byte.
    public let difference: Double?
    /// Welch's t, two-sided; nil with fewer than two seeds on a side.
    public let pValue: Double?
  }
  public let lines: [Line]

  public init(_ runA: String, _ runB: String) throws {
    let a = Row.group(try RunRecord.loadAll(runFolder: runA)), b = Row.group(try RunRecord.loadAll(runFolder: runB))
    let keys = unique((a + b).map { "\($0.tokenizer)\t\($0.size)" })
    lines = keys.map { key in
      let x = a.first { "\($0.tokenizer)\t\($0.size)" == key }, y = b.first { "\($0.tokenizer)\t\($0.size)" == key }
      let meanA = x?.summary?.mean, meanB = y?.summary?.mean
      return Line(
        tokenizer: (x ?? y)?.tokenizer ?? "", size: (x ?? y)?.size ?? "", a: meanA, b: meanB,
        ratioA: x?.first?.tokenization?.compressionRatio, ratioB: y?.first?.tokenization?.compressionRatio,
        difference: meanA.flatMap { p in meanB.map { $0 - p } },
        pValue: x.flatMap { p in y.flatMap { WelchTest(p.values, $0.values)?.pValue } })
    }
  }

  public var markdown: String {
    markdownTable(
      [
        "Tokenizer", "M2", "A bits/byte", "B bits/byte", "B - A", "p (Welch)", "Verdict", "A bytes/token",
        "B bytes/token",
      ],
      lines.map { line in
        let verdict: String
        switch (line.difference, line.pValue) {
        case (nil, _): verdict = "---"
        case (0?, _): verdict = "equal"
        case (_, nil): verdict = "untested"
        case (let difference?, let p?): verdict = p >= 0.05 ? "tie" : difference < 0 ? "B better" : "A better"
        }
        return [
          line.tokenizer, line.size, cell(line.a, "%.4f"), cell(line.b, "%.4f"), cell(line.difference, "%+.4f"),
          cell(line.pValue, "%.3g"), verdict, cell(line.ratioA, "%.3f"), cell(line.ratioB, "%.3f"),
        ]
      }, rightAligned: [2, 3, 4, 5, 7, 8])
  }
}

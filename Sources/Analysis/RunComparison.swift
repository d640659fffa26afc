import Metrics
import Records
import Support

/// Two runs, cell by cell: how far B is from A on the same held-out examples.
public struct RunComparison: Codable, Sendable {
  public enum Verdict: String, Codable, Sendable {
    case aBetter = "A better"
    case bBetter = "B better"
    /// The paired test finds no difference at 0.05.
    case tie
    /// The same nats in every example.
    case equal
    case onlyA = "only in A"
    case onlyB = "only in B"
    /// One side has no bits/byte.
    case unscored
    /// Scored on other bytes: the difference is not one of models alone.
    case otherText = "other held-out text"
    /// Too few examples to test.
    case untested
  }

  public struct Line: Codable, Sendable {
    public let tokenizer: String
    public let size: String
    /// Mean held-out bits/byte over each side's seeds.
    public let a: Double?
    public let b: Double?
    /// b - a, bits/byte; nil unless both were scored on the same bytes.
    public let difference: Double?
    /// Paired 95% interval of the difference.
    public let interval: Interval?
    /// Of the paired test, two-sided.
    public let pValue: Double?
    /// What the interval and the test let vary.
    public let variation: DifferenceTest.Variation?
    public let verdict: Verdict
    /// Bytes/token of each side.
    public let compressionRatioA: Double?
    public let compressionRatioB: Double?
  }

  public struct FieldDifference: Codable, Sendable, Hashable {
    public let field: String
    /// nil where a side lacks the field.
    public let a: String?
    public let b: String?
  }

  /// Where the two protocols differ; empty for runs of one protocol.
  public let protocolDifferences: [FieldDifference]
  /// Records of either side that are of an older protocol than its newest: not compared.
  public let leftAside: Int
  public let lines: [Line]

  /// Compares the newest protocol's records of each side.
  public init(_ a: RecordFolder.Contents, _ b: RecordFolder.Contents) {
    let sideA = Self.newest(a.records), sideB = Self.newest(b.records)
    leftAside = a.records.count + b.records.count - sideA.count - sideB.count
    protocolDifferences =
      if let x = sideA.first?.protocol, let y = sideB.first?.protocol {
        x.differences(from: y).map { FieldDifference(field: $0.field, a: $0.this, b: $0.other) }
      } else { [] }
    var resampling = Resampling()
    let groupsA = CellGroup.group(sideA, resampling: &resampling)
    let groupsB = CellGroup.group(sideB, resampling: &resampling)
    lines = unique((groupsA + groupsB).map(\.name)).map { name in
      Self.line(groupsA.first { $0.name == name }, groupsB.first { $0.name == name })
    }
  }

  private static func newest(_ records: [RunRecord]) -> [RunRecord] {
    let last = records.max { $0.circumstances.written < $1.circumstances.written }
    return records.filter { $0.protocol.hash == last?.protocol.hash }
  }

  private static func line(_ a: CellGroup?, _ b: CellGroup?) -> Line {
    let difference = a?.heldOut.flatMap { x in b?.heldOut.flatMap { ScoreEstimate.difference($0, minus: x) } }
    return Line(
      tokenizer: (a ?? b)?.tokenizer ?? "", size: (a ?? b)?.size ?? "", a: a?.heldOut?.bitsPerByte,
      b: b?.heldOut?.bitsPerByte, difference: difference?.bitsPerByte, interval: difference?.interval,
      pValue: difference?.test?.pValue, variation: difference?.test?.variation, verdict: verdict(a, b, difference),
      compressionRatioA: a?.tokenization?.compressionRatio, compressionRatioB: b?.tokenization?.compressionRatio)
  }

  private static func verdict(_ a: CellGroup?, _ b: CellGroup?, _ difference: PairedDifference?) -> Verdict {
    guard let a else { return .onlyB }
    guard let b else { return .onlyA }
    guard let x = a.heldOut, let y = b.heldOut else { return .unscored }
    guard let text = x.textSHA256, text == y.textSHA256 else { return .otherText }
    if !x.scores.isEmpty, x.scores == y.scores { return .equal }
    guard let difference, let isTie = difference.isTie else { return .untested }
    return isTie ? .tie : difference.bitsPerByte < 0 ? .bBetter : .aBetter
  }
}

extension RunComparison {
  /// For people: a row a cell.
  public var table: Table {
    Table(
      key: "comparison", lines,
      fields: [
        .text("tokenizer", "Tokenizer") { $0.tokenizer },
        .text("size", "M2") { $0.size },
        .number("a", "A bits/byte", unit: "bits/byte", .fixed(4), better: .lower) { $0.a },
        .number("b", "B bits/byte", unit: "bits/byte", .fixed(4), better: .lower) { $0.b },
        .estimate("difference", "B - A", unit: "bits/byte", .signed(4), better: .lower) {
          .number($0.difference, interval: $0.interval)
        },
        .number("pValue", "p", .significant) { $0.pValue },
        .text("variation", "Varies") { $0.variation.map { $0 == .examples ? "examples" : "seeds and examples" } },
        .text("verdict", "Verdict") { $0.verdict.rawValue },
        .number("compressionRatioA", "A bytes/token", .fixed(3), better: .higher) { $0.compressionRatioA },
        .number("compressionRatioB", "B bytes/token", .fixed(3), better: .higher) { $0.compressionRatioB },
      ])
  }

  /// What to know before reading the table.
  public var findings: [Finding] {
    var findings = protocolDifferences.map {
      Finding("`\($0.field)` differs: A \($0.a ?? "absent"), B \($0.b ?? "absent").")
    }
    if lines.contains(where: { $0.verdict == .otherText }) {
      findings.append(Finding("Cells of other held-out text are not compared: their bits/byte are of different bytes."))
    }
    if leftAside > 0 {
      findings.append(Finding("\(leftAside) records of older protocols were left aside."))
    }
    return findings
  }
}

import Metrics
import Records
import Support

/// Two runs, cell by cell: how far B is from A on the same held-out examples.
///
/// Every protocol that both have is compared, such as each budget of a ladder; where they share none, the newest of each.
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
    /// What tells its protocol from the others, in a few words; nil where one alone is compared.
    public let `protocol`: String?
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

  /// Where the two protocols differ; empty where both runs have what is compared.
  public let protocolDifferences: [FieldDifference]
  /// Records of either side that are of other protocols: not compared.
  public let leftAside: Int
  public let lines: [Line]

  public init(_ a: RecordFolder.Contents, _ b: RecordFolder.Contents) {
    let shared = unique(a.records.map(\.protocol)).filter(Set(b.records.map(\.protocol)).contains)
    // Records are in order of writing.
    let newest = (a: a.records.last?.protocol, b: b.records.last?.protocol)
    let compared: [(a: ComparisonProtocol?, b: ComparisonProtocol?)] =
      shared.isEmpty ? [newest] : shared.map { ($0, $0) }
    func inputs(_ records: [RunRecord], _ protocols: [ComparisonProtocol?]) -> [AnalysisInput] {
      protocols.map { one in
        AnalysisInput(
          records: records.filter { $0.protocol == one }, protocol: one ?? ComparisonProtocol(fields: [:]))
      }
    }
    let inputsA = inputs(a.records, compared.map(\.a)), inputsB = inputs(b.records, compared.map(\.b))
    leftAside =
      a.records.count + b.records.count - (inputsA + inputsB).reduce(0) { $0 + $1.records.count }
    protocolDifferences =
      if shared.isEmpty, let x = newest.a, let y = newest.b {
        x.differences(from: y).map { FieldDifference(field: $0.field, a: $0.this, b: $0.other) }
      } else { [] }
    let names: [String?] = shared.count > 1 ? axisNames(inputsA) : [nil]
    lines = zip(names, zip(inputsA, inputsB)).flatMap { name, sides in
      let groupsA = sides.0.groups, groupsB = sides.1.groups
      return unique((groupsA + groupsB).map(\.name)).map { cell in
        Self.line(groupsA.first { $0.name == cell }, groupsB.first { $0.name == cell }, protocol: name)
      }
    }
  }

  private static func line(_ a: CellGroup?, _ b: CellGroup?, protocol name: String?) -> Line {
    let difference = a?.heldOut.flatMap { x in b?.heldOut.flatMap { ScoreEstimate.difference($0, minus: x) } }
    return Line(
      protocol: name, tokenizer: (a ?? b)?.tokenizer ?? "", size: (a ?? b)?.size ?? "", a: a?.heldOut?.bitsPerByte,
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
      fields: (lines.contains { $0.protocol != nil } ? [.text("protocol", "Protocol") { $0.protocol }] : []) + [
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
      Finding("\(code: $0.field) differs: A \($0.a ?? "absent"), B \($0.b ?? "absent").")
    }
    if lines.contains(where: { $0.verdict == .otherText }) {
      findings.append(Finding("Cells of other held-out text are not compared: their bits/byte are of different bytes."))
    }
    if leftAside > 0 {
      findings.append(Finding("\(leftAside) records of other protocols were left aside."))
    }
    return findings
  }
}

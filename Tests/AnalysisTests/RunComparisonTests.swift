import Foundation
import Rendering
import Support
import Testing

@testable import Analysis
@testable import Records

@Suite struct RunComparisonTests {
  func compare(_ a: [Cell], _ b: [Cell]) throws -> RunComparison {
    RunComparison(
      .init(try a.map { try $0.record() }),
      .init(try b.map { try $0.record() }))
  }

  @Test(
    arguments: [
      (Cell(nats: [21, 21.5, 24.5, 30.1]), .tie), (Cell(nats: [40, 43, 44, 55]), .aBetter),
      (Cell(nats: [10, 11.5, 12, 14]), .bBetter), (Cell(), .equal), (Cell(textSHA256: "other"), .otherText),
      (Cell(error: "failed"), .unscored), (Cell(bytes: [10, 10, 12, 10]), .untested),
    ] as [(Cell, RunComparison.Verdict)])
  func verdicts(b: Cell, verdict: RunComparison.Verdict) throws {
    let line = try #require(try compare([Cell()], [b]).lines.first)
    #expect(line.verdict == verdict)
    if verdict == .tie {
      // scipy.stats.ttest_rel
      #expect(abs((line.pValue ?? 0) - 0.44976347121892135) < 1e-9)
      #expect(abs((line.difference ?? 0) - 1.1 / log(2.0) / 42) < 1e-12)
      #expect(line.interval?.contains(line.difference ?? .nan) == true)
    }
    if verdict == .otherText { #expect(line.difference == nil && line.pValue == nil) }
  }

  @Test func cellsOfOneSideAreSaidToBe() throws {
    let comparison = try compare([Cell(), Cell(tokenizer: "A")], [Cell(tokenizer: "B"), Cell()])
    #expect(comparison.lines.map(\.tokenizer) == ["Bytes", "A", "B"])
    #expect(comparison.lines.map(\.verdict) == [.equal, .onlyA, .onlyB])
  }

  @Test func protocolsThatDifferAreNamed() throws {
    var older = Cell(fields: ["old": "1"])
    older.written = "2020-01-01T00:00:00.000Z"
    let comparison = try compare([Cell(), older], [Cell(fields: ["match.budget": "2e12", "corpus.sha256": "abc"])])
    #expect(comparison.protocolDifferences == [.init(field: "match.budget", a: "1e12", b: "2e12")])
    #expect(comparison.leftAside == 1)
    #expect(comparison.findings.map(\.text).contains("\(code: "match.budget") differs: A 1e12, B 2e12."))
    #expect(try compare([Cell()], [Cell()]).findings.isEmpty)
  }

  /// A ladder has a protocol for each budget: every one that both runs have is compared.
  @Test func everySharedProtocolIsCompared() throws {
    func rung(_ budget: String, _ nats: [Double]) -> Cell {
      Cell(fields: ["match.budget": budget, "corpus.sha256": "abc"], nats: nats)
    }
    let low = [40.0, 43, 44, 55], high = [10.0, 11.5, 12, 14]
    let comparison = try compare(
      [Cell(), rung("4e12", low), rung("1.6e13", low)], [rung("4e12", high), Cell(), rung("2e12", high)])
    #expect(comparison.lines.map(\.protocol) == ["budget 1e12", "budget 4e12"])
    #expect(comparison.lines.map(\.verdict) == [.equal, .bBetter])
    #expect(comparison.leftAside == 2 && comparison.protocolDifferences.isEmpty)
    #expect(markdown(comparison.table).hasPrefix("| Protocol "))
    #expect(try compare([Cell()], [Cell()]).lines.map(\.protocol) == [nil])
    #expect(try compare([], [Cell()]).lines.map(\.verdict) == [.onlyB])
  }

  @Test func seedsAreComparedOnBothLevels() throws {
    let a = [Cell(), Cell(seed: 2, nats: [20.2, 22.1, 24.1, 30.3])]
    let line = try #require(
      try compare(a, [Cell(nats: [22, 24, 26, 32]), Cell(seed: 2, nats: [22.1, 24.3, 26, 32.2])]).lines.first)
    #expect(line.variation == .seedsAndExamples && line.verdict == .aBetter)
    #expect(try compare(a, [Cell()]).lines.first?.variation == .examples)
  }

  @Test func itIsTextAndJSON() throws {
    let comparison = try compare([Cell()], [Cell(nats: [40, 43, 44, 55])])
    #expect(markdown(comparison.table).contains("| A better |"))
    let read = try JSONDecoder().decode(RunComparison.self, from: jsonEncoder().encode(comparison))
    #expect(read.lines.first?.verdict == .aBetter)
  }
}

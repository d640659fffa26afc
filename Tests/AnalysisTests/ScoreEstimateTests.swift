import Foundation
import Records
import Testing

@testable import Analysis
@testable import Metrics

@Suite struct ScoreEstimateTests {
  func group(_ cells: [Cell]) throws -> CellGroup {
    var resampling = Resampling()
    return try #require(CellGroup.group(try cells.map { try $0.record() }, resampling: &resampling).first)
  }

  @Test func oneSeedVariesByExamplesSeveralByBoth() throws {
    let one = try #require(try group([Cell()]).heldOut)
    #expect(abs(one.bitsPerByte - 96 / log(2) / 42) < 1e-12)
    #expect(one.variation == .examples && one.overSeedsAndExamples == nil)
    #expect(one.interval?.contains(one.bitsPerByte) == true)
    let two = try #require(try group([Cell(), Cell(seed: 2, nats: [22, 24, 26, 32])]).heldOut)
    #expect(two.variation == .seedsAndExamples && two.seeds.count == 2)
    let both = try #require(two.interval), examples = try #require(two.overExamples?.interval())
    #expect(both.upper - both.lower > examples.upper - examples.lower)
  }

  @Test func theIntervalDoesNotDependOnOtherCells() throws {
    let alone = AnalysisInput(records: [try Cell().record()], protocol: try Cell().record().protocol)
    let among = AnalysisInput(
      records: try [Cell(tokenizer: "A", seed: 2, nats: [1, 2, 3, 4]), Cell()].map { try $0.record() },
      protocol: try Cell().record().protocol)
    #expect(alone.groups[0].heldOut?.interval == among.groups[1].heldOut?.interval)
  }

  @Test func otherBytesAreNeverPaired() throws {
    let a = try #require(try group([Cell()]).heldOut)
    let otherText = try #require(try group([Cell(textSHA256: "other")]).heldOut)
    #expect(ScoreEstimate.difference(otherText, minus: a) == nil)
    let otherCut = try #require(try group([Cell(bytes: [10, 10, 12, 10])]).heldOut)
    #expect(ScoreEstimate.difference(otherCut, minus: a) == nil)
    let same = try #require(ScoreEstimate.difference(a, minus: a))
    #expect(same.bitsPerByte == 0 && same.isTie == true)
  }

  @Test func withoutExamplesThereIsAValueAndNoInterval() throws {
    let estimate = try #require(try group([Cell(nats: [20], bytes: [10])]).heldOut)
    #expect(estimate.interval == nil && estimate.variation == nil)
    #expect(try group([Cell(roundTripProblem: "differs at 3")]).heldOut == nil)
  }

  /// Learned means better than the better trivial model by more than the interval.
  @Test func learnedIsJudgedByTheInterval() throws {
    let scored = try #require(try group([Cell()]).heldOut), interval = try #require(scored.interval)
    #expect(try group([Cell(unigram: interval.upper + 0.01)]).isLearned == true)
    #expect(try group([Cell(unigram: interval.upper - 0.01)]).isLearned == false)
    #expect(try group([Cell(uniform: 3, unigram: 9)]).isLearned == false)
    #expect(try group([Cell(uniform: nil, unigram: nil)]).isLearned == nil)
  }
}

import Metrics
import Testing

@testable import Analysis

private func score(_ tokenizer: String, _ kind: TaskNeed.Kind, right: Double, of count: Int = 100) -> TaskScore {
  TaskScore(
    need: TaskNeed(tokenizer, kind, size: "1m", budget: 1e12), steps: 10, counts: [Int](repeating: count, count: 60),
    right: (0..<60).map { Int(right * Double(count)) + $0 % 2 },
    nats: [Double](repeating: 2.5 * Double(count), count: 60))
}

@Suite struct SequenceToSequenceTests {
  private let windows = PaperTokenizers.greedy(16, "256")

  @Test func tasksStandBesideThePapers() throws {
    let found = try answer(.sequenceToSequence) {
      $0.tasks = [
        score("AC[v=256]", .decompress, right: 0.4), score("AC[v=256]", .bytes, right: 0.4),
        score("AC[v=256]", .compress, right: 0.02), score(windows, .decompress, right: 0.6),
        score(windows, .bytes, right: 0.4), score(windows, .compress, right: 0.3),
      ]
    }
    #expect(found.claims.map(\.verdict) == [.seen, .seen, .seen])
    // Where windows are not compressed or decompressed either, that AC is not tells nothing.
    let nothing = try answer(.sequenceToSequence) {
      $0.tasks = ["AC[v=256]", windows].flatMap { name in
        [
          score(name, .decompress, right: 0.4), score(name, .bytes, right: 0.4), score(name, .compress, right: 0.02),
        ]
      }
    }
    #expect(nothing.claims.map(\.verdict) == [.notSeen, .cannotTell, .cannotTell])
    let table = try #require(found.artifacts.tables.first)
    #expect(table.number("paperAccuracy", row: 0) == 0.7698 && table.number("paperCrossEntropy", row: 3) == 0.141)
    #expect(table.number("crossEntropy", row: 0) == 2.5)
    #expect(abs((table.number("accuracy", row: 0) ?? 0) - 0.405) < 1e-12)
  }

  @Test func tokensThatDoNotHelpAreNotSeen() throws {
    let found = try answer(.sequenceToSequence) {
      $0.tasks = [
        score(windows, .decompress, right: 0.3), score(windows, .bytes, right: 0.4),
        score("AC[v=256]", .decompress, right: 0.6), score("AC[v=256]", .bytes, right: 0.4),
        score("AC[v=256]", .compress, right: 0.2),
      ]
    }
    #expect(found.claims.map(\.verdict) == [.notSeen, .notSeen, .notSeen])
    #expect(found.claims[0].numbers == "30.5% and 40.5%, -10.00 points [-10.00, -10.00]")
    // The control of other answers is none.
    let apart = try answer(.sequenceToSequence) {
      $0.tasks = [score(windows, .decompress, right: 0.9), score(windows, .bytes, right: 0.4, of: 50)]
    }
    #expect(apart.claims[0].verdict == .cannotTell && apart.claims[0].numbers == "the answers are not the same ones")
  }
}

@Suite struct SpellingTests {
  /// Of ten letters, nine or ten are right: every second word is spelled.
  @Test func aWordIsSpelledIfAllOfItIs() throws {
    let pieces = PaperScale.small.sentencePiece, windows = PaperTokenizers.greedy(16, "256")
    let found = try answer(.spelling) {
      $0.tasks = [
        score(pieces, .spellByOwnTokens, right: 0.9, of: 10), score(pieces, .spellByNewIds, right: 0.9, of: 10),
        score(windows, .spellByNewIds, right: 0.5, of: 10), score("AC[v=256]", .spellByNewIds, right: 0.5, of: 10),
      ]
    }
    let table = try #require(found.artifacts.tables.first)
    #expect(abs((table.number("whole", row: 0) ?? 0) - 0.5) < 1e-12 && table.number("whole", row: 2) == 0)
    #expect(table.number("words", row: 0) == 60)
    #expect(found.claims.map(\.verdict) == [.cannotTell, .seen, .cannotTell])
  }
}

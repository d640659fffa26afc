import Foundation
import Metrics
import Support

extension PaperPart {
  /// Words spelled from their tokens, after fine-tuning.
  static let spelling = PaperPart(
    "spelling", title: "Spelling", source: "figure 13",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [CellTable("main", tokenizers(scale), scale)]
      needs.tasks =
        [TaskNeed(scale.sentencePiece, .spellByOwnTokens, size: scale.largest, budget: scale.budget, table: "main")]
        + tokenizers(scale).map {
          TaskNeed($0, .spellByNewIds, size: scale.largest, budget: scale.budget, table: "main")
        }
      return needs
    },
    run: { input in
      var resampling = Resampling()
      let rows = input.measurements.tasks.map { TaskRow(score: $0, &resampling) }
      func row(_ tokenizer: String, _ kind: TaskNeed.Kind = .spellByNewIds) -> TaskRow? {
        rows.first { $0.score.need.tokenizer == tokenizer && $0.score.need.kind == kind }
      }
      /// Whether two tasks ask for the same words: of one mapping, answers are as long.
      func areSame(_ a: TaskScore, _ b: TaskScore) -> Bool {
        a.need.kind == b.need.kind ? a.counts == b.counts : a.counts.count == b.counts.count
      }
      func better(_ statement: String, _ a: TaskRow?, than b: TaskRow?) -> Claim {
        guard let a, let b, areSame(a.score, b.score) else {
          return Claim(statement, .cannotTell, a == nil || b == nil ? "not run" : "the words are not the same ones")
        }
        // Words are few, and a word is spelled or not: the exact test of those that only one of the two spells.
        let pairs = zip(a.spelled, b.spelled)
        let (more, fewer) = (pairs.count { $0 && !$1 }, pairs.count { !$0 && $1 }), p = signTestPValue(more, fewer)
        return Claim(
          statement, p >= 0.05 ? .cannotTell : more > fewer ? .seen : .notSeen,
          String(
            format: "%.1f%% and %.1f%% of the words; %d that only the first spells, %d only the second, p = %.2g",
            100 * (a.whole?.value ?? 0), 100 * (b.whole?.value ?? 0), more, fewer, p))
      }
      let pieces = input.scale.sentencePiece, windows = PaperTokenizers.greedy(16, "256")
      return PaperAnswer(
        claims: [
          better(
            "M2 spells more held-out words from windows of 16 bits than from AC", row(windows), than: row("AC[v=256]")),
          better(
            "M2 spells more held-out words from SentencePiece's tokens than from windows of 16 bits", row(pieces),
            than: row(windows)),
          better(
            "From SentencePiece's tokens M2 spells more by ids of the letters' own than by its pieces", row(pieces),
            than: row(pieces, .spellByOwnTokens)),
        ],
        artifacts: [
          .table(Table(key: "paper-spelling", rows, fields: fields)),
          .note(
            "M2 of the main result, trained further on a word's tokens, a mark, its letters and a mark, the loss on what follows the first "
              + "mark; words of the training text, the held-out ones never trained on. New ids: a row of the embedding for every byte, "
              + "freshly initialised. Own tokens: each letter as the tokenizer cuts it alone. A word is spelled if every letter and its end "
              + "are the likeliest. The figures of the paper's plot are not in \(code: "baselines/paper.json")."),
        ])
    })

  private static func tokenizers(_ scale: PaperScale) -> [String] {
    [scale.sentencePiece, PaperTokenizers.greedy(16, "256"), "EqualInfoAC[b=12,v=4k]", "AC[v=256]"]
  }

  private static let fields: [TableField<TaskRow>] = [
    .text("tokenizer", "Tokenizer") { $0.score.need.tokenizer },
    .text("mapping", "Letters") { $0.score.need.kind.rawValue },
    .text("size", "M2") { $0.score.need.size },
    .number("steps", "Training steps", .integer) { Double($0.score.steps) },
    .number("words", "Words", .integer) { Double($0.score.counts.count) },
    .estimate("whole", "Words spelled", .percent(1), better: .higher) {
      .number($0.whole?.value, interval: $0.whole?.interval)
    },
    .estimate("accuracy", "Letters right", .percent(1), better: .higher) {
      .number($0.accuracy?.value, interval: $0.accuracy?.interval)
    },
  ]
}

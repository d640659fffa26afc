import Foundation
import Metrics

extension PaperPart {
  /// Compression and its inverse as tasks for M2.
  static let sequenceToSequence = PaperPart(
    "seq2seq", title: "Sequence to sequence", source: "table 5",
    needs: { scale in
      func task(_ tokenizer: String, _ kind: TaskNeed.Kind) -> TaskNeed {
        TaskNeed(tokenizer, kind, size: scale.largest, budget: scale.budget)
      }
      var needs = PaperNeeds()
      needs.tasks = [arithmetic, windows].flatMap { name in
        [task(name, .decompress), task(name, .bytes), task(name, .compress)]
      }
      return needs
    },
    run: { input in
      var resampling = Resampling()
      let rows = input.measurements.tasks.map { score in
        let name = input.baseline.table("sequenceToSequence113m")?.rows(where: ["task": score.need.kind.rawValue])
          .first { $0.text("compression") == paperName(score.need.tokenizer) }
        return TaskRow(score: score, paper: name, &resampling)
      }
      func row(_ tokenizer: String, _ kind: TaskNeed.Kind) -> TaskRow? {
        rows.first { $0.score.need.tokenizer == tokenizer && $0.score.need.kind == kind }
      }
      let decompresses = TaskRow.more(
        "M2 decompresses windows of 16 bits: their tokens help it by more than a point", row(windows, .decompress),
        than: row(windows, .bytes), by: 0.01)
      let compresses = row(windows, .compress)?.accuracy
      let nothing = "M2 does not compress by AC: less than 5% of the tokens are right"
      return PaperAnswer(
        claims: [
          decompresses,
          TaskRow.notMore(
            "M2 does not decompress AC: AC's tokens help it by less than a point", row(arithmetic, .decompress),
            than: row(arithmetic, .bytes), by: 0.01
          ).besides(decompresses),
          (row(arithmetic, .compress)?.accuracy?.estimate.map {
            .below(nothing, $0, 0.05) { "\($0) of the tokens" }
          } ?? Claim(nothing, .cannotTell, "not run"))
          .besides(
            .above(nothing, 0.05, value: compresses?.value, interval: compresses?.interval, in: .percent) {
              "\($0) of the tokens of windows"
            }),
        ],
        artifacts: [
          .table(Table(key: "paper-seq2seq", rows, fields: fields)),
          .note(
            "Pieces of \(input.scale.sequenceLength / 2) bytes, each coded on its own; the loss is on the answer alone. Byte LM: the "
              + "same answers without the tokens. Accuracy and cross-entropy are of held-out pieces, each token after the right "
              + "ones before it. The paper's pieces are of 1,024 bytes, at 113m; its windows are \(code: "end=greedy"), as these."
          ),
        ])
    })

  private static let arithmetic = "AC[v=256]"
  private static let windows = PaperTokenizers.greedy(16, "256")

  /// The table has names of its own.
  private static func paperName(_ tokenizer: String) -> String { tokenizer.replacing(",end=greedy]", with: "]") }

  private static let fields: [TableField<TaskRow>] = [
    .text("tokenizer", "Compression") { $0.score.need.tokenizer },
    .text("task", "Task") { $0.score.need.kind.rawValue },
    .text("size", "M2") { $0.score.need.size },
    .number("steps", "Training steps", .integer) { Double($0.score.steps) },
    .estimate("accuracy", "Accuracy", .percent(2), better: .higher) {
      .number($0.accuracy?.value, interval: $0.accuracy?.interval)
    },
    .number("paperAccuracy", "Paper's accuracy", .percent(2)) { $0.paper?.number("accuracyPercent").map { $0 / 100 } },
    .number("crossEntropy", "Nats/token", unit: "nats/token", .fixed(3), better: .lower) { $0.crossEntropy },
    .number("paperCrossEntropy", "Paper's nats/token", unit: "nats/token", .fixed(3)) {
      $0.paper?.number("crossEntropy")
    },
  ]
}

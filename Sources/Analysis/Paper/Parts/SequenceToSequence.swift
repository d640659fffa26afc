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
      return PaperAnswer(
        claims: [
          TaskRow.more(
            "M2 decompresses windows of 16 bits: their tokens help it by more than a point", row(windows, .decompress),
            than: row(windows, .bytes), by: 0.01),
          TaskRow.notMore(
            "M2 does not decompress AC: AC's tokens help it by less than a point", row(arithmetic, .decompress),
            than: row(arithmetic, .bytes), by: 0.01),
          .above(
            "M2 does not compress by AC: less than 5% of the tokens are right", -0.05,
            value: row(arithmetic, .compress)?.accuracy.map { -$0.value },
            interval: row(arithmetic, .compress)?.accuracy?.interval.map {
              Interval(lower: -$0.upper, upper: -$0.lower)
            }
          ) { String(format: "%.1f%% of the tokens", -100 * $0) },
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

/// One task's score.
struct TaskRow {
  let score: TaskScore
  let paper: Baseline.Row?
  let accuracy: ShareEstimate?
  /// Answers of which every token is right.
  let whole: ShareEstimate?

  init(score: TaskScore, paper: Baseline.Row? = nil, _ resampling: inout Resampling) {
    self.score = score
    self.paper = paper
    accuracy = ShareEstimate(hits: score.right, of: score.counts, &resampling)
    whole = ShareEstimate(
      hits: zip(score.right, score.counts).map { $0 == $1 ? 1 : 0 }, of: score.counts.map { _ in 1 }, &resampling)
  }

  var crossEntropy: Double? {
    let count = score.counts.reduce(0, +)
    return count > 0 ? score.nats.reduce(0, +) / Double(count) : nil
  }

  /// That one is righter than another by more than a share (or not, or less than nothing), on the same answers.
  static func more(_ statement: String, _ a: TaskRow?, than b: TaskRow?, by least: Double) -> Claim {
    compared(statement, a, b) { first, second in
      .higher(statement, first, than: second, by: least) { numbers($0, $1) }
    }
  }

  /// That it is not.
  static func notMore(_ statement: String, _ a: TaskRow?, than b: TaskRow?, by most: Double) -> Claim {
    compared(statement, a, b) { first, second in
      .higher(statement, second, than: first, by: -most) { numbers($1, $0) }
    }
  }

  private static func numbers(_ a: Double, _ b: Double) -> String {
    String(format: "%.1f%% and %.1f%% (%+.1f points)", 100 * a, 100 * b, 100 * (a - b))
  }

  private static func compared(
    _ statement: String, _ a: TaskRow?, _ b: TaskRow?, _ body: (BootstrapEstimate?, BootstrapEstimate?) -> Claim
  ) -> Claim {
    guard let a, let b, a.score.counts == b.score.counts else {
      let missing = a == nil || b == nil
      return Claim(statement, .cannotTell, missing ? "not run" : "the answers are not the same ones")
    }
    return body(a.accuracy?.estimate, b.accuracy?.estimate)
  }
}

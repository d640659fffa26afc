import Foundation
import Metrics

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

  /// Of each answer, whether every token is right.
  var spelled: [Bool] { zip(score.right, score.counts).map { $0 == $1 } }

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
    String(format: "%.1f%% and %.1f%%", 100 * a, 100 * b)
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

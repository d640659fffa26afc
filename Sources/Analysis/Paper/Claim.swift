import Foundation
import Metrics
import Support

/// Something that a paper says, and whether these numbers show it. The verdict is computed, never typed.
public struct Claim: Sendable, Hashable {
  public enum Verdict: String, Codable, Sendable {
    case seen
    case notSeen = "not seen"
    /// The numbers are missing, or too unsure to say either.
    case cannotTell = "cannot be told"
  }
  /// What is said, as a sentence without its full stop.
  public let statement: String
  public let verdict: Verdict
  /// What the verdict stands on.
  public let numbers: String

  public init(_ statement: String, _ verdict: Verdict, _ numbers: String) {
    self.statement = statement
    self.verdict = verdict
    self.numbers = numbers
  }

  /// That all of some hold: not seen where one is not, cannot be told where one cannot (and none is not seen), and where
  /// there is none.
  static func all(_ statement: String, _ claims: [Claim]) -> Claim {
    let verdicts = Set(claims.map(\.verdict))
    let verdict: Verdict =
      verdicts.contains(.notSeen) ? .notSeen : verdicts == [.seen] ? .seen : .cannotTell
    return Claim(
      statement, verdict, claims.isEmpty ? "nothing was measured" : claims.map(\.numbers).joined(separator: "; "))
  }

  /// That a number lies above a limit, by its interval.
  /// - Parameter numbers: how they are said; the interval is added.
  static func above(
    _ statement: String, _ limit: Double = 0, value: Double?, interval: Interval?, _ numbers: (Double) -> String
  ) -> Claim {
    guard let value, let interval else {
      return Claim(statement, .cannotTell, value.map(numbers) ?? "nothing was measured")
    }
    let verdict: Verdict = interval.lower > limit ? .seen : interval.upper < limit ? .notSeen : .cannotTell
    return Claim(statement, verdict, numbers(value))
  }

  /// That one cell's bits/byte are lower than another's: by the paired test over examples, and over seeds where there are
  /// several.
  static func lower(_ statement: String, _ a: CellGroup?, than b: CellGroup?) -> Claim {
    lower(statement, a?.heldOut, a?.label ?? "", than: b?.heldOut, b?.label ?? "")
  }

  static func lower(
    _ statement: String, _ a: ScoreEstimate?, _ nameA: String, than b: ScoreEstimate?, _ nameB: String
  ) -> Claim {
    guard let a, let b else {
      let missing = [a == nil ? nameA : nil, b == nil ? nameB : nil].compactMap(\.self).filter { !$0.isEmpty }
      return Claim(statement, .cannotTell, missing.isEmpty ? "not run" : "no bits/byte of \(list(missing))")
    }
    let numbers = "\(nameA) \(bits(a.bitsPerByte)), \(nameB) \(bits(b.bitsPerByte))"
    guard let difference = ScoreEstimate.difference(a, minus: b), let isTie = difference.isTie else {
      return Claim(statement, .cannotTell, numbers + ", which no test pairs")
    }
    let range = difference.interval.map { String(format: " [%+.3f, %+.3f]", $0.lower, $0.upper) } ?? ""
    return Claim(
      statement, isTie ? .cannotTell : difference.bitsPerByte < 0 ? .seen : .notSeen,
      numbers + String(format: ", %+.3f", difference.bitsPerByte) + range)
  }
}

extension CellGroup {
  /// For sentences: "Bytes (1m)".
  var label: String { "\(tokenizer) (\(size))" }
}

extension Interval {
  /// " [1.2, 1.4]" with so many digits.
  func text(_ digits: Int = 3) -> String { String(format: " [%.\(digits)f, %.\(digits)f]", lower, upper) }
}

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
  /// there is none. Its numbers are of those that decide.
  /// - Parameter seen: the numbers in fewer words, where all hold.
  static func all(_ statement: String, _ claims: [Claim], seen: String? = nil) -> Claim {
    let verdicts = Set(claims.map(\.verdict))
    let verdict: Verdict =
      verdicts.contains(.notSeen) ? .notSeen : verdicts == [.seen] ? .seen : .cannotTell
    guard !claims.isEmpty else { return Claim(statement, verdict, "nothing was measured") }
    if verdict == .seen, let seen { return Claim(statement, verdict, seen) }
    let decisive = unique(claims.filter { $0.verdict == verdict }.map(\.numbers)).joined(separator: "; ")
    let held = claims.count { $0.verdict == .seen }
    return Claim(
      statement, verdict,
      held == claims.count || claims.count == 1
        ? decisive : "\(held) of \(claims.count) comparisons hold; \(verdict.rawValue): \(decisive)")
  }

  /// What a number is told in.
  enum Unit {
    /// A share in percent, and a difference of shares.
    case percent, points
    case bitsPerByte

    fileprivate var factor: Double { self == .percent || self == .points ? 100 : 1 }
    fileprivate var form: String {
      switch self {
      case .percent: "%.2f"
      case .points: "%+.2f"
      case .bitsPerByte: "%+.3f"
      }
    }
    fileprivate var name: String {
      switch self {
      case .percent: "%"
      case .points: " points"
      case .bitsPerByte: " bits/byte"
      }
    }
    /// "+0.40 points [-0.62, +1.42]".
    func text(_ value: Double, _ interval: Interval) -> String {
      func number(_ value: Double) -> String { String(format: form, factor * value) }
      return "\(number(value))\(name) [\(number(interval.lower)), \(number(interval.upper))]"
    }
  }

  /// That a number lies above a limit, by its interval.
  /// - Parameter numbers: how they are said, from the number with its interval.
  static func above(
    _ statement: String, _ limit: Double = 0, value: Double?, interval: Interval?, in unit: Unit,
    _ numbers: (String) -> String
  ) -> Claim {
    guard let value, let interval else { return Claim(statement, .cannotTell, "nothing was measured") }
    let verdict: Verdict = interval.lower > limit ? .seen : interval.upper < limit ? .notSeen : .cannotTell
    return Claim(statement, verdict, numbers(unit.text(value, interval)))
  }

  /// That a share lies below a limit.
  /// - Parameter numbers: how it is said, from the share with its interval.
  static func below(
    _ statement: String, _ share: BootstrapEstimate, _ limit: Double, _ numbers: (String) -> String
  ) -> Claim {
    let interval = share.interval()
    let verdict: Verdict = interval.upper < limit ? .seen : interval.lower > limit ? .notSeen : .cannotTell
    return Claim(statement, verdict, numbers(Unit.percent.text(share.value, interval)))
  }

  /// That one estimate is higher than another from the same draws, by more than `least`.
  /// - Parameters:
  ///   - unit: of their difference.
  ///   - numbers: how the two are said; their difference is added.
  static func higher(
    _ statement: String, _ a: BootstrapEstimate?, than b: BootstrapEstimate?, by least: Double = 0,
    in unit: Unit = .points, _ numbers: (Double, Double) -> String
  ) -> Claim {
    guard let a, let b else { return Claim(statement, .cannotTell, "nothing was measured") }
    let said = numbers(a.value, b.value)
    guard a.jackknife.count == b.jackknife.count else {
      return Claim(statement, .cannotTell, said + ", which are not of the same examples")
    }
    return .above(statement, least, value: a.value - b.value, interval: (a - b).interval(), in: unit) {
      "\(said), \($0)"
    }
  }

  /// That something is null, which only tells where what is not null is found beside it.
  /// - Parameter control: that it is found where it is to be expected.
  func besides(_ control: Claim) -> Claim {
    guard verdict == .seen, control.verdict != .seen else { return self }
    return Claim(statement, .cannotTell, "\(numbers); nor is it where it is to be expected: \(control.numbers)")
  }

  /// That one cell's bits/byte are lower than another's: by the paired test over examples, and over seeds too where there
  /// are several, or where it is known what another seed would change. A cell that learned nothing is marked with ○: then it
  /// is the codes that differ.
  static func lower(
    _ statement: String, _ a: CellGroup?, than b: CellGroup?, _ seeds: SeedSpread = SeedSpread()
  ) -> Claim {
    lower(
      statement, a?.heldOut, a?.markedLabel ?? "", than: b?.heldOut, b?.markedLabel ?? "",
      [a, b].compactMap { side in
        side.flatMap { $0.heldOut?.seeds.count == 1 ? seeds.deviation(of: $0.tokenizer) : nil }
      })
  }

  /// - Parameter elsewhere: what another seed would change, of sides that have one.
  static func lower(
    _ statement: String, _ a: ScoreEstimate?, _ nameA: String, than b: ScoreEstimate?, _ nameB: String,
    _ elsewhere: [SeedSpread.Setting] = []
  ) -> Claim {
    guard let a, let b else {
      let missing = [a == nil ? nameA : nil, b == nil ? nameB : nil].compactMap(\.self).filter { !$0.isEmpty }
      return Claim(statement, .cannotTell, missing.isEmpty ? "not run" : "no bits/byte of \(list(missing))")
    }
    let numbers = "\(nameA) \(bits(a.bitsPerByte)), \(nameB) \(bits(b.bitsPerByte))"
    guard let difference = ScoreEstimate.difference(a, minus: b), let isTie = difference.isTie else {
      return Claim(statement, .cannotTell, numbers + ", which no test pairs")
    }
    let whole = elsewhere.isEmpty ? nil : DifferenceTest(a.scores, b.scores, elsewhere: elsewhere.map(\.deviation))
    // The interval is the test's, so that what it holds and the verdict are one.
    let test = whole ?? difference.test
    let range = test.map { String(format: " [%+.3f, %+.3f]", $0.interval().lower, $0.interval().upper) } ?? ""
    let said = numbers + String(format: ", %+.3f", difference.bitsPerByte) + range
    if let whole, whole.pValue >= 0.05 {
      let most = elsewhere.max { $0.deviation.bitsPerByte < $1.deviation.bitsPerByte }
      let why = isTie ? "" : most.map { ", no more than seeds may change (\($0.text))" } ?? ""
      return Claim(statement, .cannotTell, said + why)
    }
    let isTold = whole != nil || !isTie
    return Claim(statement, !isTold ? .cannotTell : difference.bitsPerByte < 0 ? .seen : .notSeen, said)
  }
}

extension CellGroup {
  /// For sentences: "Bytes (1m)".
  var label: String { "\(tokenizer) (\(size))" }
  /// Held-out bits/byte with interval and marks.
  var bitsPerByteCell: Table.Cell {
    .number(heldOut?.bitsPerByte, interval: heldOut?.interval, marks: scoreMarks)
  }
  /// Of bits/byte by its models.
  var scoreMarks: [Table.Mark] { (isLearned == false ? [.notLearned] : []) + (isLossy ? [.lossy] : []) }
  /// The same with ○ where M2 learned nothing.
  var markedLabel: String { isLearned == false ? label + " ○" : label }
}

extension Interval {
  /// " [1.2, 1.4]" with so many digits.
  func text(_ digits: Int = 3) -> String { String(format: " [%.\(digits)f, %.\(digits)f]", lower, upper) }
}

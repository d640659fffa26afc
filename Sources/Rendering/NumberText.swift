import Analysis
import Foundation
import Metrics
import Support

/// What stands for a number that was not measured or has no meaning.
let absent = "---"

extension Table.Format {
  /// A number as people read it; `---` for none.
  func text(_ value: Double?) -> String {
    guard let value, value.isFinite else { return absent }
    return switch self {
    case .significant where abs(value) >= 999.5: Support.short(value.rounded())  // not 1e+03
    case .text, .significant: String(format: "%.3g", value)
    case .integer: String(format: "%.0f", value)
    case .fixed(let digits): String(format: "%.\(digits)f", value)
    case .signed(let digits): String(format: "%+.\(digits)f", value)
    case .percent(let digits): String(format: "%.\(digits)f%%", value * 100)
    case .short: Support.short(value)
    }
  }

  var isNumeric: Bool { self != .text }
}

extension Table.Mark {
  var symbol: String {
    switch self {
    case .tied: "≈"
    case .notLearned: "○"
    case .untuned: "△"
    case .lossy: "‡"
    }
  }
}

extension Table.Column {
  /// `≈1.784 [1.770, 1.799]`, or a text; `---` for none.
  func text(_ cell: Table.Cell) -> String {
    switch cell {
    case .text(let text): return text ?? absent
    case .number(let value, let interval, let marks):
      guard let value, value.isFinite else { return absent }
      let range = interval.map { " [\(format.text($0.lower)), \(format.text($0.upper))]" } ?? ""
      return marks.map(\.symbol).joined() + format.text(value) + range
    }
  }
}

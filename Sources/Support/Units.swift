import Foundation

/// 1.5e13 → "1.50e+13".
public func scientific(_ value: Double) -> String { String(format: "%.2e", value) }

/// "3 h 12 min", "4 min 5 s", "12 s".
public func duration(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds >= 0 else { return "---" }
  let s = Int(seconds.rounded())
  if s >= 3600 { return "\(s / 3600) h \(s % 3600 / 60) min" }
  return s >= 60 ? "\(s / 60) min \(s % 60) s" : "\(s) s"
}

/// 1234567 → "1.23 M"; `---` for nil and for what is no number.
public func short(_ value: Double?) -> String {
  guard let value, value.isFinite else { return "---" }
  for (limit, unit) in [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where abs(value) >= limit {
    return String(
      format: value / limit >= 100 ? "%.0f %@" : value / limit >= 10 ? "%.1f %@" : "%.2f %@", value / limit, unit)
  }
  return String(format: value == value.rounded() ? "%.0f" : abs(value) < 1 ? "%.3g" : "%.2f", value)
}

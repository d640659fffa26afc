import Foundation

/// One axis: its range, where values lie on it, and round ticks, also where a logarithmic axis spans less than a decade.
struct AxisScale {
  let low: Double
  let high: Double
  let isLogarithmic: Bool

  /// - Parameters:
  ///   - values: what must be seen; those ≤ 0 do not count on a logarithmic axis.
  ///   - padding: free room at each end, as a share of the values' span.
  init(_ values: [Double], isLogarithmic: Bool, padding: Double) {
    self.isLogarithmic = isLogarithmic
    let used = values.filter { Self.holds($0, isLogarithmic: isLogarithmic) }
    let smallest = used.min() ?? 1, largest = used.max() ?? 10
    if isLogarithmic {
      let middle = (smallest * largest).squareRoot(), span = max(log(largest / smallest), 0.2)
      low = middle * exp(-span * (0.5 + padding))
      high = middle * exp(span * (0.5 + padding))
    } else {
      let middle = (smallest + largest) / 2, span = max(largest - smallest, abs(middle) * 1e-3, 1e-9)
      low = middle - span * (0.5 + padding)
      high = middle + span * (0.5 + padding)
    }
  }

  /// 0 at the low end, 1 at the high.
  func fraction(_ value: Double) -> Double {
    isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
  }

  /// Round values within the range, with their labels.
  var ticks: [(value: Double, label: String)] {
    guard isLogarithmic, high / low >= 4 else { return evenTicks }
    let ratio = high / low
    let steps: [Double] = ratio > 3_000 ? [1] : ratio > 12 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7]
    var ticks: [(value: Double, label: String)] = []
    for decade in Int(floor(log10(low))) - 1...Int(ceil(log10(high))) {
      for step in steps {
        let value = step * pow(10, Double(decade))
        if value >= low, value <= high { ticks.append((value, Self.label(value))) }
      }
    }
    return ticks
  }

  private var evenTicks: [(value: Double, label: String)] {
    let rough = (high - low) / 6, decade = pow(10, floor(log10(rough)))
    let step = decade * ([1, 2, 5].first { $0 * decade >= rough } ?? 10)
    let first = (low / step).rounded(.up), last = (high / step).rounded(.down)
    guard first <= last else { return [] }
    return stride(from: first, through: last, by: 1).map { ($0 * step, Self.label($0 * step)) }
  }

  /// Whether a value has a place on the axis at all.
  static func holds(_ value: Double, isLogarithmic: Bool) -> Bool { value.isFinite && (!isLogarithmic || value > 0) }

  /// 1600000 → "1.6 M".
  private static func label(_ value: Double) -> String {
    if value == 0 { return "0" }  // also the negative one
    for (limit, unit) in [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where abs(value) >= limit {
      return String(format: "%g ", value / limit) + unit
    }
    return String(format: "%g", value)
  }
}

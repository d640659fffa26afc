import Foundation

/// One line or set of points of a plot.
struct Series {
  var title: String
  /// x, y, and the spread of y where there is one.
  var points: [(x: Double, y: Double, spread: Double?)]
  /// Labels of the points, or none.
  var labels: [String] = []
}

/// Draws SVG with gnuplot.
struct Plots {
  let folder: String
  private let gnuplot: String?

  /// Colours that stay apart for the colour-blind (Okabe & Ito), and two more.
  private static let colours = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C510A", "#7F7F7F", "#6A3D9A",
    "#B2182B", "#1B7837",
  ]

  init(folder: String) {
    self.folder = folder
    gnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/gnuplot" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  static let missing = "gnuplot is not installed: install gnuplot-nox (Debian) or gnuplot (Homebrew)"

  /// - Throws: ``HarnessError/usage(_:)`` without gnuplot, or with what gnuplot says.
  func draw(
    _ name: String, title: String, x: String, y: String, series: [Series], logX: Bool, logY: Bool, lines: Bool
  ) throws {
    guard let gnuplot else { throw HarnessError.usage(Self.missing) }
    let drawn = series.filter { !$0.points.isEmpty }
    guard !drawn.isEmpty else { return }
    func quoted(_ text: String) -> String { "\"" + text.replacingOccurrences(of: "\"", with: "'") + "\"" }
    let values = drawn.flatMap(\.points)
    // Lines have a legend beside them, points have labels; so the points' x axis leaves room on the right.
    let xAxis = Axis(values.map(\.x), isLog: logX, padding: lines ? 0.02 : 0.12)
    let yAxis = Axis(
      values.flatMap { [$0.y - ($0.spread ?? 0), $0.y + ($0.spread ?? 0)] }, isLog: logY, padding: 0.1)
    var script = """
      set encoding utf8
      set terminal svg size \(Int(Self.width)),\(Int(Self.height)) font "Helvetica,14" background rgb "white" enhanced
      set output \(quoted(folder + "/" + name))
      set title \(quoted(title)) noenhanced
      set xlabel \(quoted(x)) noenhanced
      set ylabel \(quoted(y)) noenhanced
      set grid back lc rgb "#dddddd"
      set border lc rgb "#444444"
      set lmargin at screen \(Self.left)
      set rmargin at screen \(lines ? 0.68 : Self.right)
      set tmargin at screen \(Self.top)
      set bmargin at screen \(Self.bottom)
      \(lines ? "set key at screen 0.69,0.93 left top noenhanced font ',11' spacing 1.2 Left reverse" : "unset key")
      \(xAxis.script("x"))
      \(yAxis.script("y"))

      """
    if !lines { script += labels(drawn, xAxis, yAxis) }
    var commands: [String] = []
    for (index, one) in drawn.enumerated() {
      script += "$data\(index) << EOD\n"
      for point in one.points { script += "\(point.x) \(point.y) \(point.spread ?? 0)\n" }
      script += "EOD\n"
      let colour = Self.colours[index % Self.colours.count], mark = [7, 5, 9, 11, 13, 4, 6, 8][index % 8]
      if lines {
        commands.append("$data\(index) using 1:2 with lines lw 1.8 lc rgb '\(colour)' title \(quoted(one.title))")
        continue
      }
      if one.points.contains(where: { $0.spread != nil }) {
        commands.append("$data\(index) using 1:2:3 with yerrorbars pt 0 lw 1.5 lc rgb '\(colour)' notitle")
      }
      commands.append("$data\(index) using 1:2 with linespoints pt \(mark) ps 0.9 lw 1 lc rgb '\(colour)' notitle")
    }
    script += "plot " + commands.joined(separator: ", \\\n  ") + "\n"

    let process = Process()
    process.executableURL = URL(fileURLWithPath: gnuplot)
    let input = Pipe(), errors = Pipe()
    process.standardInput = input
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
    try input.fileHandleForWriting.close()
    let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw HarnessError.usage("gnuplot failed on \(name): \(message.prefix(400))")
    }
  }

  // The plot area in pixels, fixed so that labels can be placed.
  private static let width = 900.0, height = 560.0
  private static let left = 0.085, right = 0.97, top = 0.92, bottom = 0.12

  /// A label beside every point, where it covers the fewest points and labels.
  private func labels(_ series: [Series], _ xAxis: Axis, _ yAxis: Axis) -> String {
    typealias Box = (x0: Double, y0: Double, x1: Double, y1: Double)
    func pixel(_ x: Double, _ y: Double) -> (Double, Double) {
      (
        Self.width * (Self.left + (Self.right - Self.left) * xAxis.fraction(x)),
        Self.height * (Self.bottom + (Self.top - Self.bottom) * yAxis.fraction(y))
      )
    }
    var taken: [Box] = series.flatMap(\.points).map { point in
      let (px, py) = pixel(point.x, point.y)
      return (px - 6, py - 6, px + 6, py + 6)
    }
    func overlap(_ a: Box, _ b: Box) -> Double {
      max(0, min(a.x1, b.x1) - max(a.x0, b.x0)) * max(0, min(a.y1, b.y1) - max(a.y0, b.y0))
    }
    var script = ""
    for (index, one) in series.enumerated() {
      for (point, label) in zip(one.points, one.labels) {
        let (px, py) = pixel(point.x, point.y)
        let w = 6.3 * Double(label.count), h = 14.0
        var candidates: [Box] = []  // right and left of the point, by turns
        for dy in [0.0, 15, -15, 30, -30, 45, -45] {
          candidates.append((px + 9, py + dy - h / 2, px + 9 + w, py + dy + h / 2))
          candidates.append((px - 9 - w, py + dy - h / 2, px - 9, py + dy + h / 2))
        }
        let frame = (Self.width * Self.left + 4, Self.width * Self.right - 4)
        let costs = candidates.enumerated().map { order, box in
          taken.reduce(Double(order)) { $0 + overlap(box, $1) } + 50 * max(0, frame.0 - box.x0) + 50
            * max(0, box.x1 - frame.1)
        }
        guard let best = costs.indices.min(by: { costs[$0] < costs[$1] }) else { continue }
        let box = candidates[best]
        taken.append(box)
        let (anchor, side) = best % 2 == 0 ? (box.x0, "left") : (box.x1, "right")
        script +=
          "set label \"\(label)\" at screen \(anchor / Self.width),\((box.y0 + h / 2) / Self.height) \(side) noenhanced "
          + "font ',11' tc rgb '\(Self.colours[index % Self.colours.count])' front\n"
      }
    }
    return script
  }
}

/// One axis: its range, where values lie on it, and round ticks also where a log axis spans less than a decade.
private struct Axis {
  let low: Double
  let high: Double
  let isLog: Bool

  init(_ values: [Double], isLog: Bool, padding: Double) {
    self.isLog = isLog
    let used = isLog ? values.filter { $0 > 0 } : values
    let smallest = used.min() ?? 1, largest = used.max() ?? 10
    if isLog {
      let span = max(log(largest / smallest), 0.2)
      low = smallest * exp(-span * padding)
      high = largest * exp(span * padding)
    } else {
      let span = max(largest - smallest, 1e-9)
      low = smallest - span * padding
      high = largest + span * padding
    }
  }

  func fraction(_ value: Double) -> Double {
    isLog ? log(value / low) / log(high / low) : (value - low) / (high - low)
  }

  func script(_ axis: String) -> String {
    let range = "set \(axis)range [\(low):\(high)]"
    guard isLog else { return range }
    var ticks: [String] = []
    func add(_ value: Double) {
      if value >= low, value <= high { ticks.append("\"\(Self.label(value))\" \(value)") }
    }
    let ratio = high / low
    if ratio < 4 {  // too narrow for decades: round steps, as on a linear axis
      let rough = (high - low) / 6, decade = pow(10, floor(log10(rough)))
      let step = decade * ([1, 2, 5].first { $0 * decade >= rough } ?? 10)
      for i in Int(low / step)...Int(high / step) + 1 { add(Double(i) * step) }
    } else {
      let steps: [Double] = ratio > 100 ? [1] : ratio > 12 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7]
      for decade in Int(floor(log10(low))) - 1...Int(ceil(log10(high))) {
        for step in steps { add(step * pow(10, Double(decade))) }
      }
    }
    return "\(range)\nset logscale \(axis)\nset \(axis)tics (\(ticks.joined(separator: ", ")))"
  }

  private static func label(_ value: Double) -> String {
    for (limit, unit) in [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= limit {
      return String(format: "%g ", value / limit) + unit
    }
    return String(format: "%g", value)
  }
}

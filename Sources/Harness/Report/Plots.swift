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
    var script = """
      set encoding utf8
      set terminal svg size 900,560 font "Helvetica,14" background rgb "white" enhanced
      set output \(quoted(folder + "/" + name))
      set title \(quoted(title)) noenhanced
      set xlabel \(quoted(x)) noenhanced
      set ylabel \(quoted(y)) noenhanced
      set grid back lc rgb "#dddddd"
      set border lc rgb "#444444"
      set key outside right top noenhanced font ",12" spacing 1.2
      set offsets graph 0.06, graph 0.12, graph 0.08, graph 0.05

      """
    let values = drawn.flatMap(\.points)
    if logX { script += "set logscale x\n" + Self.tics("x", values.map(\.x)) }
    if logY { script += "set logscale y\n" + Self.tics("y", values.map(\.y)) }
    var commands: [String] = []
    for (index, one) in drawn.enumerated() {
      script += "$data\(index) << EOD\n"
      for (i, point) in one.points.enumerated() {
        let label = i < one.labels.count ? one.labels[i] : ""
        script += "\(point.x) \(point.y) \(point.spread ?? 0) \(quoted(label))\n"
      }
      script += "EOD\n"
      let colour = Self.colours[index % Self.colours.count], mark = [7, 5, 9, 11, 13, 4, 6, 8][index % 8]
      if lines {
        commands.append("$data\(index) using 1:2 with lines lw 1.8 lc rgb '\(colour)' title \(quoted(one.title))")
      } else {
        if one.points.contains(where: { $0.spread != nil }) {
          commands.append("$data\(index) using 1:2:3 with yerrorbars pt 0 lw 1.5 lc rgb '\(colour)' notitle")
        }
        commands.append(
          "$data\(index) using 1:2 with linespoints pt \(mark) ps 0.9 lw 1 lc rgb '\(colour)' title \(quoted(one.title))"
        )
        if !one.labels.isEmpty {
          commands.append(
            "$data\(index) using 1:2:4 with labels noenhanced offset 0.6,0.7 left font ',10' tc rgb '\(colour)' notitle"
          )
        }
      }
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

  /// Round tick values for a log axis that may span less than a decade.
  private static func tics(_ axis: String, _ values: [Double]) -> String {
    guard let low = values.min(), let high = values.max(), low > 0 else { return "" }
    let steps: [Double] = high / low > 30 ? [1] : high / low > 6 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]
    var tics: [String] = []
    for decade in Int(floor(log10(low))) - 1...Int(ceil(log10(high))) + 1 {
      for step in steps {
        let value = step * pow(10, Double(decade))
        guard value >= low / 3, value <= high * 3 else { continue }
        let label =
          abs(value) >= 1000 ? short(value).replacingOccurrences(of: ".00", with: "") : String(format: "%g", value)
        tics.append("\"\(label)\" \(value)")
      }
    }
    return "set \(axis)tics (\(tics.joined(separator: ", ")))\n"
  }
}

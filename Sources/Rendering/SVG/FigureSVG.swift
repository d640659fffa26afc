import Analysis
import Metrics
import Support

/// A figure as an SVG document of its own: 900 pixels wide, for a white page. Equal figures give equal bytes.
public func svg(_ figure: Figure) -> String { FigureDrawing(figure, isInteractive: false).document.text }

/// The same for a page: what belongs to a series is in groups of class `s0`, `s1`, …, and circles of class `value` say
/// in their titles what is measured there; with the titles and colours of the series.
func pagePicture(_ figure: Figure) -> (svg: String, series: [(title: String, colour: String)]) {
  let drawing = FigureDrawing(figure, isInteractive: true)
  return (drawing.document.text, drawing.legend)
}

private struct FigureDrawing {
  private(set) var document: SVGDocument
  private let figure: Figure
  private let series: [Figure.Series]
  private let x, y: AxisScale
  /// Of the plot, in pixels.
  private let frame: Box

  /// Colours that stay apart for the colour-blind (Okabe & Ito 2008, yellow left out: it is unreadable on white), then
  /// darker ones.
  private static let colours = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C510A", "#7F7F7F", "#6A3D9A",
    "#B2182B", "#1B7837",
  ]
  private static let dashes: [String?] = [nil, "6 3", "2 3"]

  /// Titles and colours of the series that are drawn.
  var legend: [(title: String, colour: String)] { series.indices.map { (series[$0].title, look($0).colour) } }

  init(_ figure: Figure, isInteractive: Bool) {
    self.figure = figure
    func isSeen(_ point: Figure.Point) -> Bool {
      AxisScale.holds(point.x, isLogarithmic: figure.x.isLogarithmic)
        && AxisScale.holds(point.y, isLogarithmic: figure.y.isLogarithmic)
    }
    series = figure.series.map { one in
      let curve = one.curve.map { curve in
        Figure.Curve(
          points: curve.points.filter(isSeen), solidTo: curve.solidTo,
          marked: curve.marked.flatMap { isSeen($0) ? $0 : nil })
      }
      return Figure.Series(title: one.title, family: one.family, points: one.points.filter(isSeen), curve: curve)
    }.filter { !$0.points.isEmpty }
    let points = series.flatMap(\.points), curves = series.compactMap(\.curve).flatMap(\.points)
    let hasLegend = figure.style == .lines
    // Points have labels beside them, lines a legend; so the points' axes leave more room.
    x = AxisScale((points + curves).map(\.x), isLogarithmic: figure.x.isLogarithmic, padding: hasLegend ? 0.02 : 0.14)
    y = AxisScale(
      points.flatMap { [$0.y, $0.spread?.lower ?? $0.y, $0.spread?.upper ?? $0.y] } + curves.map(\.y)
        + figure.references.map(\.y),
      isLogarithmic: figure.y.isLogarithmic, padding: 0.08)
    let legend = hasLegend ? (series.map { textWidth($0.title, size: 12) }.max() ?? 0) + 52 : 24
    let height = max(
      540, hasLegend ? 90 + 19 * Double(series.count) : 0, hasLegend ? 0 : 200 + 13 * Double(points.count))
    // The axis has its numbers between its name and the frame.
    let numbers = y.ticks.map { textWidth($0.label, size: 12) }.max() ?? 0
    frame = Box(left: max(72, numbers + 37), top: 44, right: 900 - min(legend, 400), bottom: height - 58)
    document = SVGDocument(width: 900, height: height, isInteractive: isInteractive)

    drawAxes()
    if hasLegend { drawLines() }
    drawReferences()
    if !hasLegend { drawPoints() }
  }

  private func px(_ value: Double) -> Double { frame.left + (frame.right - frame.left) * x.fraction(value) }
  private func py(_ value: Double) -> Double { frame.bottom - (frame.bottom - frame.top) * y.fraction(value) }

  /// Of a series: its family's colour and mark, and dashes by its place in the family.
  private func look(_ index: Int) -> (colour: String, mark: Mark, dashes: String?) {
    let families = unique(series.map(\.family)), family = families.firstIndex(of: series[index].family) ?? 0
    let place = series[..<index].count { $0.family == series[index].family } + family / Self.colours.count
    return (
      Self.colours[family % Self.colours.count], Mark.allCases[family % Mark.allCases.count],
      Self.dashes[place % Self.dashes.count]
    )
  }

  private mutating func drawAxes() {
    let names = figure.x.names.enumerated().map { (value: Double($0), label: $1) }
    // Names may be long: where two would touch, every other one stands a line lower.
    let isCrowded = zip(names, names.dropFirst()).contains { one, next in
      (textWidth(one.label, size: 12) + textWidth(next.label, size: 12)) / 2 + 8 > px(next.value) - px(one.value)
    }
    for (index, tick) in (names.isEmpty ? x.ticks : names).enumerated() {
      document.line(px(tick.value), frame.top, px(tick.value), frame.bottom, colour: "#e4e4e4")
      let lower = isCrowded && index % 2 == 1 ? 13.0 : 0
      document.text(tick.label, px(tick.value), frame.bottom + 18 + lower, size: 12, anchor: .middle)
    }
    for tick in y.ticks {
      document.line(frame.left, py(tick.value), frame.right, py(tick.value), colour: "#e4e4e4")
      document.text(tick.label, frame.left - 7, py(tick.value) + 4, size: 12, anchor: .end)
    }
    for (x1, y1, x2, y2) in [
      (frame.left, frame.bottom, frame.right, frame.bottom), (frame.left, frame.top, frame.left, frame.bottom),
    ] { document.line(x1, y1, x2, y2, colour: "#444444") }
    let middle = (frame.left + frame.right) / 2
    document.text(figure.title, middle, 26, size: 15, anchor: .middle)
    document.text(figure.x.label, middle, frame.bottom + (isCrowded ? 50 : 42), size: 13, anchor: .middle)
    document.text(
      figure.y.label, 20, (frame.top + frame.bottom) / 2, size: 13, anchor: .middle, isUpwards: true)
  }

  private mutating func drawReferences() {
    for (reference, label) in zip(figure.references, referenceLabels) {
      document.line(
        frame.left, py(reference.y), frame.right, py(reference.y), colour: "#666666", width: 1.2, dashes: "5 4")
      document.text(reference.label, label.left, label.bottom - 4, size: 11, colour: "#555555", hasHalo: true)
    }
  }

  /// One above each reference line, side by side: the lines may lie close together.
  private var referenceLabels: [Box] {
    var left = frame.left + 6
    return figure.references.map { reference in
      let y = py(reference.y), width = textWidth(reference.label, size: 11)
      if left + width > frame.right { left = frame.left + 6 }
      defer { left += width + 20 }
      return Box(left: left, top: y - 16, right: left + width, bottom: y - 1)
    }
  }

  private mutating func drawLines() {
    for (index, one) in series.enumerated() {
      let (colour, _, dashes) = look(index)
      let row = frame.top + 10 + 19 * Double(index)
      ofSeries(index) { drawing in
        drawing.document.polyline(
          one.points.map { (drawing.px($0.x), drawing.py($0.y)) }, colour: colour, width: 1.8, dashes: dashes)
        drawing.document.line(
          drawing.frame.right + 14, row, drawing.frame.right + 36, row, colour: colour, width: 2.4, dashes: dashes)
        drawing.document.text(one.title, drawing.frame.right + 42, row + 4, size: 12)
        for point in one.points {
          drawing.document.value(drawing.figure.value(point, of: one), drawing.px(point.x), drawing.py(point.y))
        }
      }
    }
  }

  private mutating func drawPoints() {
    for (index, one) in series.enumerated() {
      let colour = look(index).colour
      ofSeries(index) { drawing in
        if let curve = one.curve {
          drawing.drawCurve(curve, colour: colour)
        } else if one.points.count > 1 {
          drawing.document.polyline(
            one.points.map { (drawing.px($0.x), drawing.py($0.y)) }, colour: colour, width: 0.8)
        }
        for point in one.points { drawing.drawSpread(of: point, colour: colour) }
      }
    }
    for (index, one) in series.enumerated() {
      let (colour, mark, _) = look(index)
      ofSeries(index) { drawing in
        for point in one.points {
          drawing.document.mark(
            mark, drawing.px(point.x), drawing.py(point.y), colour: colour, isHollow: point.isHollow)
        }
        if let marked = one.curve?.marked {
          drawing.drawCross(drawing.px(marked.x), drawing.py(marked.y), colour: darker(colour))
        }
      }
    }
    drawLabels()
    for (index, one) in series.enumerated() {
      ofSeries(index) { drawing in
        for point in one.points {
          drawing.document.value(drawing.figure.value(point, of: one), drawing.px(point.x), drawing.py(point.y))
        }
      }
    }
  }

  private mutating func ofSeries(_ index: Int, _ draw: (inout FigureDrawing) -> Void) {
    document.openSeries(index)
    draw(&self)
    document.closeSeries()
  }

  /// A fitted line, solid and then dashed, over its band. The band is cut off at the frame.
  private mutating func drawCurve(_ curve: Figure.Curve, colour: String) {
    func within(_ y: Double) -> Double { min(max(y, frame.top), frame.bottom) }
    let band = curve.points.compactMap { point in
      point.spread.map { (x: px(point.x), upper: within(py($0.upper)), lower: within(py($0.lower))) }
    }
    if band.count > 1 {
      document.area(band.map { ($0.x, $0.upper) } + band.reversed().map { ($0.x, $0.lower) }, colour: colour)
    }
    let solid = curve.points.filter { $0.x <= curve.solidTo }
    let dashed = (solid.last.map { [$0] } ?? []) + curve.points.filter { $0.x > curve.solidTo }
    for (part, dashes) in [(solid, nil), (dashed, "6 4")] where part.count > 1 {
      document.polyline(part.map { (px($0.x), py($0.y)) }, colour: colour, width: 1.4, dashes: dashes)
    }
  }

  private mutating func drawCross(_ x: Double, _ y: Double, colour: String) {
    for rise in [-5.0, 5] { document.line(x - 5, y - rise, x + 5, y + rise, colour: colour, width: 1.6) }
  }

  /// An error bar, unless the mark would hide it.
  private mutating func drawSpread(of point: Figure.Point, colour: String) {
    guard let spread = point.spread else { return }
    let (x, top, bottom) = (px(point.x), py(spread.upper), py(spread.lower))
    guard bottom - top > 10 else { return }
    document.line(x, top, x, bottom, colour: colour, width: 1.3)
    for end in [top, bottom] { document.line(x - 3.5, end, x + 3.5, end, colour: colour, width: 1.3) }
  }

  private mutating func drawLabels() {
    let size = 11.5, height = 14.0
    var placement = LabelPlacement(frame: frame, taken: takenByMarks + takenByReferences)
    for (index, one) in series.enumerated() {
      let colour = look(index).colour
      document.openSeries(index)
      defer { document.closeSeries() }
      for point in one.points + (one.curve?.points ?? []) {
        guard let label = point.label else { continue }
        let x = px(point.x), y = py(point.y)
        let box = placement.place(width: textWidth(label, size: size), height: height, x: x, y: y)
        let middle = (box.top + box.bottom) / 2
        if abs(middle - y) > height {  // far off: a thin line tells whose label it is
          document.line(
            x, y, min(max(x, box.left), box.right), middle < y ? box.bottom : box.top, colour: colour, width: 0.5)
        }
        // Where the reader's font is of another width, the label keeps its distance from its mark.
        let (place, anchor): (Double, SVGDocument.Anchor) =
          box.right < x ? (box.right, .end) : box.left > x ? (box.left, .start) : ((box.left + box.right) / 2, .middle)
        document.text(label, place, middle + 4, size: size, anchor: anchor, colour: darker(colour), hasHalo: true)
      }
    }
  }

  private var takenByMarks: [Box] {
    series.flatMap(\.points).map { point in
      let x = px(point.x), y = py(point.y)
      return Box(
        left: x - 6, top: min(y - 6, point.spread.map { py($0.upper) } ?? y), right: x + 6,
        bottom: max(y + 6, point.spread.map { py($0.lower) } ?? y))
    }
  }

  private var takenByReferences: [Box] {
    figure.references.map { reference in
      Box(left: frame.left, top: py(reference.y) - 1, right: frame.right, bottom: py(reference.y) + 1)
    } + referenceLabels
  }
}

/// Three quarters as bright: for text, which needs more contrast than marks.
/// - Parameter colour: as #RRGGBB.
private func darker(_ colour: String) -> String {
  guard let value = Int(colour.dropFirst(), radix: 16) else { return colour }
  let parts = [16, 8, 0].map { (value >> $0 & 255) * 3 / 4 }
  return "#" + parts.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

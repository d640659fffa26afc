import Foundation

/// SVG as text: elements in the order they are drawn, numbers in hundredths of a pixel, so that equal figures are equal
/// bytes.
struct SVGDocument {
  private let width, height: Double
  private var body = ""

  /// White round the letters, so that lines do not strike them through.
  private static let halo =
    " stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""

  enum Anchor: String {
    case start, middle, end
  }

  init(width: Double, height: Double, isInteractive: Bool) {
    self.width = width
    self.height = height
    self.isInteractive = isInteractive
  }

  var text: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="\(number(width))" height="\(number(height))" \
    viewBox="0 0 \(number(width)) \(number(height))" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif">
    <rect width="100%" height="100%" fill="#ffffff"/>
    \(body)</svg>

    """
  }

  /// Whether series are told apart by classes and points say their values, for a page with a script.
  private let isInteractive: Bool

  /// What is drawn from here to ``closeSeries()`` is of one series, class `s0`, `s1`, …; a picture that stands alone says
  /// nothing of it.
  mutating func openSeries(_ index: Int) {
    if isInteractive { body += "<g class=\"s\(index)\">\n" }
  }
  mutating func closeSeries() {
    if isInteractive { body += "</g>\n" }
  }

  /// A place that says a value; nothing in a picture that stands alone.
  mutating func value(_ text: String, _ x: Double, _ y: Double) {
    guard isInteractive else { return }
    body +=
      "<circle class=\"value\" cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"7\" fill=\"transparent\"><title>\(xmlEscaped(text))</title></circle>\n"
  }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, colour: String, width: Double = 1, dashes: String? = nil
  ) {
    body +=
      "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" stroke=\"\(colour)\" "
      + "stroke-width=\"\(number(width))\"\(dashes.map { " stroke-dasharray=\"\($0)\"" } ?? "")/>\n"
  }

  mutating func polyline(_ points: [(x: Double, y: Double)], colour: String, width: Double, dashes: String? = nil) {
    body +=
      "<polyline points=\"\(points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " "))\" fill=\"none\" "
      + "stroke=\"\(colour)\" stroke-width=\"\(number(width))\" stroke-linejoin=\"round\""
      + "\(dashes.map { " stroke-dasharray=\"\($0)\"" } ?? "")/>\n"
  }

  /// A faint area, through which what lies behind it is seen.
  mutating func area(_ corners: [(x: Double, y: Double)], colour: String) {
    body +=
      "<polygon points=\"\(corners.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " "))\" "
      + "fill=\"\(colour)\" fill-opacity=\"0.12\"/>\n"
  }

  mutating func mark(_ mark: Mark, _ x: Double, _ y: Double, colour: String, isHollow: Bool) {
    let style = "fill=\"\(isHollow ? "#ffffff" : colour)\" stroke=\"\(colour)\" stroke-width=\"1.6\""
    if mark == .circle {
      body += "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"4.5\" \(style)/>\n"
    } else {
      let corners = mark.corners.map { "\(number(x + $0.0)),\(number(y + $0.1))" }.joined(separator: " ")
      body += "<polygon points=\"\(corners)\" \(style)/>\n"
    }
  }

  /// - Parameter y: of the base line.
  mutating func text(
    _ text: String, _ x: Double, _ y: Double, size: Double, anchor: Anchor = .start, colour: String = "#222222",
    isUpwards: Bool = false, hasHalo: Bool = false
  ) {
    body +=
      "<text x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(number(size))\" text-anchor=\"\(anchor.rawValue)\" "
      + "fill=\"\(colour)\"\(hasHalo ? Self.halo : "")\(isUpwards ? " transform=\"rotate(-90 \(number(x)) \(number(y)))\"" : "")>"
      + "\(xmlEscaped(text))</text>\n"
  }

  private func number(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    return text.hasSuffix(".00") ? String(text.dropLast(3)) : text
  }
}

/// Shapes that tell series apart without colour.
enum Mark: CaseIterable {
  case circle, square, triangle, diamond, inverted

  var corners: [(Double, Double)] {
    switch self {
    case .circle: []
    case .square: [(-4.2, -4.2), (4.2, -4.2), (4.2, 4.2), (-4.2, 4.2)]
    case .triangle: [(0, -5.4), (5, 3.8), (-5, 3.8)]
    case .diamond: [(0, -5.8), (5.2, 0), (0, 5.8), (-5.2, 0)]
    case .inverted: [(0, 5.4), (5, -3.8), (-5, -3.8)]
    }
  }
}

/// How wide a text is, in pixels, in the widest of the common sans fonts (DejaVu Sans); 10% to 15% more than in Arial.
func textWidth(_ text: String, size: Double) -> Double {
  text.unicodeScalars.reduce(0) { sum, scalar in
    let share: Double =
      switch scalar {
      case "i", "j", "l", "'", "I": 0.3
      case ".", ",", ":", ";", " ", "|", "!", "/", "\\": 0.34
      case "[", "]", "(", ")", "t", "f", "r", "-": 0.41
      case "m", "w", "M", "W", "%", "@": 0.98
      case "A"..."Z", "&": 0.74
      case "=", "+", "<", ">", "~", "^", "≈": 0.84
      default: scalar.value > 0x2e80 ? 1 : 0.635
      }
    return sum + share * size
  }
}

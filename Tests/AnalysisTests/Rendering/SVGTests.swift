import Foundation
import Metrics
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@testable import Analysis
@testable import Rendering

/// Texts and element names of a well-formed document; nil for any other.
private final class Reader: NSObject, XMLParserDelegate {
  var texts: [String] = [], elements: [String] = [], fills: [String] = []
  private var text = ""

  init?(_ svg: String) {
    super.init()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }
  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String] = [:]
  ) {
    elements.append(name)
    text = ""
    if name == "circle" || name == "polygon" { fills.append(attributes["fill"] ?? "") }
  }
  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    if name == "text" { texts.append(text) }
  }
}

@Suite struct FigureSVGTests {
  func figure(_ points: [Figure.Point], title: String = "t", style: Figure.Style = .points) -> Figure {
    Figure(
      key: "f", title: title, style: style, x: .init("x", isLogarithmic: true), y: .init("y", isLogarithmic: true),
      series: [.init(title: title, family: title, points: points)], references: [.init(y: 2, label: "M1 <alone>")])
  }

  @Test func notLearnedIsHollow() throws {
    let read = try #require(Reader(svg(figure([.init(x: 1, y: 2), .init(x: 2, y: 3, isHollow: true)]))))
    #expect(read.fills == ["#0072B2", "#ffffff"])
  }

  /// Whatever the reader's font: a label left of its mark ends there, one right of it begins there.
  @Test func labelsKeepTheirDistanceFromMarks() {
    let label = "a label that has no room on the right"
    let text = svg(figure([.init(x: 1, y: 3, label: "here"), .init(x: 2, y: 2.5, label: label)]))
    let anchors = ["here", label].map { name in
      let line = text.split(separator: "\n").first { $0.hasSuffix(">\(name)</text>") } ?? ""
      return line.contains("text-anchor=\"end\"") ? "end" : line.contains("text-anchor=\"start\"") ? "start" : "none"
    }
    #expect(anchors == ["start", "end"])
  }

  /// Golden values: DejaVu Sans by PyPI's pillow. Legends have room in that font, too.
  @Test(
    arguments: [
      ("EqualInfoAC[b=16,v=256]", 13.23), ("SentencePiece[model=bpe,v=4k] 900k, seed 1", 23.69), ("MMWW", 3.7),
      ("M1 alone (1m, context 1024): 1.739", 18.06), ("M1Dictionary[v=4k]", 10.05), ("illi.", 1.43),
    ] as [(String, Double)])
  func textsHaveRoom(text: String, width: Double) {
    #expect((width...width * 1.1).contains(textWidth(text, size: 1)))
  }

  @Test func equalFiguresAreEqualBytes() throws {
    let cells = try manyCells().map { $0 }
    func drawn() -> [String] {
      let input = AnalysisInput(records: cells, protocol: cells[0].protocol)
      return RecordAnalysis.costPlots.run(input).figures.map(svg)
    }
    #expect(drawn() == drawn())
  }

  /// One point, equal points, and what a logarithmic axis cannot show still give a picture.
  @Test(arguments: [[(1.0, 1.0)], [(1, 2), (1, 2)], [(0, 1), (1, 0)], []])
  func degenerateFiguresAreWellFormed(points: [(Double, Double)]) throws {
    let text = svg(figure(points.map { .init(x: $0.0, y: $0.1) }))
    #expect(Reader(text) != nil && !text.contains("nan") && !text.contains("inf"))
  }
}

@Suite struct AxisScaleTests {
  @Test(
    arguments: [
      ([1.57, 4.6], true, ["2", "3", "4", "5"]), ([1.5e5, 2e6], true, ["200 k", "500 k", "1 M", "2 M"]),
      ([1.565, 2.1], true, ["1.6", "1.8", "2"]), ([1, 1e6], true, ["1", "10", "100", "1 k", "10 k", "100 k", "1 M"]),
      ([0, 10], false, ["0", "2", "4", "6", "8", "10"]),
    ] as [([Double], Bool, [String])])
  func ticksAreRoundAlsoBelowADecade(values: [Double], isLogarithmic: Bool, labels: [String]) {
    let scale = AxisScale(values, isLogarithmic: isLogarithmic, padding: 0.08)
    #expect(scale.ticks.map(\.label) == labels)
    for tick in scale.ticks { #expect((0...1).contains(scale.fraction(tick.value))) }
  }

  @Test func valuesLieWithinTheirPadding() {
    let scale = AxisScale([2, 8], isLogarithmic: true, padding: 0.25)
    #expect(abs(scale.fraction(2) - 1.0 / 6) < 1e-12 && abs(scale.fraction(4) - 0.5) < 1e-12)
  }
}

@Suite struct LabelPlacementTests {
  let frame = Box(left: 0, top: 0, right: 400, bottom: 300)

  @Test func crowdedLabelsDoNotCoverEachOther() {
    var points: [(x: Double, y: Double)] = [], marks: [Box] = []
    for step in 0..<6 {
      let x = 150 + Double(step) * 3, y = 150 + Double(step) * 4
      points.append((x, y))
      marks.append(Box(left: x - 6, top: y - 6, right: x + 6, bottom: y + 6))
    }
    var placement = LabelPlacement(frame: frame, taken: marks)
    let boxes = points.map { placement.place(width: 90, height: 14, x: $0.x, y: $0.y) }
    for (index, box) in boxes.enumerated() {
      #expect(box.excess(beyond: frame) == 0)
      #expect(boxes[(index + 1)...].allSatisfy { $0.overlap(box) == 0 })
    }
  }

  @Test func labelsStayInTheFrame() {
    var placement = LabelPlacement(frame: frame, taken: [])
    #expect(placement.place(width: 90, height: 14, x: 395, y: 150).right <= 395)
  }
}

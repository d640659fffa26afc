import Metrics

/// A picture as data: what is drawn, not how.
public struct Figure: Sendable, Hashable {
  /// Names the figure among others, and its file: letters, digits and hyphens.
  public var key: String
  public let title: String
  public let style: Style
  public let x: Axis
  public let y: Axis
  public let series: [Series]
  public let references: [Reference]

  public enum Style: String, Codable, Sendable {
    /// Marks with labels beside them, joined within a series.
    case points
    /// Lines with a legend.
    case lines
  }

  public struct Axis: Sendable, Hashable {
    /// With the unit.
    public let label: String
    public let isLogarithmic: Bool
    /// What the values 0, 1, … stand for; empty where values are numbers.
    public let names: [String]
    public init(_ label: String, isLogarithmic: Bool) {
      self.label = label
      self.isLogarithmic = isLogarithmic
      names = []
    }
    public init(_ label: String, names: [String]) {
      self.label = label
      self.names = names
      isLogarithmic = false
    }
  }

  public struct Series: Sendable, Hashable {
    public let title: String
    /// Series of one family share a colour and differ in dashes.
    public let family: String
    public let points: [Point]
    /// Fitted to the points; drawn in the place of the line that joins them.
    public let curve: Curve?
    public init(title: String, family: String, points: [Point], curve: Curve? = nil) {
      self.title = title
      self.family = family
      self.points = points
      self.curve = curve
    }
  }

  /// A fitted line.
  public struct Curve: Sendable, Hashable {
    /// Ascending in x; their spreads are a band about the line, their labels stand beside it.
    public let points: [Point]
    /// Solid up to this x, dashed beyond: nothing was measured there.
    public let solidTo: Double
    /// A place on it that is marked with a cross, such as its minimum.
    public let marked: Point?
    public init(points: [Point], solidTo: Double, marked: Point? = nil) {
      self.points = points
      self.solidTo = solidTo
      self.marked = marked
    }
  }

  public struct Point: Sendable, Hashable {
    public let x: Double
    public let y: Double
    /// Drawn as an error bar.
    public let spread: Interval?
    public let label: String?
    /// Drawn hollow: to be taken with care, such as what was not learned.
    public let isHollow: Bool
    public init(x: Double, y: Double, spread: Interval? = nil, label: String? = nil, isHollow: Bool = false) {
      self.x = x
      self.y = y
      self.spread = spread
      self.label = label
      self.isHollow = isHollow
    }
  }

  /// A horizontal line at a value of y.
  public struct Reference: Sendable, Hashable {
    public let y: Double
    public let label: String
    public init(y: Double, label: String) {
      self.y = y
      self.label = label
    }
  }

  public init(
    key: String, title: String, style: Style, x: Axis, y: Axis, series: [Series], references: [Reference] = []
  ) {
    self.key = fileKey(key)
    self.title = title
    self.style = style
    self.x = x
    self.y = y
    self.series = series
    self.references = references
  }

  /// Without points there is nothing to draw.
  public var isEmpty: Bool { series.allSatisfy(\.points.isEmpty) }
}

/// A key that may stand in a file's name, with a hyphen for whatever is no ASCII letter or digit: sizes come from records.
private func fileKey(_ key: String) -> String {
  String(key.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
}

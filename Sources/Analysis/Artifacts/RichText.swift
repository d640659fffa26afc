/// A sentence in which markup is no characters: names from records mean themselves, whatever they hold, and only the program
/// makes code or bold of anything.
///
///     let text: RichText = "Records of \(name) have `match.m1` in them: \(code: field)"
///
/// Of that, the backquotes are text, and `field` is code. Renderers turn the pieces into their formats, each in one place.
public struct RichText: Sendable, Hashable {
  public enum Piece: Sendable, Hashable {
    case text(String)
    case code(String)
    case bold(String)
  }
  /// No two neighbours are both text; none is empty.
  public private(set) var pieces: [Piece] = []

  public init(_ text: String) { append(.text(text)) }

  /// The characters alone.
  public var plain: String {
    pieces.map { piece in
      switch piece {
      case .text(let text), .code(let text), .bold(let text): text
      }
    }.joined()
  }

  private mutating func append(_ piece: Piece) {
    switch (pieces.last, piece) {
    case (_, .text("")), (_, .code("")), (_, .bold("")): return
    case (.text(let before)?, .text(let text)): pieces[pieces.count - 1] = .text(before + text)
    default: pieces.append(piece)
    }
  }

  public static func + (a: RichText, b: RichText) -> RichText {
    var sum = a
    for piece in b.pieces { sum.append(piece) }
    return sum
  }
}

extension RichText: ExpressibleByStringInterpolation {
  public init(stringLiteral text: String) { self.init(text) }
  public init(stringInterpolation: StringInterpolation) { self = stringInterpolation.text }

  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = RichText("")
    public init(literalCapacity: Int, interpolationCount: Int) {}
    public mutating func appendLiteral(_ literal: String) { text.append(.text(literal)) }
    public mutating func appendInterpolation(_ value: some CustomStringConvertible) { text.append(.text("\(value)")) }
    public mutating func appendInterpolation(_ other: RichText) { text = text + other }
    public mutating func appendInterpolation(code: some StringProtocol) { text.append(.code(String(code))) }
    public mutating func appendInterpolation(bold: some StringProtocol) { text.append(.bold(String(bold))) }
  }
}

extension Sequence<RichText> {
  public func joined(separator: RichText) -> RichText {
    var sum = RichText("")
    for (index, text) in enumerated() { sum = index == 0 ? text : sum + separator + text }
    return sum
  }
}

/// What an analysis gives: typed, for any renderer.
public enum Artifact: Sendable, Hashable {
  case table(Table)
  case figure(Figure)
  /// A list of sentences computed from numbers.
  case findings([Finding])
  /// Prose: what the reader needs to read the tables.
  case note(RichText)
  case cutLine(CutLine)
  /// Commands to repeat what was done.
  case commands(String)
}

/// A sentence that was computed: every number and name in it comes from records or a baseline.
public struct Finding: Sendable, Hashable {
  public let text: RichText
  public init(_ text: RichText) { self.text = text }
  public init(_ text: String) { self.text = RichText(text) }
}

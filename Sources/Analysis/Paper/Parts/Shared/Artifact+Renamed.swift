extension Artifact {
  /// Tables and figures of a part need names of their own.
  func renamed(prefix: String) -> Artifact {
    switch self {
    case .table(var table):
      table.key = prefix + "-" + table.key
      return .table(table)
    case .figure(var figure):
      figure.key = prefix + "-" + figure.key
      return .figure(figure)
    case .findings, .note, .cutLine, .commands: return self
    }
  }
}

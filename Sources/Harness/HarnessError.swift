/// What can go wrong in a corpus, an experiment file, a run or a report.
public enum HarnessError: Error, Sendable, CustomStringConvertible, Equatable {
  case corpus(file: String, place: String?, reason: String)
  case experiment(file: String, line: Int?, key: String, reason: String)
  case file(String, reason: String)
  case usage(String)

  public var description: String {
    switch self {
    case .corpus(let file, let place, let reason): return "\(file)\(place.map { ", \($0)" } ?? ""): \(reason)"
    case .experiment(let file, let line, let key, let reason):
      return "\(file)\(line.map { ":\($0)" } ?? ""): \(key.isEmpty ? "" : "\(key): ")\(reason)"
    case .file(let path, let reason): return "\(path): \(reason)"
    case .usage(let reason): return reason
    }
  }
}

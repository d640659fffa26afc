/// What can go wrong in a corpus, an experiment file or a run.
public enum HarnessError: Error, Sendable, CustomStringConvertible, Equatable {
  /// A corpus file, and the line or byte in it.
  case corpus(file: String, place: String?, reason: String)
  /// A split of the corpus has no bytes.
  case emptySplit(String, file: String)
  /// A key of an experiment file.
  case experiment(file: String, line: Int?, key: String, reason: String)
  /// A cell that cannot be trained, or cannot be scored.
  case cell(String)
  /// A cell whose budget M1 takes whole: it has no result, and is no failure.
  case notAffordable(String)
  /// A tokenizer that says it is lossless does not give a text back.
  case brokenRoundTrip(String)
  /// What a command asked a run for is not there.
  case notInRun(String)
  /// Another process is building an entry of the store that is needed.
  case busy(entry: String, host: String, process: Int32)

  public var description: String {
    switch self {
    case .corpus(let file, let place, let reason): return "\(file)\(place.map { ", \($0)" } ?? ""): \(reason)"
    case .emptySplit(let name, let file):
      return "\(file): the \(name) split is empty; give more text, or change validationShare or validationPaths"
    case .experiment(let file, let line, let key, let reason):
      return "\(file)\(line.map { ":\($0)" } ?? ""): \(key.isEmpty ? "" : "\(key): ")\(reason)"
    case .cell(let reason), .notAffordable(let reason), .brokenRoundTrip(let reason), .notInRun(let reason):
      return reason
    case .busy(let entry, let host, let process): return "\(entry) is being built by process \(process) on \(host)"
    }
  }
}

/// What can go wrong in training or loading a model.
public enum TransformerError: Error, Sendable, CustomStringConvertible, Equatable {
  case backend(String)
  case damagedFile(String, reason: String)
  case diverged(step: Int, loss: Double)

  public var description: String {
    switch self {
    case .backend(let reason): return reason
    case .damagedFile(let path, let reason): return "\(path): \(reason)"
    case .diverged(let step, let loss):
      return "training diverged at step \(step) (loss \(loss)); lower learningRate or lengthen warmup"
    }
  }
}

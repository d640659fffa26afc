/// What can go wrong in training or loading a model.
public enum TransformerError: Error, Sendable, CustomStringConvertible, Equatable {
  case backend(String)
  /// What is wrong with a program that trains beside this one, and what to do.
  case worker(String)
  case damagedFile(String, reason: String)
  case diverged(step: Int, loss: Double)
  /// Of a training source or a scored text.
  case tokenOutOfRange(Int32, vocabulary: Int)
  /// An example, counted from 0, whose score is no number.
  case notANumber(example: Int)
  /// Vocabulary sizes of a tokenizer and of a model that it is to be used with.
  case otherVocabulary(tokenizer: Int, model: Int)

  public var description: String {
    switch self {
    case .backend(let reason), .worker(let reason): return reason
    case .damagedFile(let path, let reason): return "\(path): \(reason)"
    case .diverged(let step, let loss):
      return "training diverged at step \(step) (loss \(loss)); lower learningRate or lengthen warmup"
    case .tokenOutOfRange(let token, let vocabulary):
      return "token \(token) for a model of \(vocabulary) tokens; were they made by another tokenizer?"
    case .notANumber(let example):
      return "example \(example) (from 0) has no finite score; the model's weights are damaged or have diverged"
    case .otherVocabulary(let tokenizer, let model):
      return "the tokenizer has \(tokenizer) tokens and the model \(model); it was trained over another tokenizer"
    }
  }
}

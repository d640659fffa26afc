/// What can go wrong in naming, training, loading or running a tokenizer. Every case says what to do.
public enum TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The text is not `Name` or `Name[key=value,…]`.
  case malformedName(String, reason: String)
  case unknownTokenizer(String, nearest: String?, known: [String])
  case unknownParameter(String, tokenizer: String, nearest: String?, known: [String])
  case invalidParameter(String, value: String, tokenizer: String, reason: String)
  case duplicateName(String, first: String, second: String)
  /// The training text cannot make this tokenizer.
  case training(String, reason: String)
  /// A byte model's numbers are no distribution.
  case invalidDistribution(reason: String)
  /// A saved tokenizer's file is missing, damaged or foreign.
  case damagedFile(String, reason: String)
  case tokenOutOfRange(token: Token, position: Int, vocabularySize: Int, tokenizer: String)
  case impossibleByteCount(Int, tokenizer: String)
  /// The tokens do not decode.
  case corruptTokens(tokenizer: String, reason: String)
  case encoding(tokenizer: String, reason: String)
  /// The text is no command that starts a plug-in.
  case malformedCommand(String, reason: String)
  /// The process that a tokenizer runs in does not do what it should.
  case plugin(tokenizer: String, reason: String)

  public var description: String {
    switch self {
    case .malformedName(let text, let reason):
      return "'\(text)' is not a tokenizer name: \(reason); write it as Name or Name[key=value,…], as in GZip[v=65k]"
    case .unknownTokenizer(let name, let nearest, let known):
      let hint = nearest.map { "did you mean '\($0)'? " } ?? ""
      return "unknown tokenizer '\(name)'; \(hint)known: \(known.joined(separator: ", "))"
    case .unknownParameter(let key, let tokenizer, let nearest, let known):
      let hint = nearest.map { "did you mean '\($0)'? " } ?? ""
      let list = known.isEmpty ? "it takes none" : "it takes \(known.joined(separator: ", "))"
      return "\(tokenizer) has no parameter '\(key)'; \(hint)\(list)"
    case .invalidParameter(let key, let value, let tokenizer, let reason):
      return "\(tokenizer): \(key)=\(value) is not possible: \(reason)"
    case .duplicateName(let name, let first, let second):
      return "two tokenizers are named '\(name)': one from \(first), one from \(second); rename one"
    case .training(let name, let reason): return "cannot train \(name): \(reason)"
    case .invalidDistribution(let reason):
      return "the byte model gives no distribution: \(reason); its implementation is at fault"
    case .damagedFile(let path, let reason): return "\(path): \(reason)"
    case .tokenOutOfRange(let token, let position, let size, let tokenizer):
      return "token \(token) at position \(position) is outside \(tokenizer)'s vocabulary of \(size); "
        + "the tokens come from another tokenizer, or are damaged"
    case .impossibleByteCount(let count, let tokenizer):
      return "\(count) is no number of bytes that \(tokenizer) decodes to (0 to \(longestExample)); "
        + "the byte count is damaged"
    case .corruptTokens(let tokenizer, let reason): return "\(tokenizer) cannot decode these tokens: \(reason)"
    case .encoding(let tokenizer, let reason): return "\(tokenizer) cannot encode: \(reason)"
    case .malformedCommand(let line, let reason):
      return "'\(line)' is no command of a plug-in: \(reason); write it as in 'python3 my.py'"
    case .plugin(let tokenizer, let reason): return "\(tokenizer): \(reason)"
    }
  }
}

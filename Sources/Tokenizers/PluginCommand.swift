import Support

/// A tokenizer family that is another program: what starts it, and what it is called here. What it is and takes, it says
/// itself when it is started (docs/plugin-protocol.md).
public struct PluginCommand: Codable, Hashable, Sendable {
  /// As names of its tokenizers begin; nil for what the program calls itself.
  public var name: String?
  /// The program, a path or a name that PATH finds, and its arguments.
  public var words: [String]
  /// Files beside those among the words whose content decides what the program does.
  public var files: [String]
  /// Seconds of silence after which it counts as hung.
  public var timeoutSeconds: Double

  public static let defaultTimeoutSeconds = 60.0
  public static let timeouts = 0.1...86_400.0

  public init(
    name: String? = nil, words: [String], files: [String] = [], timeoutSeconds: Double = defaultTimeoutSeconds
  ) {
    self.name = name
    self.words = words
    self.files = files
    self.timeoutSeconds = timeoutSeconds
  }

  /// A command as it is written in a shell: words between spaces, in which '…' and "…" keep spaces; nothing else of a
  /// shell's.
  /// - Throws: ``TokenizerError/malformedCommand(_:reason:)``.
  public init(line: String, name: String? = nil, timeoutSeconds: Double = defaultTimeoutSeconds) throws {
    var words: [String] = [], word: String?, quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character.isWhitespace {
        if let whole = word { words.append(whole) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let quote { throw TokenizerError.malformedCommand(line, reason: "a \(quote) is not closed") }
    if let whole = word { words.append(whole) }
    guard let program = words.first, !program.isEmpty else {
      throw TokenizerError.malformedCommand(line, reason: "it is empty")
    }
    self.init(name: name, words: words, timeoutSeconds: timeoutSeconds)
  }

  /// The command on one line, for people.
  public var line: String {
    words.map { $0.isEmpty || $0.contains(where: \.isWhitespace) ? "'\($0)'" : $0 }.joined(separator: " ")
  }
}

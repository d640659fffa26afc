/// What Hugging Face's tokenizers do to a text before the model sees it, as far as it can be undone: where it is cut, and
/// how spaces and bytes are written in the vocabulary.
///
/// The text itself is never rewritten. That a space is '▁' there, or 'Ġ', is a way to write tokens: they are read back
/// into bytes once, when the vocabulary is read.
struct TextSteps {
  /// Expressions that cut pre-tokens, each the pieces of the one before.
  private(set) var stages: [String] = []
  /// Whether tokens are written in ByteLevel's alphabet, a character a byte.
  private(set) var isByteLevel = false
  /// What stands for a space in tokens, in UTF-8; nil where a space does.
  private(set) var spaceSign: [UInt8]?
  private(set) var leadingSpace = ImportedTokenizer.LeadingSpace.never
  /// Whether a space comes before every part between added tokens, not before the first alone.
  private(set) var everyPartHasLeadingSpace = false
  /// Whether a normalizer puts a space before added tokens, too.
  private(set) var prependsToAddedTokens = false
  /// Whether a normalizer writes spaces as their sign, in the text and in added tokens.
  private(set) var normalizesSpaces = false
  private var isFirst = true
  /// A Prepend of a sign that nothing has written spaces as so far.
  private var loneSign: JSONField?

  /// - Throws: ``VocabularyError`` for every step that is not supported, by its name.
  init(normalizer: JSONField?, preTokenizer: JSONField?) throws {
    for step in try Self.steps(normalizer, list: "normalizers") { try addNormalizer(step) }
    for step in try Self.steps(preTokenizer, list: "pretokenizers") {
      try addPreTokenizer(step)
      isFirst = false
    }
    if let loneSign { throw Self.unsupported(loneSign, "a Prepend of what spaces are not written as") }
  }

  /// The steps of a Sequence, or the one step.
  private static func steps(_ field: JSONField?, list: String) throws -> [JSONField] {
    guard let field else { return [] }
    guard try field.required("type").text() == "Sequence" else { return [field] }
    return try field.required(list).list().flatMap { try steps($0, list: list) }
  }

  static func unsupported(_ field: JSONField, _ what: String) -> VocabularyError {
    field.refuse("is \(what), which is not supported here; \(otherWay)")
  }

  /// What to do about a file that is not supported.
  static let otherWay =
    "the library itself can be run as a plug-in (docs/plugin-protocol.md, Examples/plugins/library.py)"

  // MARK: Normalizers

  private mutating func addNormalizer(_ step: JSONField) throws {
    switch try step.required("type").text() {
    case "NFC": break  // what is in that form stays as it is, and what is not could not come back
    case "Prepend":
      let sign = try step.required("prepend").bytes()
      guard !sign.isEmpty, spaceSign == nil || spaceSign == sign, leadingSpace == .never else {
        throw Self.unsupported(step, "a Prepend of something else than one sign for the space")
      }
      if spaceSign == nil, sign != [0x20] { loneSign = step }
      spaceSign = sign
      leadingSpace = .always
      everyPartHasLeadingSpace = true
      prependsToAddedTokens = true
    case "Replace":
      let pattern = try step.required("pattern"), content = try step.required("content").bytes()
      guard try pattern.member("String")?.text() == " ", spaceSign == nil || spaceSign == content, !content.isEmpty
      else {
        throw Self.unsupported(step, "a Replace of something else than the space")
      }
      spaceSign = content
      loneSign = nil
      normalizesSpaces = true
    case let type: throw Self.unsupported(step, type)
    }
  }

  // MARK: Pre-tokenizers

  private mutating func addPreTokenizer(_ step: JSONField) throws {
    let type = try step.required("type").text()
    guard !isByteLevel else { throw Self.unsupported(step, "\(type) behind ByteLevel") }
    switch type {
    case "ByteLevel":
      guard spaceSign == nil else { throw Self.unsupported(step, "ByteLevel behind a sign for the space") }
      isByteLevel = true
      if try step.required("add_prefix_space").truth() { try addLeadingSpace(step, toEveryPart: true) }
      if try step.member("use_regex")?.truth() ?? true, let expression = SplitPattern.gpt2.expression {
        stages.append(expression)
      }
    case "Metaspace": try addMetaspace(step)
    case "Digits":
      let digits = "[\(CharacterClass.digit)]"
      stages.append(try step.required("individual_digits").truth() ? digits : digits + "++")
    case "Split": try addSplit(step)
    default: throw Self.unsupported(step, type)
    }
  }

  /// The space that the first step puts before a text; behind other steps it would come before every piece.
  private mutating func addLeadingSpace(_ step: JSONField, toEveryPart: Bool) throws {
    guard isFirst else { throw Self.unsupported(step, "a space before every piece of a text") }
    leadingSpace = .unlessThere
    everyPartHasLeadingSpace = toEveryPart
  }

  private mutating func addMetaspace(_ step: JSONField) throws {
    let sign = try step.required("replacement").bytes()
    guard spaceSign == nil || spaceSign == sign, !sign.isEmpty else {
      throw Self.unsupported(step, "a second sign for the space")
    }
    spaceSign = sign
    loneSign = nil
    let scheme = try step.member("prepend_scheme"), name = try scheme?.text() ?? "always"
    if let old = try step.member("add_prefix_space"), try !old.truth(), name != "never" {
      throw old.refuse("is false, and prepend_scheme is '\(name)': the library reads no such file; make it 'never'")
    }
    switch name {
    case "never": break
    case "always", "first":
      guard leadingSpace == .never else { throw Self.unsupported(step, "a second space before the text") }
      try addLeadingSpace(step, toEveryPart: name == "always")
    default: throw (scheme ?? step).refuse("is '\(name)', not always, first or never")
    }
    if try step.member("split")?.truth() ?? true { stages.append(" [^ ]*+") }
  }

  private mutating func addSplit(_ step: JSONField) throws {
    let behavior = try step.required("behavior"), name = try behavior.text()
    guard let behavior = SplitBehavior(rawValue: name) else {
      throw Self.unsupported(behavior, name == "Removed" ? "Removed, so that text is lost" : "the behavior \(name)")
    }
    let pattern = try step.required("pattern"), isInverted = try step.required("invert").truth()
    if let literal = try pattern.member("String") {
      guard var text = Optional(try literal.bytes()), !text.isEmpty else { throw literal.refuse("is empty") }
      if let spaceSign {
        // There are no spaces in the text any more.
        if text.contains(0x20) { return }
        text = text.replacing(spaceSign, with: [0x20])
      }
      let expression = Self.literally(String(decoding: text, as: UTF8.self))
      stages.append(behavior.pieces(of: expression, inverted: isInverted))
    } else {
      let field = try pattern.required("Regex")
      guard spaceSign == nil else { throw Self.unsupported(field, "an expression behind a sign for the space") }
      stages.append(try Self.expression(field) { behavior.pieces(of: $0, inverted: isInverted) })
    }
  }

  /// What a file's expression is for PCRE2.
  /// - Parameter pieces: makes of it the expression that cuts.
  /// - Throws: ``VocabularyError`` that quotes the file's for one that is not supported, none, or that may match nothing.
  private static func expression(_ field: JSONField, pieces: (String) -> String) throws -> String {
    let regex = try field.text()
    func refuse(_ what: String) -> VocabularyError { field.refuse("is '\(regex)', which \(what)") }
    do {
      let expression = pieces(try OnigurumaExpression.translated(regex))
      guard try !PreTokenizer(expression: expression).mayMatchNothing else {
        throw refuse("may match nothing; it says not how to cut")
      }
      return expression
    } catch let unsupported as OnigurumaExpression.Unsupported {
      throw refuse("has \(unsupported.what), which is not supported here; \(otherWay)")
    } catch let malformed as PreTokenizer.Malformed {
      throw refuse("is no regular expression: \(malformed.reason)")
    }
  }

  /// The expression that matches a text alone.
  static func literally(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
          scalar.isASCII && !scalar.properties.isAlphabetic && !("0"..."9").contains(scalar)
            ? ["\\", scalar] : [scalar]
        }))
  }

  /// Cuts before every run of spaces.
  static let words = " ++[^ ]*+|[^ ]++"

  /// What cuts the text.
  /// - Parameter last: cuts the pieces once more.
  func preTokenizer(and last: String?) throws -> PreTokenizer {
    try (stages + [last].compactMap { $0 }).reversed().reduce(nil) { try PreTokenizer(expression: $1, next: $0) }
      ?? .nothing
  }
}

import CPCRE2
import Tokenizers

/// Cuts text into pre-tokens, across which no token reaches, by a regular expression.
///
/// The expression sees valid UTF-8 only: text is first cut into stretches that are valid and stretches that are not
/// (``utf8Stretch(in:from:)``). A stretch that is not is one pre-token, and so is what lies between two matches: every
/// byte belongs to exactly one pre-token, whatever the text. On valid UTF-8 the pre-tokens are those of the same
/// expression in the libraries that it comes from.
///
/// `@unchecked Sendable`: compiled code is never written to once it is compiled, and PCRE2 allows any number of threads
/// to match with it; it ends in deinit.
final class PreTokenizer: @unchecked Sendable {
  /// Nil where the whole text is one pre-token.
  fileprivate let code: OpaquePointer?
  fileprivate let isCompiled: Bool
  /// What cuts each pre-token once more, seeing nothing of the text around it; nil where nothing does.
  fileprivate let next: PreTokenizer?

  /// What may change a cut besides this program: PCRE2's version and its Unicode's.
  static let libraryVersion =
    "\(configuration(UInt32(PCRE2_CONFIG_VERSION))), Unicode "
    + configuration(UInt32(PCRE2_CONFIG_UNICODE_VERSION))

  /// Cuts nothing, and matches nothing.
  static let nothing = PreTokenizer()

  private init() {
    code = nil
    isCompiled = false
    next = nil
  }

  convenience init(_ pattern: SplitPattern) throws {
    try self.init(expression: pattern.expression)
  }

  /// - Parameters:
  ///   - expression: in PCRE2's syntax; `$` is the end of the text alone.
  ///   - next: cuts each pre-token once more.
  /// - Throws: ``Malformed`` for what is no expression.
  init(expression: String?, next: PreTokenizer? = nil) throws {
    self.next = next
    guard let expression else {
      code = nil
      isCompiled = false
      return
    }
    var error: Int32 = 0
    var offset = 0
    let pattern = Array(expression.utf8)
    guard
      let code = pcre2_compile_8(
        pattern, pattern.count, UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_DOLLAR_ENDONLY), &error, &offset,
        nil)
    else {
      throw Malformed(expression: expression, offset: offset, reason: Self.message(error))
    }
    self.code = code
    // Machines that forbid writable code have no JIT; the interpreter finds the same matches.
    isCompiled = pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE)) == 0
  }

  deinit { pcre2_code_free_8(code) }

  /// What PCRE2 does not read.
  struct Malformed: Error, CustomStringConvertible {
    let expression: String
    /// Where, in bytes of UTF-8.
    let offset: Int
    let reason: String
    var description: String { "'\(expression)' is no regular expression at byte \(offset): \(reason)" }
  }

  /// Whether the expression may match nothing at some place; where it does, it no longer says how a text is cut.
  var mayMatchNothing: Bool {
    var answer: UInt32 = 0
    return pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_MATCHEMPTY), &answer) == 0 && answer != 0
  }

  fileprivate static func message(_ error: Int32) -> String {
    var text = [UInt8](repeating: 0, count: 256)
    _ = pcre2_get_error_message_8(error, &text, text.count)
    return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func configuration(_ what: UInt32) -> String {
    var text = [UInt8](repeating: 0, count: 64)
    _ = pcre2_config_8(what, &text)
    return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// One thread's workplace for a ``PreTokenizer``.
final class PreTokenMatcher {
  let preTokenizer: PreTokenizer
  private let next: PreTokenMatcher?
  private let data: OpaquePointer?
  private let context: OpaquePointer?
  private let stack: OpaquePointer?
  /// Where the last match begins and ends.
  private let bounds: UnsafeMutablePointer<Int>?

  init(_ preTokenizer: PreTokenizer) {
    self.preTokenizer = preTokenizer
    next = preTokenizer.next.map(PreTokenMatcher.init)
    guard preTokenizer.code != nil else {
      (data, context, stack, bounds) = (nil, nil, nil, nil)
      return
    }
    data = pcre2_match_data_create_8(1, nil)
    context = pcre2_match_context_create_8(nil)
    stack = pcre2_jit_stack_create_8(32 << 10, 64 << 20, nil)
    pcre2_jit_stack_assign_8(context, nil, stack.map(UnsafeMutableRawPointer.init))
    pcre2_set_match_limit_8(context, .max)
    bounds = data.flatMap { pcre2_get_ovector_pointer_8($0) }
  }

  deinit {
    pcre2_match_data_free_8(data)
    pcre2_match_context_free_8(context)
    pcre2_jit_stack_free_8(stack)
  }

  /// The pre-tokens in order, each once.
  /// - Throws: ``TokenizerError/encoding(tokenizer:reason:)`` where PCRE2 fails: it is out of memory.
  /// - Complexity: one match a pre-token.
  @inline(__always)
  func forEach(in text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
    guard let next else { return try cut(text, body) }
    try cut(text) { try next.forEachFurther(in: $0, body) }
  }

  /// The same of a stage behind another, of which there may be any number.
  @inline(never)
  private func forEachFurther(
    in text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
  ) throws {
    guard let next else { return try cut(text, body) }
    try cut(text) { try next.forEachFurther(in: $0, body) }
  }

  /// What this stage alone cuts.
  @inline(__always)
  private func cut(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
    guard let start = text.baseAddress, text.count > 0 else { return }
    @inline(__always) func piece(_ from: Int, _ to: Int) -> UnsafeBufferPointer<UInt8> {
      UnsafeBufferPointer(start: start + from, count: to &- from)
    }
    guard preTokenizer.code != nil, let bounds else { return try body(text) }
    var position = 0
    while position < text.count {
      let (end, isText) = utf8Stretch(in: text, from: position)
      guard isText else {
        try body(piece(position, end))
        position = end
        continue
      }
      let origin = position
      while position < end {
        guard try findMatch(start + origin, end &- origin, from: position &- origin) else { break }
        let from = bounds[0] &+ origin, to = bounds[1] &+ origin
        if to <= from { break }  // of an expression that matches nothing: what is left is one pre-token
        if from > position { try body(piece(position, from)) }
        try body(piece(from, to))
        position = to
      }
      if position < end { try body(piece(position, end)) }
      position = end
    }
  }

  /// Whether the expression matches somewhere in a pre-token; true of what is no text where there is an expression.
  func hasMatch(in piece: UnsafeBufferPointer<UInt8>) throws -> Bool {
    guard preTokenizer.code != nil, let start = piece.baseAddress else { return false }
    let (end, isText) = utf8Stretch(in: piece, from: 0)
    guard isText, end == piece.count else { return true }
    return try findMatch(start, piece.count, from: 0)
  }

  func hasMatch(in text: String) throws -> Bool {
    try Array(text.utf8).withUnsafeBufferPointer { try hasMatch(in: $0) }
  }

  /// Whether there is a match at or after `from`; ``bounds`` is where.
  @inline(__always)
  private func findMatch(_ text: UnsafePointer<UInt8>, _ count: Int, from: Int) throws -> Bool {
    var result = Int32(PCRE2_ERROR_JIT_STACKLIMIT)
    if preTokenizer.isCompiled { result = pcre2_jit_match_8(preTokenizer.code, text, count, from, 0, data, context) }
    if result == Int32(PCRE2_ERROR_JIT_STACKLIMIT) {
      result = pcre2_match_8(
        preTokenizer.code, text, count, from, UInt32(PCRE2_NO_UTF_CHECK) | UInt32(PCRE2_NO_JIT), data, context)
    }
    if result >= 0 { return true }
    if result == Int32(PCRE2_ERROR_NOMATCH) { return false }
    throw TokenizerError.encoding(tokenizer: "the pre-tokenizer", reason: "PCRE2: \(PreTokenizer.message(result))")
  }
}

/// The longest stretch from `start` on that is valid UTF-8, or that holds no valid scalar.
/// - Complexity: O(its length); eight bytes at a time in ASCII.
func utf8Stretch(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> (end: Int, isText: Bool) {
  guard start < text.count, let bytes = text.baseAddress else { return (start, true) }
  let end = text.count
  let isText = scalarLength(bytes, start, end) > 0
  var position = start
  while position < end {
    if isText {
      while position &+ 8 <= end,
        UnsafeRawPointer(bytes + position).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      { position &+= 8 }
      if position == end { break }
    }
    let length = scalarLength(bytes, position, end)
    if (length > 0) != isText { break }
    position &+= max(1, length)
  }
  return (position, isText)
}

/// Bytes of the valid UTF-8 scalar at `i`, or 0.
/// - Source: the Unicode Standard, table 3-7.
@inline(__always)
private func scalarLength(_ bytes: UnsafePointer<UInt8>, _ i: Int, _ end: Int) -> Int {
  let first = bytes[i]
  if first < 0x80 { return 1 }
  let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
  guard first >= 0xC2, first <= 0xF4, i &+ length <= end else { return 0 }
  let second = bytes[i &+ 1]
  let low: UInt8 = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80
  let high: UInt8 = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF
  guard second >= low, second <= high else { return 0 }
  if length > 2, bytes[i &+ 2] & 0xC0 != 0x80 { return 0 }
  if length > 3, bytes[i &+ 3] & 0xC0 != 0x80 { return 0 }
  return length
}

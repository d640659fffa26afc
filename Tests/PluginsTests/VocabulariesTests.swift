import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

/// What the libraries make of the files in `Golden/vocabularies`: written by `vocabularies_golden.py`.
private struct Golden: Decodable {
  struct Split: Decodable {
    struct Case: Decodable {
      /// JSON of a pre-tokenizer.
      var step: String
      /// Of every text.
      var pieces: [[String]]
    }
    var texts: [String]
    var cases: [Case]
  }
  var texts: [String]
  var ids: [String: [[Token]]]
  var split: Split
  var versions: [String: String]

  static func read() throws -> Golden {
    try JSONDecoder().decode(Golden.self, from: Data(readFile(goldenFolder() + "/vocabularies.json")))
  }
}

func goldenFolder() throws -> String { try #require(Bundle.module.path(forResource: "Golden", ofType: nil)) }

/// Names of the tokenizers in `Golden/vocabularies`, by file.
let importedNames: [String: String] = {
  let folder = (Bundle.module.path(forResource: "Golden", ofType: nil) ?? "") + "/vocabularies/"
  let files = ["bytelevel", "prefix", "split", "letters", "metaspace", "llama", "gemma", "unigram"]
  var names = Dictionary(uniqueKeysWithValues: files.map { ($0, "HuggingFace[file=\"\(folder)\($0).json\"]") })
  names["ranks"] = "Tiktoken[file=\"\(folder)ranks.tiktoken\",split=qwen]"
  return names
}()

private func imported(_ file: String) throws -> ImportedTokenizer {
  let name = try #require(importedNames[file])
  return try #require(trained(name) as? ImportedTokenizer)
}

/// Whether a text is in NFC, byte by byte: equality of Swift strings would not say.
private func isNFC(_ text: String) -> Bool { text.precomposedStringWithCanonicalMapping.utf8.elementsEqual(text.utf8) }

/// The libraries' ids on all texts that come back from these: that have the normal form, and of whose characters none is
/// unknown or stands for another.
@Test(arguments: importedNames.keys.sorted())
func idsEqualTheLibrarys(file: String) throws {
  let golden = try Golden.read(), tokenizer = try imported(file)
  let expected = try #require(golden.ids[file])
  var compared = 0
  for (text, ids) in zip(golden.texts, expected) {
    let bytes = Array(text.utf8), found = try tokenizer.encode(bytes)
    #expect(try tokenizer.decode(found, byteCount: bytes.count) == bytes, "\(file): \(text)")
    if file == "bytelevel", !isNFC(text) { continue }
    if ["metaspace", "llama", "gemma", "unigram"].contains(file), text.unicodeScalars.contains("\u{2581}") { continue }
    if file == "unigram", text.contains("<0x41>") { continue }
    if file == "letters" {
      // The library drops what it does not know.
      #expect(found.filter { !tokenizer.byteIDs.contains($0) } == ids, "\(file): \(text)")
    } else {
      #expect(found == ids, "\(file), \(golden.versions): \(text)")
    }
    compared += 1
  }
  #expect(compared >= golden.texts.count - 3)
}

@Test func splitCutsAsTheLibraryDoes() throws {
  let golden = try Golden.read().split
  #expect(golden.cases.count > 100)
  for split in golden.cases {
    let step = JSONField(try ByteJSON(Array(split.step.utf8)), at: "pre_tokenizer")
    let matcher = PreTokenMatcher(try TextSteps(normalizer: nil, preTokenizer: step).preTokenizer(and: nil))
    for (text, expected) in zip(golden.texts, split.pieces) {
      var pieces: [String] = []
      try Array(text.utf8).withUnsafeBufferPointer { text in
        try matcher.forEach(in: text) { pieces.append(String(decoding: $0, as: UTF8.self)) }
      }
      #expect(pieces == expected, "\(split.step) of '\(text)'")
    }
  }
}

// MARK: Bytes

/// Canonically equivalent tokens are two: Swift strings would take them for one.
@Test func tokensAreBytes() throws {
  let file = json(
    vocab: ["\u{e9}": 0, "e": 1, "\u{301}": 2, "e\u{301}": 3, "\u{212b}": 4, "\u{c5}": 5], merges: [["e", "\u{301}"]])
  let tokenizer = try imported(json: file)
  #expect(try tokenizer.encode(Array("\u{e9}e\u{301}\u{212b}\u{c5}".utf8)) == [0, 3, 4, 5])
  #expect(tokenizer.vocabularySize == 6 + 256)
}

/// Where the library's ids lose something, single bytes do not.
@Test func whatTheLibraryLosesComesBack() throws {
  let unigram = try imported("unigram"), letters = try imported("letters")
  func roundTrip(_ tokenizer: ImportedTokenizer, _ bytes: [UInt8]) throws -> [Token] {
    let tokens = try tokenizer.encode(bytes)
    #expect(try tokenizer.decode(tokens, byteCount: bytes.count) == bytes)
    #expect(tokenizer.byteCounts(of: tokens, in: bytes)?.reduce(0, +) == bytes.count)
    return tokens
  }
  // U+2581 is no space, <0x41> no letter, and a piece of a character is no text.
  let sign = try roundTrip(unigram, Array("\u{2581}".utf8))
  #expect(sign.suffix(3).allSatisfy { unigram.byteIDs.contains($0) })
  #expect(try roundTrip(unigram, Array("<0x41>".utf8)) != roundTrip(unigram, Array("A".utf8)))
  for tokenizer in [unigram, letters] {
    for bytes in [[0xC3], [0xA9, 0x61], Array("a".utf8) + [0xF0, 0x9F], [0x20, 0xFF, 0x20]] as [[UInt8]] {
      _ = try roundTrip(tokenizer, bytes)
    }
  }
  let tokens = try letters.encode([0x61, 0xFF])
  #expect(letters.facts(about: [[0x61, 0xFF]], tokens: [tokens], threads: 1) == ["byteShare": 0.5])
}

/// The space that is put before a text is known by the number of bytes alone.
@Test(arguments: ["prefix", "metaspace", "llama"])
func leadingSpacesAreTold(file: String) throws {
  let tokenizer = try imported(file)
  for text in ["a", " a", "  a", " ", "\u{e9}", "the"] {
    let bytes = Array(text.utf8), tokens = try tokenizer.encode(bytes)
    #expect(try tokenizer.decode(tokens, byteCount: bytes.count) == bytes, "\(text)")
    #expect(tokenizer.decodeGenerated(tokens, maximumBytes: bytes.count) == bytes, "\(text)")
    #expect(tokenizer.byteCounts(of: tokens, in: bytes)?.reduce(0, +) == bytes.count)
    #expect(throws: TokenizerError.self) { try tokenizer.decode(tokens, byteCount: bytes.count + 2) }
  }
}

/// An added token that the model reads as other text is not found in text: from its id, that text would not come back.
@Test func addedTokensAreWhatTheirIDsSay() throws {
  let tokens = ByteLevelAlphabet.all.enumerated().map { "\(quoted($1)):\($0)" }.joined(separator: ",")
  func added(_ id: Int, _ content: String) -> String {
    #"{"id":\#(id),"content":"\#(content)","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"#
      + #""special":false}"#
  }
  let byte = try #require(ByteLevelAlphabet.all.firstIndex(of: "\u{e9}"))
  let file = """
    {"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},
    "added_tokens":[\(added(byte, "\u{e9}")),\(added(256, "\u{e8}\u{e9}"))],
    "model":{"type":"BPE","vocab":{\(tokens)},"merges":[]}}
    """
  let tokenizer = try imported(json: Array(file.utf8))
  for bytes in [Array("\u{e9}".utf8), [0xE9], Array("\u{9999}".utf8), Array("a\u{e8}\u{e9}a".utf8)] {
    let tokens = try tokenizer.encode(bytes)
    #expect(try tokenizer.decode(tokens, byteCount: bytes.count) == bytes)
  }
  #expect(try tokenizer.encode(Array("\u{e8}\u{e9}".utf8)) == [256])
  #expect(try tokenizer.encode(Array("\u{e9}".utf8)).count == 2)
}

/// The characters in which bytes are written, in the order of the bytes, escaped as JSON wants them.
private enum ByteLevelAlphabet {
  static let all = TokenSpelling.byteOfCharacter.sorted { $0.value < $1.value }.map {
    $0.key == "\"" || $0.key == "\\" ? "\\\($0.key)" : String($0.key)
  }
}

/// Ids that no token has are no tokens.
@Test func holesAreRefused() throws {
  let tokenizer = try imported("ranks")
  #expect(tokenizer.texts.count == 1 + (0..<tokenizer.texts.count).count { tokenizer.texts.contains(Token($0)) })
  #expect(throws: TokenizerError.self) { try tokenizer.decode([300], byteCount: 0) }
  #expect(tokenizer.decodeGenerated([300], maximumBytes: 9) == [])
}

/// Merges that stay within words are found word by word; the same ids as of the text in one piece.
@Test func wordsAreMergedAlone() throws {
  func file(_ merges: [[String]], last: String) -> [UInt8] {
    json(
      vocab: ["▁": 0, "a": 1, "b": 2, "▁a": 3, "▁▁": 4, "ab": 5, last: 6], merges: merges,
      normalizer: #"{"type":"Replace","pattern":{"String":" "},"content":"▁"}"#)
  }
  let within = try imported(json: file([["▁", "▁"], ["▁", "a"], ["a", "b"]], last: "c"))
  #expect(try within.encode(Array("ab  ab aab".utf8)) == [5, 4, 5, 3, 5])
  let across = try imported(json: file([["b", "▁"], ["▁", "a"]], last: "b▁"))
  #expect(try across.encode(Array("ab ab".utf8)) == [1, 6, 1, 2])
}

// MARK: JSON

@Test func jsonIsRead() throws {
  func string(_ text: String) throws -> [UInt8] { try JSONField(ByteJSON(Array(text.utf8)), at: "").bytes() }
  #expect(try string(#""a\n\u00e9\ud83d\ude42\/\\\" é""#) == Array("a\n\u{e9}\u{1f642}/\\\" é".utf8))
  func number(_ text: String) throws -> Double { try JSONField(ByteJSON(Array(text.utf8)), at: "").number() }
  #expect(try [number("-0.5"), number("12e2"), number("0"), number("1E-400"), number("-7")] == [-0.5, 1200, 0, 0, -7])
  // As serde_json reads them, not to the nearest double.
  #expect(try number("-1.9053616527571418") == -1.9053616527571415)
  #expect(try number("123456789012345678901234567890.5e-29") == 1.2345678901234567)
}

@Test(arguments: [
  ("", "line 1, column 1"), ("{\"a\":1,\n \"b\":}", "line 2, column 6"), ("[1,2", "',' or ']'"), ("{\"a\" 1}", "':'"),
  ("\"a", "within a string"), ("\"\\ud83d\"", "surrogate"), ("\"\\x\"", "backslash"), ("[1] 2", "end"),
  ("tru", "no value"),
  ("\"\\u00g0\"", "hexadecimal"), ("{1:2}", "a key"), ("1e999", "too large"), ("-", "digit"), ("1.", "digit"),
])
func damagedJSONIsRefused(text: String, part: String) {
  let error = #expect(throws: VocabularyError.self) { try ByteJSON(Array(text.utf8)) }
  #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
}

@Test func foreignJSONIsRefused() {
  #expect(throws: VocabularyError.self) { try ByteJSON([0x22, 0xFF, 0x22]) }
  #expect(throws: VocabularyError.self) { try ByteJSON([UInt8](repeating: UInt8(ascii: "["), count: 100_000)) }
}

// MARK: Refusals

/// A `tokenizer.json` of a BPE model.
private func json(
  vocab: KeyValuePairs<String, Int>, merges: [[String]], normalizer: String = "null", preTokenizer: String = "null",
  added: String = "[]", model: String = ""
) -> [UInt8] {
  let tokens = vocab.map { "\(quoted($0)):\($1)" }.joined(separator: ",")
  let pairs = merges.map { "[\($0.map(quoted).joined(separator: ","))]" }.joined(separator: ",")
  return Array(
    """
    {"normalizer":\(normalizer),"pre_tokenizer":\(preTokenizer),"added_tokens":\(added),
    "model":{"type":"BPE",\(model)"vocab":{\(tokens)},"merges":[\(pairs)]}}
    """.utf8)
}

private func quoted(_ text: String) -> String { "\"\(text)\"" }

private func imported(json: [UInt8], as name: String = "HuggingFace[file=\"FILE\"]") throws -> ImportedTokenizer {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("vocabulary-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  try Data(json).write(to: URL(fileURLWithPath: path))
  return try #require(trained(name.replacing("FILE", with: path)) as? ImportedTokenizer)
}

/// What is wrong with a file, and a part of what is said.
private let refused: [(file: [UInt8], part: String)] = [
  (Array("{}".utf8), "has no 'model'"),
  (Array(#"{"model":{"type":"BPE","vocab":[],"merges":[]}}"#.utf8), "model.vocab is a list, not an object"),
  (Array(#"{"model":{"type":"WordPiece","vocab":{}}}"#.utf8), "WordPiece model, which is not supported"),
  (Array(#"{"model":{"type":"Unigram","vocab":[["a",0],["a",1]]}}"#.utf8), "there twice"),
  (Array(#"{"model":{"type":"Unigram","unk_id":2,"vocab":[["a",0]]}}"#.utf8), "model.unk_id is 2"),
  (Array(#"{"model":{"type":"Unigram","vocab":[["a","b"]]}}"#.utf8), "model.vocab[0][1] is a string, not a number"),
  (json(vocab: ["a": 0, "a": 1], merges: []), "there twice"),
  (json(vocab: ["a": 0, "b": 0], merges: []), "which another token has"),
  (json(vocab: ["a": -1], merges: []), "no id of a token"),
  (json(vocab: ["a": 1 << 40], merges: []), "no id of a token"),
  (json(vocab: ["a": 0, "b": 1], merges: [["a", "b"]]), "model.merges[0] names 'ab'"),
  (json(vocab: ["a": 0, "b": 1], merges: [["a", "c"]]), "model.merges[0] names 'c'"),
  (json(vocab: ["a": 0], merges: [["a"]]), "has 1 tokens, not two"),
  (
    json(
      vocab: ["<0xC3>": 0, "<0xA9>": 1, "<0xC3><0xA9>": 2], merges: [["<0xC3>", "<0xA9>"]],
      model: #""byte_fallback":true,"#), "of other text"
  ),
  (json(vocab: ["a": 0], merges: [], model: #""dropout":0.1,"#), "dropout"),
  (json(vocab: ["a": 0], merges: [], model: ###""continuing_subword_prefix":"##","###), "continuing_subword_prefix"),
  (json(vocab: ["a": 0], merges: [], normalizer: #"{"type":"NFKC"}"#), "normalizer is NFKC, which is not supported"),
  (
    json(vocab: ["a": 0], merges: [], normalizer: #"{"type":"Sequence","normalizers":[{"type":"Lowercase"}]}"#),
    "normalizer.normalizers[0] is Lowercase"
  ),
  (
    json(vocab: ["a": 0], merges: [], normalizer: #"{"type":"Prepend","prepend":"▁"}"#),
    "normalizer is a Prepend of what spaces are not written as"
  ),
  (
    json(
      vocab: ["a": 0], merges: [],
      normalizer: ##"{"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"String":" "},"content":"▁"},"##
        + ##"{"type":"Prepend","prepend":"_"}]}"##), "normalizers[1] is a Prepend of something else"
  ),
  (
    json(
      vocab: ["a": 0], merges: [],
      normalizer: ##"{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},"##
        + ##"{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}"##),
    "normalizers[1] is a Prepend of something else"
  ),
  (json(vocab: ["a": 0], merges: [], preTokenizer: #"{"type":"Whitespace"}"#), "pre_tokenizer is Whitespace"),
  (
    json(
      vocab: ["a": 0], merges: [],
      preTokenizer: #"{"type":"Metaspace","replacement":"▁","add_prefix_space":false}"#),
    "pre_tokenizer.add_prefix_space is false"
  ),
  (
    json(
      vocab: ["a": 0], merges: [],
      preTokenizer: #"{"type":"Split","pattern":{"String":" "},"behavior":"Removed","invert":false}"#), "text is lost"
  ),
  (
    json(
      vocab: ["a": 0], merges: [],
      preTokenizer: ##"{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},"##
        + ##"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}]}"##), "a space before every piece"
  ),
  (
    json(
      vocab: ["a": 0], merges: [],
      added: ##"[{"id":1,"content":"x","single_word":false,"lstrip":true,"rstrip":false,"normalized":false,"##
        + ##""special":false}]"##), "lstrip"
  ),
  (
    json(
      vocab: ["a": 0], merges: [],
      added: ##"[{"id":7,"content":"x","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"##
        + ##""special":false}]"##), "would give it 1"
  ),
]

@Test(arguments: refused.indices)
func whatIsNotSupportedIsNamed(index: Int) {
  let error = #expect(throws: TokenizerError.self) { try imported(json: refused[index].file) }
  #expect(error?.description.contains(refused[index].part) == true, "\(error?.description ?? "")")
}

/// What cannot be done is said of the expression as it stands in the file.
@Test(arguments: [
  (#"(\p{L}"#, "is no regular expression: missing closing parenthesis"), (#"\p{Nonesuch}"#, "is no regular expression"),
  ("a*", "may match nothing"), (#"(?:\p{L}|\s)*"#, "may match nothing"), ("[a&&b]", "has an intersection '&&'"),
  (#"\p{Alphabetic}"#, #"has '\p{Alphabetic}'"#), ("(*F)a", "has a callout '(*'"),
  (#"\x{110000}"#, "has a hexadecimal escape that is no character"), (#"[\R]"#, #"has '\R' within a class"#),
  // Several characters for one, in either direction, and a class that holds more where case is ignored.
  ("(?i)ss", "has 's' where case is ignored"), ("(?i)s(?:s|x)", "has 's' where case is ignored"),
  (#"(?i)\u0073\x73"#, "has 's' where case is ignored"), ("(?ix)s s", "has 's' where case is ignored"),
  ("(?i:ŉ)", "has 'ŉ' where case is ignored"), ("(?i)\u{2bc}n", "has 'n' where case is ignored"),
  ("(?i:[ß])", "has 'ß' in a class where case is ignored"), ("(?i)[a-ÿ]", "has 'ß' in a class where case is ignored"),
  (#"(?i)[\x{FB01}]"#, "has 'ﬁ' in a class where case is ignored"),
  (#"(?i)[\p{L}]"#, "has 'ß' in a class where case is ignored"),
  (#"(?i)[\S]"#, "has 'ß' in a class where case is ignored"),
  (#"(?i)[^\p{Lu}]"#, #"has '\p{Lu}' in a class where case is ignored"#),
  (#"(?i)[^\P{L}]"#, #"has '\P{L}' in a class where case is ignored"#),
])
func expressionsAreRefusedByName(expression: String, part: String) {
  let escaped = expression.replacing("\\", with: "\\\\")
  let split = #"{"type":"Split","pattern":{"Regex":"\#(escaped)"},"behavior":"MergedWithNext","invert":false}"#
  let error = #expect(throws: TokenizerError.self) {
    try imported(json: json(vocab: ["a": 0], merges: [], preTokenizer: split))
  }
  let description = error?.description ?? ""
  #expect(description.contains("pre_tokenizer.pattern.Regex is '\(expression)', which \(part)"), "\(description)")
}

/// Case is ignored in its own group alone, and no fold is where no two letters meet.
@Test(arguments: ["(?i:'s|'t|'re|'ve|'m|'ll|'d)ss|ß", "(?i:a(?-i)ss)|(?-i:[ß])", "(?i:s+s|s[st])", "(?:a(?i)b)ss"])
func foldsElsewhereAreNotRefused(expression: String) throws {
  #expect(throws: Never.self) { try OnigurumaExpression.translated(expression) }
}

@Test(arguments: [
  ("", "empty"), ("IQ== 0\nIg==\n", "line 2: 1 words"), ("IQ== 0\nI* 1", "line 2: 'I*' is no base64"),
  ("IQ== x", "'x' is no rank"), ("IQ== -1", "no rank"), ("IQ== 0\nIQ== 1", "line 2: the token stands in line 1"),
  ("IQ== 0\nIg== 0", "rank 0, too"), ("IQ== 0\nIg== 1", "byte 0 is no token"), ("IQ== 99999999999", "no rank"),
])
func damagedRankFilesAreRefused(file: String, part: String) {
  let error = #expect(throws: TokenizerError.self) {
    try imported(json: Array(file.utf8), as: "Tiktoken[file=\"FILE\"]")
  }
  #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
}

@Test func aFileMustBeGiven() {
  for name in ["HuggingFace", "Tiktoken[split=o200k]"] {
    let error = #expect(throws: TokenizerError.self) { try registry.resolve(name) }
    #expect(error?.description.contains("file=") == true)
  }
}

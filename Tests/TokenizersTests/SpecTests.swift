import Foundation
import Support
import Testing

@testable import Tokenizers

private let descriptor = TokenizerDescriptor(
  name: "Test", summary: "",
  parameters: [
    Parameter("v", .powerOfTwo(2...65_536), default: "65k", alwaysShown: true, summary: ""),
    Parameter("b", .integer(8...128, thousand: 1000), default: "16", summary: ""),
    Parameter("end", .choice(["reserve", "greedy"]), default: "reserve", summary: ""),
    Parameter("reset", .countOr(word: "never"), default: "1", summary: ""),
  ], source: "")

private func resolve(_ text: String) throws -> ResolvedSpec {
  try ResolvedSpec(TokenizerSpec(text), descriptor: descriptor)
}

@Test func namesBecomeCanonical() throws {
  #expect(try resolve("Test").canonicalName == "Test[v=65k]")
  #expect(try resolve(" Test[ b=12, v=4096 ] ").canonicalName == "Test[v=4k,b=12]")
  #expect(try resolve("Test[v=65536,end=reserve,reset=never]").canonicalName == "Test[v=65k,reset=never]")
  #expect(try resolve("Test[v=32k]").integer("v") == 32_768)
  #expect(try resolve("Test[v=65k]").integer("v") == 65_536)
}

@Test(arguments: [
  "", "[v=2]", "Test[v=2", "Test[v]", "Test[v=2,v=4]", "Test[=2]", "Test]", "Test[v=255]", "Test[v=131072]",
  "Test[b=7]",
  "Test[c=1]", "Test[end=gredy]", "Test[reset=0]", "Test[v=-4]", "Test[v=99999999999k]",
])
func badNamesAreRefused(text: String) {
  #expect(throws: TokenizerError.self) { try resolve(text) }
}

@Test func errorsNameTheNearestWord() {
  #expect(
    throws: TokenizerError.unknownParameter(
      "ende", tokenizer: "Test", nearest: "end", known: ["v", "b", "end", "reset"])
  ) {
    try resolve("Test[ende=greedy]")
  }
  let error = #expect(throws: TokenizerError.self) { try resolve("Test[v=250]") }
  #expect(error?.description.contains("the nearest is 256") == true)
}

/// Values with the grammar's own characters, written and read.
@Test(arguments: [
  "plain", "my, odd]name.model", "a\"quote", "back\\slash", " spaces ", "[x]", "a=b", "\\\"", "é/ü.json",
])
func quotedValuesComeBack(value: String) throws {
  let text = "Name[a=\(TokenizerSpec.written(value)), b=2]"
  #expect(try TokenizerSpec(text).parameters == ["a": value, "b": "2"])
}

@Test func quotesAreWrittenOnlyWhereTheyAreNeeded() {
  #expect(TokenizerSpec.written("models/en=de.v1.model") == "models/en=de.v1.model")
  #expect(TokenizerSpec.written("a,b") == "\"a,b\"")
}

@Test(arguments: [#"N[a="x]"#, #"N[a="x\y"]"#, #"N[a="x"y]"#, #"N[a=""]"#, "N[a=1]b", "N[a=1,]", "N[,a=1]", "N[[a=1]"])
func badQuotingIsRefused(text: String) {
  #expect(throws: TokenizerError.self) { try TokenizerSpec(text) }
}

/// A backend with two files and a parameter that one of them replaces; none of the names means anything to the harness.
private let filed = TokenizerDescriptor(
  name: "Filed", summary: "",
  parameters: [
    Parameter("v", .integer(1...9, thousand: 1000), default: "3", alwaysShown: true, unless: "merges", summary: ""),
    Parameter("merges", .file, summary: ""), Parameter("path", .file, summary: ""),
    Parameter("reset", .choice(["a", "b"]), default: "a", summary: ""),
  ], source: "")

private func withFile<R>(_ content: String, _ body: (_ path: String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spec-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try makeFolder(folder)
  try writeAtomically([UInt8](content.utf8), to: folder + "/my, file")
  return try body(folder + "/my, file")
}

@Test func filesAreKnownByTheirContent() throws {
  func names(_ content: String) throws -> (canonical: String, written: String, path: String) {
    try withFile(content) { path in
      let spec = try ResolvedSpec(TokenizerSpec("Filed[merges=\"\(path)\",reset=b]"), descriptor: filed)
      return (spec.canonicalName, spec.writtenName, path)
    }
  }
  let (one, two) = (try names("one"), try names("two"))
  // SHA-256 of "one" begins with 7692c3ad.
  #expect(one.canonical == "Filed[merges=\"my, file@7692c3ad\",reset=b]")
  #expect(one.written == "Filed[merges=\"\(one.path)\",reset=b]")
  #expect(one.canonical != two.canonical)
}

@Test func aParameterThatDoesNotApplyHasNoValue() throws {
  try withFile("x") { path in
    let spec = try ResolvedSpec(TokenizerSpec("Filed[merges=\"\(path)\"]"), descriptor: filed)
    #expect(spec["v"] == nil && spec.integer("v") == nil)
    let other = try ResolvedSpec(TokenizerSpec("Filed[path=\"\(path)\"]"), descriptor: filed)
    #expect(other.integer("v") == 3)
    let error = #expect(throws: TokenizerError.self) {
      try ResolvedSpec(TokenizerSpec("Filed[v=2,merges=\"\(path)\"]"), descriptor: filed)
    }
    #expect(error?.description.contains("does not go together with merges=") == true)
  }
}

/// Saved as a table and read again when the file is gone.
@Test func tablesNeedNoFileAndNoName() throws {
  let spec = try withFile("x") { path in
    try ResolvedSpec(TokenizerSpec("Filed[path=\"\(path)\",v=5]"), descriptor: filed)
  }
  let saved = try JSONEncoder().encode(spec.table)
  let table = try JSONDecoder().decode(SpecTable.self, from: saved)
  #expect(try ResolvedSpec(table, descriptor: filed) == spec)
  #expect(throws: FileError.self) { try spec.contents(of: "path") }
}

@Test func badTablesAreRefused() {
  let tables = [
    SpecTable(name: "Filed", values: ["x": "1"], files: [:]),
    SpecTable(name: "Filed", values: ["v": "77"], files: [:]),
    SpecTable(name: "Filed", values: ["path": "/a"], files: [:]),
    SpecTable(name: "Filed", values: [:], files: ["v": .init(path: "/a", sha256: "00")]),
  ]
  for table in tables { #expect(throws: TokenizerError.self) { try ResolvedSpec(table, descriptor: filed) } }
}

@Test func aMissingFileIsNamed() {
  let error = #expect(throws: TokenizerError.self) {
    try ResolvedSpec(TokenizerSpec("Filed[path=/no/such/file]"), descriptor: filed)
  }
  #expect(error?.description.contains("/no/such/file") == true)
}

@Test func parallelMapKeepsOrderAndThrowsTheFirstError() throws {
  #expect(try parallelMap(1000, threads: 2) { $0 * 3 } == (0..<1000).map { $0 * 3 })
  struct Failure: Error, Equatable { let index: Int }
  #expect(throws: Failure(index: 7)) {
    try parallelMap(100, threads: 2) { if $0 % 10 == 7 { throw Failure(index: $0) } }
  }
}

@Test func registriesRefuseDoubleNames() {
  struct Fake: TokenizerBackend {
    let descriptor: TokenizerDescriptor
    func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
      throw TokenizerError.training("Fake", reason: "it is one")
    }
    func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
      throw TokenizerError.training("Fake", reason: "it is one")
    }
  }
  let a = Fake(descriptor: TokenizerDescriptor(name: "Same", summary: "", source: "", origin: "here"))
  let b = Fake(descriptor: TokenizerDescriptor(name: "Same", summary: "", source: "", origin: "there"))
  #expect(throws: TokenizerError.duplicateName("Same", first: "here", second: "there")) { try Registry([a, b]) }
  #expect(throws: TokenizerError.unknownTokenizer("Sane", nearest: "Same", known: ["Same"])) {
    try Registry([a]).resolve("Sane")
  }
}

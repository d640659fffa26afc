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

import Foundation
import Plugins
import Records
import Testing
import Tokenizers
import Transformer

@testable import Harness

private let registry: Registry = {
  do { return try Registry(builtInBackends) } catch { preconditionFailure("\(error)") }
}()

private func contestant(_ text: String) throws -> Contestant { try Contestant(text, registry: registry) }
private func names(_ text: String, size: String = "1m") throws -> [String] {
  try contestant(text).specs(size: size).map(\.canonicalName)
}

@Suite struct ContestantTests {
  /// Twice as many each time, and the last.
  @Test(arguments: [
    ("SentencePiece[v=1k…4k]", "SentencePiece[v=1k…4k]", ["[v=1k]", "[v=2k]", "[v=4k]"]),
    ("SentencePiece[v=1000..5k]", "SentencePiece[v=1k…5k]", ["[v=1k]", "[v=2k]", "[v=4k]", "[v=5k]"]),
    (
      "SentencePiece[model=bpe, v=1k...2k]", "SentencePiece[v=1k…2k,model=bpe]",
      ["[v=1k,model=bpe]", "[v=2k,model=bpe]"]
    ),
    ("GZip[v=16384…65536]", "GZip[v=16k…65k]", ["[v=16k]", "[v=32k]", "[v=65k]"]),
    ("EqualInfoAC[b=12,v=256…512]", "EqualInfoAC[b=12,v=256…512]", ["[b=12,v=256]", "[b=12,v=512]"]),
  ])
  func rangesDouble(text: String, name: String, candidates: [String]) throws {
    let found = try contestant(text), family = name.prefix { $0 != "[" }
    #expect(found.name == name && found.writtenName == name && found.isSwept)
    #expect(try names(text) == candidates.map { family + $0 })
    #expect(try contestant(found.writtenName).name == name)
    #expect(Set(try ModelShape.sizeNames.map { try names(text, size: $0) }).count == 1)
  }

  @Test func theRestIsAsItWas() throws {
    let found = try contestant("EqualInfoAC[v=4096,b=12]")
    #expect(found.name == "EqualInfoAC[b=12,v=4k]" && !found.isSwept)
    #expect(found.specs(size: "1m") == [try registry.resolve("EqualInfoAC[b=12,v=4k]")])
    #expect(try names("Bytes") == ["Bytes"])
  }

  /// The published rule's own point, 33 M parameters and dim 512, has 3,145,728 / 512 = 6,144 ids.
  @Test func theRuleIsThePublishedOne() throws {
    #expect(VocabularyRule.vocabulary(dim: 512, nonEmbeddingParameters: 33_000_000) == 6144)
    #expect(abs(VocabularyRule.vocabulary(dim: 1024, nonEmbeddingParameters: 66_000_000) / 5481.4 - 1) < 1e-4)
    #expect(try contestant("SentencePiece[v=auto]").name == "SentencePiece[v=auto]")
    #expect(try names("SentencePiece[v=auto]") == ["SentencePiece[v=607]"])
    #expect(try names("SentencePiece[v=auto]", size: "3m") == ["SentencePiece[v=1356]"])
    #expect(try names("GZip[v=auto]") == ["GZip[v=512]"])  // the nearest power of two
    #expect(try names("M1Dictionary[v=auto]", size: "3m") == ["M1Dictionary[v=1k]"])
  }

  @Test(arguments: [
    ("SentencePiece[v=8k…1k]", "v=8k…1k is not possible: a range ascends"),
    ("SentencePiece[v=1k…1k]", "a range ascends"),
    ("SentencePiece[v=100…1k]", "v=100 is not possible"),
    ("SentencePiece[v=1k…]", "SentencePiece: v= is not possible"),
    ("SentencePiece[v=1k…2k…4k]", "v=1k…2k…4k is not possible: it must be an integer"),
    ("GZip[v=256…1000]", "the nearest is 1k"),
    ("Bytes[v=auto]", "Bytes has no parameter 'v'"),
    ("Bytes[v=1k…2k]", "Bytes has no parameter 'v'"),
    ("SentencePiece[v=auto,path=none.model]", "none.model"),
    ("SentencePiece[v=atuo]", "v=atuo is not possible"),
  ])
  func mistakesAreNamed(text: String, expected: String) {
    do {
      _ = try contestant(text)
      Issue.record("\(text) was taken")
    } catch { #expect("\(error)".contains(expected), "\(error)") }
  }
}

@Suite struct TuningExperimentTests {
  func yaml(_ learningRate: String, tokenizers: String = "[Bytes]", m1: String = "") -> String {
    """
    name: x
    corpus: {paths: [a.txt]}
    m2:
      sizes: [1m]
      learningRate: \(learningRate)
    match: {by: flops, budget: 1e12}
    seeds: [1, 2]
    tokenizers: \(tokenizers)
    \(m1)
    """
  }
  func resolved(_ yaml: String) throws -> ResolvedExperiment {
    try ResolvedExperiment(
      Experiment(yaml: yaml, file: "x.yaml", registry: registry), registry: registry, fastest: .f32)
  }

  @Test func ratesAreRead() throws {
    let tuning = try #require(resolved(yaml("{tune: [4e-3, 1e-3, 2e-3]}")).cells[0].tuning)
    #expect(tuning.rates == [1e-3, 2e-3, 4e-3] && tuning.budgetShare == 0.25 && tuning.textBytes == 200_000)
    let own = try #require(resolved(yaml("{tune: [4e-3, 1e-3, 2e-3], share: 0.5, bytes: 30_000}")).cells[0].tuning)
    #expect(own.budgetShare == 0.5 && own.textBytes == 30_000)
    #expect(
      own.protocolFields == [
        "m2.search": "0.5 of the budget, on 30000 bytes of training text set aside",
        "m2.learningRate": "tuned over 0.001, 0.002, 0.004",
      ])
    // One rate searches nothing but vocabularies; text is set aside for all.
    let one = try resolved(yaml("{tune: [4e-3], share: 0.5}", tokenizers: "[Bytes, \"GZip[v=256…512]\"]")).cells
    #expect(one[0].m2.learningRate == 4e-3 && one[0].tuning == one[1].tuning && one[1].tuning?.budgetShare == 0.5)
    #expect(one.prefix(2).map(\.isSearched) == [false, true])
    #expect(one[0].tuning?.protocolFields.keys.sorted() == ["m2.search"])
    let given = try resolved(yaml("4e-3")).cells[0]
    #expect(given.tuning == nil && given.candidates == nil && given.m2.learningRate == 4e-3)
  }

  @Test(arguments: [
    ("{tune: [1e-3, 2e-3]}", "x.yaml:5: m2.learningRate.tune: give at least 3 different rates"),
    ("{tune: [1e-3, 2e-3, 1e-3]}", "give at least 3 different rates"),
    ("{share: 0.5}", "give at least 3 different rates"),
    ("{tune: [1e-3, fast, 4e-3]}", "m2.learningRate.tune[1]: 'fast' must be a number"),
    ("{tune: [1e-3, 2e-3, 4e-3], share: 2}", "m2.learningRate.share: '2' must be a number from 0.001 to 1"),
    ("{tune: [1e-3, 2e-3, 4e-3], byte: 2}", "m2.learningRate.byte: unknown key; did you mean 'bytes'?"),
    ("[1e-3, 2e-3, 4e-3]", "m2.learningRate: must be a word"),
  ])
  func mistakesAreNamed(learningRate: String, expected: String) {
    do {
      _ = try resolved(yaml(learningRate))
      Issue.record("\(learningRate) was taken")
    } catch { #expect("\(error)".contains(expected), "\(error)") }
  }

  /// The terms of a search are part of what a table shares, whatever the tokenizers: another share is another table.
  @Test func theProtocolFollowsFromM2Alone() throws {
    func hashes(_ learningRate: String, _ tokenizers: String, _ variants: String = "") throws -> [String] {
      try resolved(yaml(learningRate, tokenizers: tokenizers, m1: variants)).cells.map {
        try ComparisonProtocol(outline: $0).hash
      }
    }
    let swept = "[Bytes, \"GZip[v=256…512]\"]"
    let one = try hashes("{tune: [4e-3]}", swept)
    #expect(one.count == 4 && Set(one).count == 1)
    #expect(try Set(hashes("{tune: [4e-3]}", "[Bytes]")) == Set(one))
    #expect(try Set(hashes("4e-3", "[Bytes]")) != Set(one))
    let variant = "variants: {half: {m2: {learningRate: {share: 0.5}}}}"
    let both = try hashes("{tune: [4e-3]}", swept, variant)
    #expect(both.count == 8 && Set(both).count == 2)
    let tuned = try ComparisonProtocol(outline: resolved(yaml("{tune: [4e-3]}")).cells[0])
    let given = try ComparisonProtocol(outline: resolved(yaml("4e-3")).cells[0])
    #expect(Set(tuned.differences(from: given).map(\.field)) == ["m2.search", "versions"])
  }

  @Test func aSweepAsksForRates() throws {
    do {
      _ = try resolved(yaml("4e-3", tokenizers: "\n  - Bytes\n  - GZip[v=256…512]"))
      Issue.record("a sweep without rates was taken")
    } catch {
      #expect(
        "\(error)".hasPrefix("x.yaml:10: tokenizers[1]: the vocabulary of GZip[v=256…512] is searched by short runs"))
      #expect("\(error)".contains("write learningRate: {tune: [0.004]} in m2"), "\(error)")
    }
  }

  /// A sweep is tuned at the one rate; each candidate has the M1 of its own windows.
  @Test func sweepsAndRulesAreResolvedForEachSize() throws {
    let cells = try resolved(
      yaml(
        "{tune: [4e-3]}", tokenizers: "[Bytes, \"M1Dictionary[v=1k..4k]\", \"SentencePiece[v=auto]\"]",
        m1: "m1: {context: window}")
    ).cells
    #expect(cells.count == 6 && !cells[0].isSearched && cells[0].candidates == nil)
    let swept = cells[1], automatic = cells[2]
    #expect(swept.tokenizer == "M1Dictionary[v=1k…4k]" && swept.isSearched && swept.m1 == nil)
    #expect(swept.alternatives.map(\.tokenizer) == ["M1Dictionary[v=1k]", "M1Dictionary[v=2k]", "M1Dictionary[v=4k]"])
    #expect(swept.candidates?.map { $0.m1?.training.sequenceLength } == [16, 16, 16])
    #expect(!automatic.isSearched && automatic.alternatives.map(\.tokenizer) == ["SentencePiece[v=607]"])
  }

  /// A request without a search has the fields that it always had.
  @Test func untunedRequestsAreAsBefore() throws {
    let data = try JSONEncoder().encode(resolved(yaml("4e-3")).cells[0])
    let text = String(decoding: data, as: UTF8.self)
    #expect(!text.contains("tuning") && !text.contains("candidates"))
  }

  @Test func thePlanCountsTrialsOnce() throws {
    let tuned = yaml(
      "{tune: [1e-3, 2e-3, 4e-3], share: 0.5}", tokenizers: "[\"SentencePiece[v=1k…2k]\", \"SentencePiece[v=2k]\"]")
    let plan = try Plan(resolved(tuned), registry: registry)
    #expect(plan.cells.map(\.trials) == [6, 3, 6, 3])
    let one = try #require(plan.cells[1].trialFLOPs)
    #expect(abs(one / 1.5e12 - 1) < 0.02)
    // Both seeds share, and both contestants share those of v=2k.
    #expect(abs(plan.trialFLOPs / 3e12 - 1) < 0.02 && abs(plan.totalFLOPs / 7e12 - 1) < 0.02)
    #expect(plan.cells[0].steps == nil && plan.cells[0].flops != nil)
    let none = try Plan(resolved(yaml("4e-3")), registry: registry)
    #expect(none.trialFLOPs == 0 && none.trialBytes == 0 && none.cells[0].trials == nil)
    #expect(!none.description(flopsPerSecond: 1e12, place: "here").contains("at least"))
    let swept = try Plan(
      resolved(yaml("{tune: [4e-3]}", tokenizers: "[Bytes, \"GZip[v=256…512]\"]")), registry: registry)
    #expect(swept.cells.map(\.trials) == [nil, 2, nil, 2])
  }

  /// Steps that follow from bytes per token are known when text is tokenized.
  @Test func thePlanSaysWhatItDoesNotKnow() throws {
    let unknown = yaml("{tune: [1e-3, 2e-3, 4e-3]}", tokenizers: "[\"GZip[v=256…512]\"]")
      .replacing("  sizes: [1m]", with: "  sizes: [1m]\n  contextBytes: 1024")
    let plan = try Plan(resolved(unknown), registry: registry)
    #expect(plan.cells.map(\.trials) == [6, 6] && plan.cells.allSatisfy { $0.trialFLOPs == nil })
    let said = plan.description(flopsPerSecond: 1e12, place: "here")
    #expect(said.contains("after 6 trials of FLOPs --- for") && said.contains("total at least 0.00e+00"), "\(said)")
  }
}

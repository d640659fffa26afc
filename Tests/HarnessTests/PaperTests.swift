import Foundation
import Plugins
import Records
import Support
import Testing
import Tokenizers
import Transformer

@testable import Analysis
@testable import Harness

private func run(_ scale: PaperScale) throws -> PaperRun {
  try PaperRun(
    PaperRequest(scale: scale, corpus: CorpusOptions(paths: ["x.txt"]), texts: [:]),
    folder: RunFolder(FileManager.default.temporaryDirectory.path + "/no-run-\(UUID().uuidString)"),
    registry: Registry(builtInBackends), decides: false)
}

@Suite struct PaperPlanTests {
  /// Analyses look names up as they write them.
  @Test(arguments: PaperScale.all) func namesAreCanonical(scale: PaperScale) throws {
    let registry = try Registry(builtInBackends)
    for part in paperParts {
      let needs = part.needs(scale)
      let names =
        needs.cells.flatMap(\.tokenizers) + needs.samples + needs.shortSamples + needs.prefixed + needs.meanings
        + needs.bits + needs.tasks.map(\.tokenizer)
      for name in names { #expect(try registry.resolve(name).canonicalName == name, "\(part.key)") }
      for size in needs.cells.flatMap(\.sizes) { #expect(ModelShape.sizeNames.contains(size), "\(part.key)") }
    }
  }

  /// Seeds and the main result share a seed but for the long windows, scaled data and speed all of it.
  @Test func cellsOfSeveralPartsAreOne() throws {
    let paper = try run(.small)
    let main = try paper.resolved([.mainResult]).cells
    #expect(main.count == 33 + 9)
    #expect(try paper.resolved([.mainResult, .scaledData, .generationSpeed, .otherTexts]).cells == main)
    #expect(try paper.resolved([.mainResult, .seeds]).cells.count == 33 + 9 + 4 * 11 + 5 * 3)
    // The same cell whichever part asks for it, so that its record is one.
    let alone = try paper.resolved([.generationSpeed]).cells
    #expect(alone.allSatisfy(main.contains))
    #expect(Set(try paper.resolved(paperParts).cells).count == (try paper.resolved(paperParts).cells.count))
  }

  /// A folder that two versions of this program wrote into: no table has records of both.
  @Test func aTableHasRecordsOfOneProtocol() throws {
    let paper = try run(.small)
    let table = CellTable("main", ["Bytes", PaperScale.small.sentencePiece], .small)
    let cells = try paper.cells(table)
    func record(_ cell: CellRequest, version: String, written: String) throws -> RunRecord {
      try RunRecord(
        RunRecord.Content(
          experiment: "paper", tokenizer: cell.tokenizer, size: cell.size, seed: cell.seed,
          protocol: ComparisonProtocol(fields: ["versions": version]), request: JSONValue(encoding: cell)),
        RunRecord.Circumstances(
          written: written, stages: [],
          writer: Provenance(Program(version: "0", commit: ""), libraries: [:], threads: 1)))
    }
    func found(_ versions: [String]) throws -> (names: [String], missing: Int) {
      var records: [CellIdentity: RunRecord] = [:]
      for (index, version) in versions.enumerated() {
        let cell = cells[index]
        records[try CellIdentity(cell)] = try record(cell, version: version, written: "2026-0\(index + 1)")
      }
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
      let (input, missing) = try paper.input(
        table, records, Baseline(file: root + "/baselines/paper.json", canonicalName: { $0 }))
      return (input.groups.map(\.tokenizer), missing)
    }
    let same = try found(["2", "2"]), mixed = try found(["2", "4"])
    #expect(same.names.count == 2 && same.missing == 0)
    #expect(mixed.names == [cells[1].tokenizer] && mixed.missing == 1, "the newest counts")
  }

  /// What is known of the FLOPs fits the scale's time at the planned speed, with a third left for tokenizing and scoring.
  @Test(arguments: PaperScale.all) func thePlanFits(scale: PaperScale) throws {
    let paper = try run(scale)
    let plan = try Plan(paper.resolved(paperParts), registry: paper.registry)
    let tasks = paperParts.flatMap { $0.needs(scale).tasks }.reduce(0) { $0 + $1.budget }
    let minutes = (plan.totalFLOPs + tasks) / PaperScale.plannedSpeed / 60
    #expect(minutes < Double(scale.minutes) * 2 / 3, "\(minutes) minutes")
    let text = try paper.plan(paperParts, flopsPerSecond: 2e11)
    for part in paperParts { #expect(text.contains(part.key)) }
  }
}

@Suite struct PaperRequestTests {
  @Test func aFolderKnowsWhatItIsOf() throws {
    let folder = RunFolder(FileManager.default.temporaryDirectory.path + "/request-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    #expect(try PaperRequest(of: folder) == nil)
    var request = PaperRequest(scale: .laptop, corpus: CorpusOptions(paths: ["a.txt"]), texts: ["b": ["b.txt"]])
    try request.keep(in: folder)
    #expect(try PaperRequest(of: folder) == request)
    request.corpus.validationPaths = ["c.txt"]
    try request.keep(in: folder)
    #expect(try PaperRequest(of: folder) == request, "the last counts")
    try writeAtomically(Array("{".utf8), to: folder.path + "/paper.json")
    #expect(throws: FileError.self) { try PaperRequest(of: folder) }
  }

  @Test func mistakesInAScaleAreNamed() throws {
    func problem(_ change: (inout [String: Any]) -> Void) throws -> String? {
      let data = try JSONEncoder().encode(PaperScale.small)
      var fields = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      fields["name"] = "mine"
      change(&fields)
      return try JSONDecoder().decode(PaperScale.self, from: JSONSerialization.data(withJSONObject: fields)).problem
    }
    #expect(try problem { _ in } == nil)
    let mistakes: [(key: String, value: Any)] = [
      ("name", "small"), ("name", "a/b"), ("name", ""), ("sizes", ["1m", "3m"]), ("sizes", ["1m", "1m", "3m"]),
      ("seeds", [1, 1]), ("seeds", [Int]()), ("otherM1Steps", [500, 125]), ("otherM1Steps", [125, 2000]),
      ("otherM1Steps", [0, 125]), ("quickBytes", 500_001), ("batch", 0), ("budget", 0), ("sentencePiece", "Bytes"),
    ]
    for (key, value) in mistakes {
      #expect(try problem { $0[key] = value } != nil, "\(key) \(value)")
    }
    var scale = PaperScale.small
    scale.sentencePiece = "SentencePeace[v=4k]"
    #expect(throws: (any Error).self) { try run(scale) }
  }
}

@Suite struct TokenStreamTests {
  /// "ab|c" and "d": two tokens for the first window, then one for each.
  @Test func windowsEndWithTheTokenThatHasTheBytes() {
    let found = TokenTexts.windows([7, 8, 9, 5], [0, 3, 0, 1], Array("abcd".utf8), 2)
    #expect(found.map(\.position) == [1, 2, 1, 2] && found.map(\.token) == [7, 8, 9, 5])
    #expect(found.map { String(decoding: $0.text, as: UTF8.self) } == ["abc", "abc", "d", "d"])
    #expect(found.allSatisfy { $0.example == 2 })
  }

  /// Token 1 stands for "ab" twice and "ac" once. Of the others of an "ab", one is "ab" and one "ac", and "ab" comes first;
  /// of the others of "ac" none is. All begin alike. What occurs once is not counted.
  @Test func meaningsAreCountedByHand() throws {
    func one(_ token: Token, _ text: String, _ example: Int = 0, position: Int = 1) -> TokenTexts.Occurrence {
      .init(example: example, position: position, token: token, text: Array(text.utf8))
    }
    let texts = TokenTexts(
      [one(1, "ab"), one(1, "ac", 1), one(1, "ab", 1), one(2, "x"), one(3, "q", position: 2)], exampleCount: 2)
    let found = texts.meanings(of: "T")
    #expect(found.map(\.position) == [1, 2])
    #expect(found[0].counts == [1, 2] && found[0].sameText == [1, 1] && found[0].sameStart == [1, 2])
    #expect(found[1].counts == [0, 0])
    #expect(found[0].token == 1 && found[0].occurrences == 3)
    #expect(found[0].texts == [.init(text: "ab", count: 2), .init(text: "ac", count: 1)])
  }

  private func zlib() throws -> any Tokenizer {
    let registry = try Registry(builtInBackends)
    let spec = try registry.resolve("GZip[v=256]")
    return try registry.backend(named: spec.name).train(
      spec,
      context: TrainingContext(
        examples: { AnySequence([]) }, byteModel: { throw TokenizerError.training("test", reason: "no M1") }, seed: 0,
        threads: 1))
  }

  /// What zlib has decided of an example after all its tokens is the example.
  @Test func piecesOfACodeTellTheirText() throws {
    let example = Array("to be or not to be".utf8)
    let found = try TokenTexts(zlib(), [example, example], threads: 2)
    let own = found.occurrences.filter { $0.example == 0 }
    #expect(own.flatMap(\.text) == example && own.allSatisfy { $0.position == 1 && !$0.text.isEmpty })
  }

  /// Of a long example zlib writes the lengths of its codes first, more than 48 tokens of them: those that tell text count.
  @Test func headersTellNothing() throws {
    var generator = SeededGenerator(seed: 2)
    let letters = Array("etaoinshrdlucmfwyp   ".utf8)
    let example = (0..<2_000).map { _ in letters[generator.below(letters.count)] }
    let found = try TokenTexts(zlib(), [example], threads: 1).occurrences
    #expect(found.count == 48 && found.allSatisfy { !$0.text.isEmpty })
    #expect(example.starts(with: found.flatMap(\.text)))
  }

  /// Against Levenshtein's distance as it is defined, without a table.
  @Test func distancesAreLevenshteins() throws {
    func naive(_ a: ArraySlice<Token>, _ b: ArraySlice<Token>) -> Int {
      guard let x = a.first, let y = b.first else { return max(a.count, b.count) }
      return min(
        naive(a.dropFirst(), b.dropFirst()) + (x == y ? 0 : 1), naive(a.dropFirst(), b) + 1, naive(a, b.dropFirst()) + 1
      )
    }
    var generator = SeededGenerator(seed: 4)
    let sequences = (0..<6).map { _ in (0..<2 + generator.below(5)).map { _ in Token(generator.below(3)) } }
    let found = try relativeDistances(sequences, threads: 2)
    #expect(found.map(\.count) == [5, 4, 3, 2, 1, 0])
    for (index, distances) in found.enumerated() {
      let expected = sequences[(index + 1)...].map { other in
        Double(naive(sequences[index][...], other[...])) / Double(max(sequences[index].count, other.count))
      }
      #expect(distances == expected)
    }
  }

  @Test func aSentenceAndWordsOfTheText() {
    let line = "The quick brown fox jumps over the lazy dog and goes home"
    let text = PrefixedSentence(of: [Array("x\n\(line)\nshort one, two\n".utf8)])
    #expect(text.sentence == line)
    #expect(
      text.words == [
        "The", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "and", "goes", "home", "short", "one",
        "two",
      ])
  }

  @Test func accuracyIsCountedByPosition() {
    // Two examples of two windows and one window and a half; position 1 is mostly 5, position 2 mostly 1.
    let tokens: [Int32] = [5, 1, 5, 2, 6, 1, 5], best: [Int32] = [5, 2, 6, 2, 6, 1, 5]
    let found = accuracies(tokens: tokens, best: best, exampleTokens: [4, 3], tokensPerWindow: 2)
    #expect(found[0].counts == [2, 2] && found[0].right == [1, 2] && found[0].trivial == [2, 1])
    #expect(found[1].counts == [2, 1] && found[1].right == [1, 1] && found[1].trivial == [1, 1])
  }

  @Test func randomBitsAreTheSameEachTimeAndWithinTheirBand() throws {
    #expect(randomBits(1000, stream: 3) == randomBits(1000, stream: 3))
    #expect(randomBits(1000, stream: 3) != randomBits(1000, stream: 4))
    let ones = randomBits(20_000, stream: 99)
    #expect(abs(ones.reduce(0) { $0 + Int($1) } - 10_000) < 300)
    let found = try bitUniformity([("random", ones), ("zeros", [UInt8](repeating: 0, count: 20_000))], threads: 2)
    let random = found.filter { $0.stream == "random" }
    #expect(random.count { $0.millerMadow > $0.randomMillerMadow.upper } < 6 && random.count == 32)
    #expect(
      found.filter { $0.stream == "zeros" }.allSatisfy {
        $0.plugIn == Double($0.width) && $0.millerMadow > $0.randomMillerMadow.upper
      })
  }
}

@Suite struct TaskTests {
  @Test func answersFollowTheMark() {
    let ids = TaskIDs(own: 300)
    let one = TaskExample(question: ids.tokens([7, 299]), mark: ids.mark, answer: ids.bytes([0, 255]))
    #expect(one.tokens == [7, 299, 556, 300, 555] && one.answer == 3..<5 && ids.vocabulary == 557)
    let source = TaskSequences(examples: [one], mark: ids.mark)
    var tokens = [Int32](repeating: 0, count: 7)
    tokens.withUnsafeMutableBufferPointer { source.sequence(5, into: $0) }
    #expect(tokens == [7, 299, 556, 300, 555, 556, 556] && source.scoredPositions(5) == 3..<5)
  }

  /// The first of each example, then the second; what is shorter is left out.
  @Test func piecesAreOfDifferentPlaces() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pieces-\(UUID().uuidString)").path
    try makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try writeAtomically(Array("aabbccddee".utf8), to: folder + "/text")
    let split = TextSplit(try MappedFile(path: folder + "/text"), sha256: "", exampleBytes: 4, seed: 0)
    let pieces = textPieces(split, bytes: 2, count: 100).map { String(decoding: $0, as: UTF8.self) }
    #expect(pieces.sorted() == ["aa", "bb", "cc", "dd", "ee"])
    #expect(Set(pieces.prefix(3)) == ["aa", "cc", "ee"], "\(pieces)")
    #expect(textPieces(split, bytes: 2, count: 2).count == 2)
  }

  @Test func everyEighthWordIsHeldOut() {
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    let all = (0..<40).map { index in
      let ending = index < letters.count ? "" : "x"
      return "word\(letters[index % letters.count])\(ending)"
    }
    let (training, heldOut) = spellingWords(of: [Array(all.joined(separator: " ").utf8)])
    #expect(training.count == 35 && heldOut == [all[7], all[15], all[23], all[31], all[39]])
    #expect(Set(training).isDisjoint(with: heldOut))
  }
}

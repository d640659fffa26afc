import Foundation
import Support

/// What ``Tokenizer`` promises and this one does not keep, a sentence each; empty where all is well.
///
///     #expect(conformanceProblems(of: tokenizer) == [])
///
/// - Parameters:
///   - tokenizer: one that is made and ready.
///   - threads: how many of them give what one gives.
///   - longRun: bytes of a text of one byte again and again; less for tokenizers that run a model.
public func conformanceProblems(of tokenizer: any Tokenizer, threads: Int = 2, longRun: Int = 1 << 20) -> [String] {
  var check = ConformanceCheck(tokenizer, threads: threads)
  check.texts(longRun: longRun)
  check.refusals()
  check.madeUpTokens()
  return check.problems
}

/// What ``TokenizerBackend`` and the tokenizer that it trains promise and do not keep: all of
/// ``conformanceProblems(of:threads:longRun:)``, and that the backend foretells what it makes, and that a saved one is
/// the same when it is loaded.
public func conformanceProblems(
  of backend: any TokenizerBackend, spec: ResolvedSpec, training: TrainingContext, loading: LoadingContext,
  longRun: Int = 1 << 20
) -> [String] {
  let tokenizer: any Tokenizer
  do { tokenizer = try backend.train(spec, context: training) } catch {
    return ["\(spec): cannot be trained: \(error)"]
  }
  var check = ConformanceCheck(tokenizer, threads: training.threads)
  check.texts(longRun: longRun)
  check.refusals()
  check.madeUpTokens()
  check.promises(of: backend, spec)
  check.saving(backend, loading)
  return check.problems
}

/// One tokenizer under examination.
private struct ConformanceCheck {
  let tokenizer: any Tokenizer
  let threads: Int
  private(set) var problems: [String] = []
  private var generator = SeededGenerator(seed: 77)

  init(_ tokenizer: any Tokenizer, threads: Int) {
    self.tokenizer = tokenizer
    self.threads = threads
  }

  private mutating func expect(_ isTrue: Bool, _ problem: @autoclosure () -> String) {
    if !isTrue { problems.append("\(tokenizer.spec): \(problem())") }
  }

  /// Expects a ``TokenizerError``: not a text, and no other error.
  private mutating func expectRefusal(of what: String, _ body: () throws -> [UInt8]) {
    do {
      let text = try body()
      expect(false, "\(what) gives a text of \(text.count) bytes, not an error")
    } catch { expect(error is TokenizerError, "\(what) gives \(error), which is no TokenizerError") }
  }

  /// Random byte strings of many lengths.
  private mutating func randomTexts(_ count: Int) -> [[UInt8]] {
    (0..<count).map { _ in (0..<generator.below(60)).map { _ in UInt8(generator.below(256)) } }
  }

  /// Hard cases, random strings and a long run: tokens in range, the same in any company, and back to the text.
  mutating func texts(longRun: Int) {
    let tokenizer = tokenizer
    let random = randomTexts(500).enumerated().map { (name: "random text \($0)", bytes: $1) }
    let texts = hardCases + random + [("\(longRun) times one byte", [UInt8](repeating: 0x61, count: longRun))]
    let examples = texts.map(\.bytes)
    do {
      let tokens = try tokenizer.encode(examples: examples, threads: threads)
      for ((name, bytes), tokens) in zip(texts, tokens) {
        if let foreign = tokens.first(where: { $0 >= tokenizer.vocabularySize }) {
          expect(false, "\(name): token \(foreign) of a vocabulary of \(tokenizer.vocabularySize)")
        }
        if let counts = try tokenizer.byteCounts(of: tokens, in: bytes) {
          let isWhole =
            counts.count == tokens.count && counts.allSatisfy { $0 >= 0 } && counts.reduce(0, +) == bytes.count
          expect(isWhole, "\(name): what its tokens stand for are not its \(bytes.count) bytes")
        }
        guard tokenizer.isLossless else { continue }
        let generated = tokenizer.decodeGenerated(tokens, maximumBytes: bytes.count)
        expect(bytes.starts(with: generated), "\(name): decodeGenerated gives another text")
      }
      expect(try tokenizer.encode(examples: examples, threads: 1) == tokens, "the tokens depend on the threads")
      for ((name, bytes), tokens) in zip(texts, tokens).dropLast() {
        expect(try tokenizer.encode(bytes) == tokens, "\(name): alone it has other tokens than among others")
        guard tokenizer.isLossless else { continue }
        expect(try tokenizer.decode(tokens, byteCount: bytes.count) == bytes, "\(name): does not come back")
      }
      if tokenizer.isLossless, let problem = roundTripProblem(tokenizer, examples, tokens, threads: threads) {
        expect(false, "all together: \(problem)")
      }
      let facts = try tokenizer.facts(about: examples, tokens: tokens, threads: threads)
      expect(facts.values.allSatisfy(\.isFinite), "a fact is no number")
    } catch { expect(false, "\(error)") }
    expect(tokenizer.flopsPerByte.isFinite && tokenizer.flopsPerByte >= 0, "flopsPerByte is no cost")
  }

  /// Foreign tokens and impossible byte counts.
  mutating func refusals() {
    let tokenizer = tokenizer
    for token in [Token(tokenizer.vocabularySize), .max] {
      expectRefusal(of: "decoding token \(token)") { try tokenizer.decode([token], byteCount: 1) }
    }
    let tokens = (try? tokenizer.encode(Array("some text".utf8))) ?? []
    for count in [-1, .min, 1 << 60, .max] {
      expectRefusal(of: "decoding to \(count) bytes") { try tokenizer.decode(tokens, byteCount: count) }
    }
  }

  /// Tokens that a model might make up.
  mutating func madeUpTokens() {
    let tokenizer = tokenizer
    for length in 0..<40 {
      let madeUp = (0..<length).map { _ in Token(generator.below(tokenizer.vocabularySize)) }
      for most in [-1, 0, 30, .max] {
        let text = tokenizer.decodeGenerated(madeUp, maximumBytes: most)
        expect(text.count <= max(0, most), "decodeGenerated gives more than \(most) bytes")
      }
      do {
        let text = try tokenizer.decode(madeUp, byteCount: 25)
        expect(!tokenizer.isLossless || text.count == 25, "decode gives \(text.count) bytes where it was asked for 25")
      } catch { expect(error is TokenizerError, "decoding made-up tokens gives \(error), which is no TokenizerError") }
    }
  }

  /// What the backend foretold of the tokenizer.
  mutating func promises(of backend: any TokenizerBackend, _ spec: ResolvedSpec) {
    let tokenizer = tokenizer
    expect(tokenizer.spec == spec, "it calls itself \(tokenizer.spec.canonicalName)")
    expect(backend.isLossless(spec) == tokenizer.isLossless, "backend and tokenizer differ in isLossless")
    let size = backend.vocabularySize(of: spec)
    expect(
      size == nil || size == tokenizer.vocabularySize, "a vocabulary of \(tokenizer.vocabularySize), not \(size ?? 0)")
  }

  /// Saved and loaded, it is the same tokenizer, and saves the same files.
  mutating func saving(_ backend: any TokenizerBackend, _ context: LoadingContext) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("conformance-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      try makeFolder(folder + "/first")
      try makeFolder(folder + "/second")
      try tokenizer.save(to: folder + "/first")
      let loaded = try backend.load(tokenizer.spec, from: folder + "/first", context: context)
      try loaded.save(to: folder + "/second")
      let isTheSame = try Self.hashes(of: folder + "/first") == Self.hashes(of: folder + "/second")
      expect(isTheSame, "saved, loaded and saved again, its files are others")
      expect(loaded.spec == tokenizer.spec, "loaded, its spec is another")
      expect(loaded.vocabularySize == tokenizer.vocabularySize, "loaded, its vocabulary is another")
      expect(loaded.isLossless == tokenizer.isLossless, "loaded, isLossless is another")
      expect(loaded.flopsPerByte == tokenizer.flopsPerByte, "loaded, flopsPerByte is another")
      let texts = hardCases.map(\.bytes) + randomTexts(50)
      let tokens = try tokenizer.encode(examples: texts, threads: threads)
      expect(try loaded.encode(examples: texts, threads: threads) == tokens, "loaded, it makes other tokens")
      if tokenizer.isLossless, let problem = roundTripProblem(loaded, texts, tokens, threads: threads) {
        expect(false, "loaded: \(problem)")
      }
    } catch { expect(false, "saving and loading: \(error)") }
  }

  /// SHA-256 of every file of a folder, by name.
  private static func hashes(of folder: String) throws -> [String: String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try sha256(file: folder + "/" + $0)) })
  }
}

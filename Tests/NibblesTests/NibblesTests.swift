import Nibbles
import Testing
import Tokenizers

private let training = TrainingContext(
  examples: { AnySequence([]) },
  byteModel: { throw TokenizerError.training("Nibbles", reason: "it needs no M1") }, seed: 0, threads: 2)
private let loading = LoadingContext(
  byteModel: { throw TokenizerError.damagedFile($0, reason: "it needs no M1") }, threads: 2)

/// As an author outside this package would write it.
@Test(arguments: ["Nibbles", "Nibbles[first=low]"])
func theExampleOfTheGuideConforms(name: String) throws {
  let backend = NibblesBackend()
  let spec = try Registry([backend]).resolve(name)
  #expect(spec.canonicalName == name)
  #expect(conformanceProblems(of: backend, spec: spec, training: training, loading: loading) == [])
}

@Test(arguments: [("Nibbles", [4, 10] as [Token]), ("Nibbles[first=low]", [10, 4])])
func bytesBecomeTwoTokens(name: String, tokens: [Token]) throws {
  let backend = NibblesBackend()
  let tokenizer = try backend.train(Registry([backend]).resolve(name), context: training)
  #expect(try tokenizer.encode([0x4A]) == tokens)
}

@Test func anOddNumberOfTokensIsRefused() throws {
  let backend = NibblesBackend()
  let tokenizer = try backend.train(Registry([backend]).resolve("Nibbles"), context: training)
  #expect(throws: TokenizerError.self) { try tokenizer.decode([1, 2, 3], byteCount: 2) }
}

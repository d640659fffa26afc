import Harness
import Nibbles
import Plugins
import Testing
import Tokenizers

@Test(arguments: ["Nibbles", "Nibbles[first=low]"])
func theExampleOfTheGuideIsAWholeTokenizer(name: String) throws {
  let registry = try Registry(builtInBackends + [NibblesBackend()])
  let spec = try registry.resolve(name)
  let context = TrainingContext(
    examples: { AnySequence([]) },
    byteModel: { throw TokenizerError.training("Nibbles", reason: "it needs no M1") }, seed: 0, threads: 1)
  let tokenizer = try registry.backend(named: spec.name).train(spec, context: context)
  #expect(tokenizer.spec.canonicalName == name)
  #expect(roundTripFailures(tokenizer, texts: hardCases, threads: 1).isEmpty)
  #expect(try tokenizer.encode([0x4A]) == (name == "Nibbles" ? [4, 10] : [10, 4]))
  #expect(throws: TokenizerError.self) { try tokenizer.decode([16, 0], byteCount: 1) }
  #expect(throws: TokenizerError.self) { try tokenizer.decode([1, 2, 3], byteCount: 2) }
}

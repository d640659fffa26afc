import Foundation
import FuzzTargets
import Support
import Testing
import Tokenizers

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../.."
private let corpus = root + "/Fuzz/Corpus"

/// Every input that the fuzzer found worth keeping (Fuzz/Corpus), and seeded mutations of them: what `make fuzz` looks
/// for, in the time that a test may take.
@Test func decodersSurviveTheFuzzersCorpusAndItsMutations() throws {
  let targets = try FuzzTargets(m1: root + "/Tests/PluginsTests/Golden")
  let names = try FileManager.default.contentsOfDirectory(atPath: corpus).sorted()
  let inputs = try names.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: corpus + "/" + $0))) }
  #expect(inputs.count > 50)
  for (name, input) in zip(names, inputs) { #expect(targets.check(input) == nil, "\(name)") }
  var generator = SeededGenerator(seed: 2026)
  for round in 0..<2500 {
    var input = inputs[generator.below(inputs.count)]
    for _ in 0...generator.below(4) {
      let place = generator.below(input.count + 1)
      switch generator.below(4) {
      case 0 where place < input.count: input[place] ^= 1 << UInt8(generator.below(8))
      case 1 where place < input.count: input.remove(at: place)
      case 2: input.insert(UInt8(generator.below(256)), at: place)
      default: input.replaceSubrange(place..., with: inputs[generator.below(inputs.count)].suffix(8))
      }
    }
    #expect(targets.check(input) == nil, "round \(round): \(input)")
  }
}

import Foundation
import Testing

@Test(arguments: [
  "tokenizers", "train", "encode", "decode", "check", "run", "report", "compare", "reproduce", "store", "verify",
  "generate",
])
func everySubcommandHasHelpWithAnExample(command: String) throws {
  let result = try harness([command, "--help"])
  #expect(result.status == 0)
  #expect(String(decoding: result.output, as: UTF8.self).contains("EXAMPLE"))
}

@Test func tokenizersAreListedForMachines() throws {
  struct Entry: Decodable { let name: String, needsM1: Bool }
  let entries = try JSONDecoder().decode([Entry].self, from: harness(["tokenizers", "--json"]).output)
  #expect(
    entries.map(\.name) == [
      "Bytes", "SentencePiece", "BPE", "SuperBPE", "PickyBPE", "ByteSpan", "GZip", "AC", "StaticAC", "EqualInfoAC",
      "M1Dictionary",
    ])
}

@Test func textGoesToTokensAndBack() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let folder = scratch.path + "/tok"
  let training = try harness([
    "train", "StaticAC[v=65k]", "--corpus", corpus, "--out", folder, "--store", scratch.path + "/store",
  ])
  #expect(training.status == 0, "\(training.errors)")
  for format in ["ids", "u16", "u32"] {
    let encoded = try harness(["encode", folder, "--format", format], input: text)
    #expect(encoded.status == 0, "\(encoded.errors)")
    #expect(try harness(["decode", folder], input: encoded.output).output == text)
    // Damage anywhere is an error, not wrong text.
    for place in [3, encoded.output.count / 2, encoded.output.count - 1] {
      var damaged = encoded.output
      damaged[place] ^= 0x10
      let result = try harness(["decode", folder], input: damaged)
      #expect(result.status != 0 && result.output.isEmpty && !result.errors.isEmpty, "\(format) \(place)")
    }
    let short = try harness(["decode", folder], input: encoded.output.dropLast(9))
    #expect(short.status != 0 && short.output.isEmpty)
  }
  let check = try harness(["check", folder, corpus])
  #expect(check.status == 0, "\(check.errors)")
  // Another tokenizer's tokens are refused by name.
  let other = scratch.path + "/other"
  _ = try harness([
    "train", "GZip[v=65k]", "--corpus", corpus, "--out", other, "--store", scratch.path + "/store",
  ])
  let tokens = try harness(["encode", other, corpus, "--format", "u16"]).output
  let wrong = try harness(["decode", folder], input: tokens)
  #expect(wrong.status != 0 && wrong.errors.contains("was encoded with GZip[v=65k]"))
}

@Test func mistakesAreNamed() throws {
  let scratch = try Scratch()
  let unknown = try harness(["train", "GZp[v=256]", "--corpus", "x", "--out", scratch.path + "/t"])
  #expect(unknown.status != 0 && unknown.errors.contains("did you mean 'GZip'?"))
  let missing = try harness(["check", scratch.path])
  #expect(missing.status != 0 && missing.errors.contains("harness train"))
  let experiment = try scratch.write("bad.yaml", Data("name: x\ntokenizer: [Bytes]\n".utf8))
  let bad = try harness(["run", experiment])
  #expect(bad.status != 0 && !bad.errors.isEmpty)
}

@Test func benchesAnswerForMachines() throws {
  struct Codec: Decodable {
    struct Row: Decodable { let tokenizer: String, encode: Double, decode: Double }
    let rows: [Row], codeOverhead: Double, peakGigaflops: Double
  }
  struct Training: Decodable {
    struct Row: Decodable { let tokensPerSecond: Double, peakMegabytes: Double?, phases: [String: Double] }
    let rows: [Row]
  }
  let scratch = try Scratch()
  let corpus = try scratch.write("text.txt", text)
  let trained = try harness([
    "train", "AC[v=256]", "--corpus", corpus, "--m1-size", "1m", "--m1-steps", "2", "--m1-context", "64", "--out",
    scratch.path + "/ac", "--store", scratch.path + "/store",
  ])
  #expect(trained.status == 0, "\(trained.errors)")
  let codec = try harness([
    "bench", "codec", "--m1", scratch.path + "/ac", "--text", corpus, "--bytes", "3000", "--tokenizers",
    "EqualInfoAC[b=12,v=4k]", "AC[v=256]", "--json",
  ])
  let rows = try JSONDecoder().decode(Codec.self, from: codec.output)
  #expect(rows.rows.map(\.tokenizer) == ["EqualInfoAC[b=12,v=4k]", "AC[v=256]"])
  #expect(rows.rows.allSatisfy { $0.encode > 0 && $0.decode > 0 } && rows.peakGigaflops > 0 && rows.codeOverhead < 1.01)
  let windows = try harness([
    "bench", "windows", "--m1", scratch.path + "/ac", "--text", corpus, "--bytes", "2000", "--bits", "10", "24",
  ])
  #expect(
    windows.status == 0 && String(decoding: windows.output, as: UTF8.self).contains("| 24 |"), "\(windows.errors)")
  let training = try harness([
    "bench", "train", "--sizes", "1m", "--vocabularies", "256", "--precisions", "f32", "--seconds", "0", "--json",
  ])
  let steps = try JSONDecoder().decode(Training.self, from: training.output)
  let row = try #require(steps.rows.first)
  #expect(steps.rows.count == 1 && row.tokensPerSecond > 0 && (row.peakMegabytes ?? 0) > 10)
  #expect(abs(row.phases.values.reduce(0, +) - 1) < 1e-9)
}

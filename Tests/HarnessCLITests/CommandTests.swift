import Foundation
import Testing

@Test(arguments: [
  "tokenizers", "train", "encode", "decode", "check", "show", "metrics", "run", "report", "results", "compare",
  "reproduce",
  "store",
  "verify", "generate",
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
      "M1Dictionary", "LZW", "LZWDictionary", "Huffman", "Rank", "Tiktoken", "HuggingFace",
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
  // A damaged description is told by its place, and what to do.
  let description = folder + "/tokenizer.json", whole = try String(contentsOfFile: description, encoding: .utf8)
  for (damage, told) in [
    ("\"values\"", "'tokenizer.values' is missing"), ("\"format\" :", "'format' is missing"), ("{", "it is no JSON"),
  ] {
    let damaged =
      damage == "{"
      ? String(whole.dropFirst()) : whole.replacing(damage, with: "\"other\"" + (damage.hasSuffix(":") ? " :" : ""))
    try Data(damaged.utf8).write(to: URL(fileURLWithPath: description))
    let refused = try harness(["check", folder, corpus]).errors
    #expect(
      refused.contains("tokenizer.json") && refused.contains(told) && refused.contains("train the tokenizer again"),
      "\(refused)")
  }
  try Data(whole.utf8).write(to: URL(fileURLWithPath: description))
  // Another tokenizer's tokens are refused by name.
  let other = scratch.path + "/other"
  _ = try harness([
    "train", "GZip[v=65k]", "--corpus", corpus, "--out", other, "--store", scratch.path + "/store",
  ])
  let tokens = try harness(["encode", other, corpus, "--format", "u16"]).output
  let wrong = try harness(["decode", folder], input: tokens)
  #expect(wrong.status != 0 && wrong.errors.contains("was encoded with GZip[v=65k]"))
}

@Test func tokensAreShown() throws {
  let scratch = try Scratch()
  let shown = try harness(["show", "Bytes", "LZW[v=4k]", "--text", "ababab"])
  #expect(
    String(decoding: shown.output, as: UTF8.self) == """
      1 Bytes      6 tokens  1.00 bytes/token
      2 LZW[v=4k]  4 tokens  1.50 bytes/token

      1 a|b|a|b|a|b
      2 a|b|a b|a b

      """)
  let coloured = try harness(["show", "Bytes", "--text", "ab", "--color", "always"])
  #expect(String(decoding: coloured.output, as: UTF8.self).contains("\u{1B}[48;5;"))
  let page = scratch.path + "/page.html"
  #expect(try harness(["show", "Bytes", "--html", page], input: Data([0x3C, 0xFF])).status == 0)
  let html = try String(contentsOfFile: page, encoding: .utf8)
  #expect(html.contains("&lt;") && html.contains("\\xFF"))
  struct Row: Decodable {
    struct Token: Decodable { let id: UInt32, start: Int?, bytes: Int?, text: String? }
    let tokenizer: String, tokens: [Token]
  }
  let rows = try JSONDecoder().decode(
    [Row].self, from: harness(["show", "LZW[v=4k]", "GZip[v=65k]", "--text", "aaa", "--json"]).output)
  #expect(rows[0].tokens.map(\.bytes) == [1, 2] && rows[0].tokens[1].text == "aa" && rows[0].tokens[1].start == 1)
  #expect(rows[1].tokens.allSatisfy { $0.bytes == nil } && !rows[1].tokens.isEmpty)
  let untrained = try harness(["show", "M1Dictionary[v=4k]", "--text", "a"])
  #expect(untrained.status != 0 && untrained.errors.contains("harness train 'M1Dictionary[v=4k]'"))
  let unread = try harness(["show", "SentencePiece[v=4k]", "--text", "a"])
  #expect(unread.status != 0 && unread.errors.contains("harness train"))
}

@Test func metricsAreTold() throws {
  let scratch = try Scratch()
  let corpus = try scratch.write("corpus.txt", text)
  let other = try scratch.write("other.txt", text + text)
  struct Output: Decodable {
    struct Metrics: Decodable {
      let tokenizer: String, bytes: Int, tokens: Int, fertility: Double?, utf8Integrity: Double?
      let renyiEfficiency: Double?, prefixInstability: Double?
    }
    struct Costs: Decodable {
      struct Language: Decodable { let name: String, tokens: Int, premium: Double? }
      let languages: [Language], gini: Double?
    }
    let metrics: Metrics, languages: Costs?
  }
  let arguments = ["metrics", "Bytes", "GZip[v=256]", "--text", corpus, "--parallel", "one=" + corpus, "two=" + other]
  let outputs = try JSONDecoder().decode([Output].self, from: harness(arguments + ["--json"]).output)
  #expect(outputs[0].metrics.tokens == outputs[0].metrics.bytes && outputs[0].metrics.bytes > 0)
  #expect(outputs[1].metrics.utf8Integrity == nil && outputs[1].metrics.renyiEfficiency ?? 0 > 0.9)
  #expect(outputs[0].languages?.languages.map(\.premium) == [1, 2])
  #expect(abs((outputs[0].languages?.gini ?? 0) - 1.0 / 6) < 1e-12)
  let table = String(decoding: try harness(arguments).output, as: UTF8.self)
  #expect(table.contains("fertility") && table.contains("---") && table.contains("premium"))
  let wrong = try harness(["metrics", "Bytes", "--text", corpus, "--parallel", "nofile"])
  #expect(wrong.status != 0 && wrong.errors.contains("NAME=FILE"))
  let unknown = try harness(["metrics", "Bytes", "GZp[v=256]", "--text", scratch.path + "/nothing"])
  #expect(unknown.errors.contains("did you mean 'GZip'?"), "said before anything is read or measured")
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
    struct M1: Decodable { let peakGigaflops: Double, codeOverhead: Double }
    let rows: [Row], m1: M1?
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
  #expect(rows.rows.allSatisfy { $0.encode > 0 && $0.decode > 0 })
  let m1 = try #require(rows.m1)
  #expect(m1.peakGigaflops > 0 && m1.codeOverhead < 1.01)
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

/// Where `make test` installs the libraries.
private let libraries = sourceRoot + "/.build/test-python/bin/python3"

/// Whether the Python of `make test-python` has them.
private func canImport(_ libraries: String, _ python: String) -> Bool {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: python)
  process.arguments = ["-c", "import \(libraries)"]
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return false }
  process.waitUntilExit()
  return process.terminationStatus == 0
}

/// Without M1, with a plug-in, beside the libraries: the ids are theirs.
@Test(.enabled(if: canImport("tokenizers, tiktoken, sentencepiece", libraries), "the libraries could not be installed"))
func benchesStandBesideLibraries() throws {
  struct Codec: Decodable {
    struct Library: Decodable { let library: String, sameIDs: Bool, encodeOneThread: Double }
    struct Row: Decodable { let tokenizer: String, encodeOneThread: Double?, libraries: [Library] }
    let rows: [Row]
  }
  let corpus = sourceRoot + "/README.md"
  let codec = try harness([
    "bench", "codec", "--text", corpus, "--bytes", "10000", "--python", libraries, "--script",
    sourceRoot + "/Benchmarks/codec_libraries.py", "--plugin", "python3 \(sourceRoot)/Examples/plugins/words.py",
    "--processor-time", "--seconds", "0", "--json", "--tokenizers", "BPE[v=300]", "BPE[v=290,split=o200k]",
    "BPE[v=280,split=none]",
    "SentencePiece[v=600]", "Words[v=300]",
  ])
  try #require(codec.status == 0, "\(codec.errors)")
  let rows = try JSONDecoder().decode(Codec.self, from: codec.output).rows
  #expect(rows.map { $0.libraries.count } == [2, 2, 1, 1, 0])
  #expect(rows.prefix(3).allSatisfy { $0.libraries.allSatisfy { $0.sameIDs && $0.encodeOneThread > 0 } })
  #expect(rows.prefix(4).allSatisfy { $0.encodeOneThread != nil } && rows[4].encodeOneThread == nil)

  let lacking = try harness(["bench", "codec", "--text", corpus, "--tokenizers", "AC[v=256]"])
  #expect(lacking.status != 0 && lacking.errors.contains("AC[v=256] needs an M1"), "\(lacking.errors)")
}

/// `script` of Debian's bsdutils gives the command a terminal.
private let script = ["/usr/bin/script"].first { FileManager.default.isExecutableFile(atPath: $0) }

#if os(Linux)
  @Test(.enabled(if: script != nil, "there is no /usr/bin/script"))
  func terminalsGetColoursUnlessTheyAreNotWanted() throws {
    func shown(_ environment: [String: String]) throws -> String {
      let process = Process(), pipe = Pipe()
      process.executableURL = URL(fileURLWithPath: try #require(script))
      process.arguments = ["-qec", "'\(harnessURL.path)' show Bytes --text ab", "/dev/null"]
      process.environment = ProcessInfo.processInfo.environment.merging(["NO_COLOR": "", "TERM": "xterm"]) { $1 }
        .merging(environment) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = pipe
      try process.run()
      let data = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return String(decoding: data, as: UTF8.self)
    }
    #expect(try shown([:]).contains("\u{1B}[48;5;"))
    for environment in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
      let plain = try shown(environment)
      #expect(plain.contains("a|b") && !plain.contains("\u{1B}"))
    }
  }
#endif

/// A disk that is full is said, a reader that goes away is not.
@Test func outputThatIsLostIsAnError() throws {
  func status(_ command: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", "'\(harnessURL.path)' \(command); exit ${PIPESTATUS[0]}"]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
  #expect(try status("show Bytes --text abc > /dev/full") == 1)
  #expect(try status("tokenizers > /dev/full") == 1)
  #expect(try status("tokenizers | head -n 1 > /dev/null") == 0)
}

import ArgumentParser
import Foundation
import Harness
import Metrics
import Plugins
import Store
import Support
import Tokenizers
import Transformer

struct TokenizersCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "tokenizers", abstract: "List every tokenizer: parameters, defaults, ranges, source.",
      discussion: "EXAMPLE\n  harness tokenizers --json")
  }
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var plugin: PluginOptions

  func run() throws {
    let descriptors = try plugin.registry(Source.self).backends.map(\.descriptor)
    if json {
      let entries = descriptors.map { d in
        TokenizerEntry(
          name: d.name, summary: d.summary, source: d.source, origin: d.origin, needsM1: d.needsByteModel,
          parameters: d.parameters.map {
            .init(key: $0.key, range: $0.range, summary: $0.summary, defaultValue: $0.defaultValue)
          })
      }
      try printJSON(entries)
      return
    }
    for d in descriptors {
      print("\(d.name): \(d.summary)\(d.needsByteModel ? " (needs M1)" : "")")
      for p in d.parameters {
        print("    \(p.key)  \(p.range)\(p.defaultValue.map { ", default \($0)" } ?? ""): \(p.summary)")
      }
      print("    source: \(d.source); from \(d.origin)\n")
    }
  }
}

struct TrainCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "train", abstract: "Train what a tokenizer needs and save it as a self-contained folder.",
      discussion: """
        Corpus, M1 and tokenizer are kept in the store: a stopped training goes on where it was.

        EXAMPLE
          harness train 'GZip[v=65k]' --corpus book.txt --out gzip65k
          harness train 'EqualInfoAC[b=16,v=65k]' --corpus data/english --m1-size 1m --m1-steps 2000 --out equal-info
          harness train 'M1Dictionary[v=65k]' --corpus data/english --m1 equal-info --out dictionary
        """)
  }
  @Argument(help: "Tokenizer, as in 'EqualInfoAC[b=16,v=65k]'.") var spec: String
  @Option(parsing: .upToNextOption, help: "Files, folders or patterns of text, .gz, .jsonl, .json.gz.") var corpus:
    [String]
  @Option(help: "Folder to write; must not exist.") var out: String
  @Option(help: ArgumentHelp("Folder of a tokenizer whose M1 is used; none is trained then.", valueName: "folder"))
  var m1: String?
  @Option(help: "M1's size: \(ModelShape.sizeNames.joined(separator: ", ")).") var m1Size = "3m"
  @Option(help: "M1's training steps.") var m1Steps = 2000
  @Option(help: "M1's context in bytes, or 'window': contexts that restart as the tokenizer's windows do.")
  var m1Context = "1024"
  @Option(help: "M1's sequences a step.") var m1Batch = 8
  @Option(help: "M1's training in f32, bf16 or exact; the fastest of this machine if left out.")
  var m1Precision: Precision?
  @Option(help: "Seed of all that is random.") var seed: UInt64 = 0
  @OptionGroup var plugin: PluginOptions
  @OptionGroup var store: StoreOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard ModelShape.sizeNames.contains(m1Size) else {
      let hint = nearestWord(to: m1Size, in: ModelShape.sizeNames).map { "; did you mean '\($0)'?" } ?? ""
      throw ValidationError(
        "--m1-size '\(m1Size)' is not one of \(ModelShape.sizeNames.joined(separator: ", "))\(hint)")
    }
    guard seed <= 1 << 52 else { throw ValidationError("--seed must be at most 2^52") }
    guard m1Steps >= 1, (1...4096).contains(m1Batch),
      m1Context == "window" || Int(m1Context).map((16...1 << 16).contains) == true
    else {
      throw ValidationError("--m1-steps and --m1-batch must be at least 1, --m1-context 16 to 65536 or window")
    }
  }

  func run() throws {
    let registry = try plugin.registry(Source.self)
    let resolved = try registry.resolve(spec)
    guard !FileManager.default.fileExists(atPath: out) else {
      throw FileError(out, "exists already; give a new folder")
    }
    var options = ByteModelOptions()
    options.size = m1Size
    options.steps = m1Steps
    options.training.batch = m1Batch
    options.training.precision = m1Precision ?? .fastest
    if let context = Int(m1Context) {
      options.training.sequenceLength = context
    } else if let bits = try registry.backend(named: resolved.name).windowBits(of: resolved) {
      options.restartAsWindows(bits: bits)
    } else {
      throw ValidationError("--m1-context window needs a tokenizer with windows, such as EqualInfoAC[b=16,v=65k]")
    }
    options.seed = seed
    let progress = ProgressPrinter(jobs: 1)
    let stages = Stages(
      registry: registry, store: try store.open(user: RunUses(runFolder: out), progress: progress),
      program: thisProgram, threads: threads.threads,
      progress: progress,
      waits: true)
    let trained = try stages.trainTokenizer(
      resolved, corpus: corpus, m1: options, given: try m1.map { try NeuralByteModel.load(from: $0) }, seed: seed)
    try SavedTokenizer.save(trained, registry: registry, to: out)
    print("\(resolved.canonicalName): vocabulary \(trained.vocabularySize), saved in \(out)")
  }
}

struct EncodeCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "encode", abstract: "Text to tokens.",
      discussion: "EXAMPLE\n  harness encode gzip65k book.txt --format u16 --output book.tokens")
  }
  @Argument(help: "Folder of a trained tokenizer.") var folder: String
  @Argument(help: "Text; standard input if left out or -.") var input: String?
  @Option(help: "ids (text), u16 or u32 (binary).") var format = TokenFormat.ids
  @Option(help: "File to write; standard output if left out.") var output: String?
  @Option(help: "Bytes of an example, coded on its own.") var exampleBytes = 10_240
  @OptionGroup var plugin: PluginOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard exampleBytes >= 1 else { throw ValidationError("--example-bytes must be at least 1") }
  }

  func run() throws {
    let saved = try SavedTokenizer(folder: folder, registry: plugin.registry(Source.self), threads: threads.threads)
    let text = [UInt8](try readInput(input))
    let examples = cutIntoExamples(text, bytes: exampleBytes)
    let tokens = try saved.tokenizer.encode(examples: examples, threads: threads.threads)
    let file = TokenFile(
      tokenizer: saved.tokenizer.spec.canonicalName, sha256: saved.sha256, byteCounts: examples.map(\.count),
      examples: tokens)
    try writeOutput(try file.serialized(format), to: output)
  }
}

struct DecodeCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "decode", abstract: "Tokens back to text.",
      discussion: "EXAMPLE\n  harness decode gzip65k book.tokens --output book.txt")
  }
  @Argument(help: "Folder of the tokenizer that encoded.") var folder: String
  @Argument(help: "Tokens as 'harness encode' wrote them; standard input if left out or -.") var input: String?
  @Option(help: "The format expected; any is recognised when left out.") var format: TokenFormat?
  @Option(help: "File to write; standard output if left out.") var output: String?
  @OptionGroup var plugin: PluginOptions
  @OptionGroup var threads: ThreadOptions

  func run() throws {
    let saved = try SavedTokenizer(folder: folder, registry: plugin.registry(Source.self), threads: threads.threads)
    let path = input ?? "standard input"
    let data = try readInput(input)
    let file = try TokenFile(data, path: path)
    if let format, (format == .ids) != (data.first == UInt8(ascii: "#")) {
      throw FileError(path, "is not in format \(format.rawValue); leave --format out to have it recognised")
    }
    let name = saved.tokenizer.spec.canonicalName
    guard file.tokenizer == name else {
      throw FileError(path, "was encoded with \(file.tokenizer), but \(folder) holds \(name)")
    }
    guard file.sha256 == saved.sha256 else {
      throw FileError(path, "was encoded with another \(name) (trained on other text, or with other settings)")
    }
    let texts = try saved.tokenizer.decode(
      examples: zip(file.examples, file.byteCounts).map { ($0, $1) }, threads: threads.threads)
    try writeOutput(Data(texts.joined()), to: output)
  }
}

struct CheckCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "check", abstract: "Round-trip the built-in hard cases and a text; check a plug-in.",
      discussion: """
        Exit status 1, with the first differing offset, when anything differs. With --plugin, instead of a folder, the \
        plug-in is trained on the text (or on a built-in one), and all that tokenizers promise is checked, a line for \
        each promise that is not kept.

        EXAMPLE
          harness check gzip65k book.txt
          harness check --plugin 'python3 my.py' book.txt
        """)
  }
  @Argument(help: "Folder of a trained tokenizer; not with --plugin.") var folder: String?
  @Argument(help: "Text to check besides the hard cases; - for standard input.") var input: String?
  @Option(help: "Bytes of an example, coded on its own.") var exampleBytes = 10_240
  @OptionGroup var plugin: PluginOptions
  @Option(help: "With --plugin: its tokenizer to check, as in 'mine[v=4k]'; the one of its defaults if left out.")
  var tokenizer: String?
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if plugin.plugin == nil {
      guard folder != nil else { throw ValidationError("give the folder of a trained tokenizer, or --plugin") }
      guard tokenizer == nil else { throw ValidationError("--tokenizer goes with --plugin") }
    } else if input != nil {
      throw ValidationError("with --plugin there is no folder: give the text alone")
    }
    guard exampleBytes >= 1 else { throw ValidationError("--example-bytes must be at least 1") }
  }

  func run() throws {
    if let backend = try plugin.backend() {
      try check(backend)
    } else if let folder {
      try check(folder)
    }
  }

  private func check(_ backend: ExternalBackend) throws {
    _ = try Registry(Source.registry().backends + [backend])  // its name is no other tokenizer's
    let spec = try Registry([backend]).resolve(tokenizer ?? backend.descriptor.name)
    let text = try folder.map { [UInt8](try readInput($0)) } ?? PluginCheck.sample
    let check = try PluginCheck(
      backend, spec: spec, examples: cutIntoExamples(text, bytes: exampleBytes), threads: threads.threads,
      report: { printError($0) })
    let ratio = compressionRatio(bytes: check.bytes, tokens: check.tokens).map { String(format: "%.3f", $0) } ?? "---"
    print(
      "\(spec.canonicalName): vocabulary \(check.tokenizer.vocabularySize); \(check.bytes) bytes, \(check.tokens) tokens, "
        + "\(ratio) bytes/token; "
        + String(
          format: "encodes %.1f MB/s, decodes %.1f MB/s on %d threads", check.encodeMegabytesPerSecond,
          check.decodeMegabytesPerSecond, threads.threads))
    // One fault may fail every text: of each kind, by the words after the text's name, a few.
    let kinds = Dictionary(grouping: check.problems.indices) { check.problems[$0].split(separator: ":").last ?? "" }
    let told = kinds.values.flatMap { $0.prefix(5) }.sorted()
    for index in told { printError(check.problems[index]) }
    if told.count < check.problems.count { printError("and \(check.problems.count - told.count) more of these kinds") }
    if !check.problems.isEmpty { throw ExitCode(1) }
    print("keeps every promise")
  }

  private func check(_ folder: String) throws {
    let saved = try SavedTokenizer(folder: folder, registry: Source.registry(), threads: threads.threads)
    let tokenizer = saved.tokenizer
    var failures = roundTripFailures(tokenizer, texts: hardCases, threads: threads.threads)
    print(
      "\(tokenizer.spec.canonicalName): \(hardCases.count - failures.count) of \(hardCases.count) hard cases come back")
    if let input {
      let text = [UInt8](try readInput(input))
      let examples = cutIntoExamples(text, bytes: exampleBytes)
      let tokens = try tokenizer.encode(examples: examples, threads: threads.threads)
      let count = tokens.reduce(0) { $0 + $1.count }
      if let problem = roundTripProblem(tokenizer, examples, tokens, threads: threads.threads) {
        failures.append((input, problem))
      }
      let ratio = compressionRatio(bytes: text.count, tokens: count).map { String(format: "%.3f", $0) } ?? "---"
      print("\(input): \(text.count) bytes, \(count) tokens, \(ratio) bytes/token")
    }
    for failure in failures { printError("\(failure.name): \(failure.reason)") }
    if !failures.isEmpty { throw ExitCode(1) }
    print("all come back")
  }
}

extension TokenFormat: ExpressibleByArgument {}

/// An entry of `harness tokenizers --json`.
private struct TokenizerEntry: Encodable {
  struct Item: Encodable { let key, range, summary: String, defaultValue: String? }
  let name, summary, source, origin: String
  let needsM1: Bool
  let parameters: [Item]
}

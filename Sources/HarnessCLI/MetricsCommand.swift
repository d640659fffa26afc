import ArgumentParser
import Foundation
import Harness
import Plugins
import Support
import Tokenizers

struct MetricsCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "metrics",
      abstract: "What is said of tokenizers without training a model: fertility, entropy, stability.",
      discussion: """
        Intrinsic numbers of each tokenizer on a text, and with --parallel what the same content costs in several \
        languages. They describe; they do not rank: arithmetic codes come near 1 in efficiency, and no model learns from \
        them. --- is undefined, or needs tokens that stand for bytes of their own. What each means: docs/metrics.md.

        EXAMPLE
          harness metrics spm dictionary Bytes --text data/english/validation*
          harness metrics spm --text book.txt --parallel eng=eng.txt.gz deu=deu.txt.gz --json
        """)
  }
  @Argument(help: "Folders of trained tokenizers, or names of those that need no training.") var tokenizers: [String]
  @Option(parsing: .upToNextOption, help: "Files, folders or patterns of text, .gz, .jsonl, .json.gz.") var text:
    [String]
  @Option(
    parsing: .upToNextOption, help: "NAME=FILE of the same content in several languages; the first is the measure.")
  var parallel: [String] = []
  @Option(help: "Pre-tokens that boundaries are compared with: space, gpt2, cl100k, o200k.") var split = SplitPattern
    .gpt2
  @Option(help: "Bytes of an example, coded on its own.") var exampleBytes = 10_240
  @Option(help: "Bytes of the text that are read at most.") var bytes = 1_000_000
  @Option(help: "Seed of the words and deletions of the stability numbers.") var seed: UInt64 = 0
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var plugin: PluginOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard !tokenizers.isEmpty else { throw ValidationError("name a tokenizer, or several") }
    guard exampleBytes >= 1, bytes >= 1 else { throw ValidationError("--example-bytes and --bytes must be at least 1") }
    for pair in parallel where pair.split(separator: "=", maxSplits: 1).count != 2 {
      throw ValidationError("--parallel '\(pair)' is not NAME=FILE, as in eng=eng.txt.gz")
    }
    var names: Set<Substring> = []
    for name in parallel.map({ $0.prefix { $0 != "=" } }) where !names.insert(name).inserted {
      throw ValidationError("--parallel names '\(name)' twice")
    }
  }

  private struct Output: Encodable {
    let metrics: IntrinsicMetrics
    let languages: LanguageCosts?
  }

  func run() throws {
    let registry = try plugin.registry(Source.self)
    // Whichever cannot be opened is said before anything is measured.
    let opened = try tokenizers.map { try namedTokenizer($0, registry, threads: threads.threads) }
    let examples = try readExamples(text, exampleBytes: exampleBytes, bytes: bytes)
    let languages = try parallel.map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      return (name: parts[0], examples: try readExamples([parts[1]], exampleBytes: exampleBytes))
    }
    let preTokens = try PreTokenStarts(split)
    let outputs = try opened.map { tokenizer in
      Output(
        metrics: try IntrinsicMetrics(
          of: tokenizer, on: examples, preTokens: { try preTokens($0) }, seed: seed, threads: threads.threads),
        languages: languages.isEmpty ? nil : try LanguageCosts(of: tokenizer, on: languages, threads: threads.threads))
    }
    if json { return try printJSON(outputs) }
    printTable(
      [["tokenizer"] + outputs.map(\.metrics.tokenizer)]
        + Self.columns.map { column in [column.title] + outputs.map { number(column.value($0.metrics), 3) }
        })
    for output in outputs {
      guard let costs = output.languages else { continue }
      print("\n\(output.metrics.tokenizer): Gini \(number(costs.gini, 3))")
      printTable([
        ["language"] + costs.languages.map(\.name), ["bytes"] + costs.languages.map { "\($0.bytes)" },
        ["tokens"] + costs.languages.map { "\($0.tokens)" },
        ["premium"] + costs.languages.map { number($0.premium, 2) },
      ])
    }
  }

  private static var columns: [(title: String, value: (IntrinsicMetrics) -> Double?)] {
    [
      ("bytes/token", { $0.bytesPerToken }), ("fertility", { $0.fertility }),
      ("one-token words", { $0.singleTokenRetention }), ("whole UTF-8", { $0.utf8Integrity }),
      ("boundary precision", { $0.boundaryPrecision }), ("recall", { $0.boundaryRecall }),
      ("Rényi 2.5", { $0.renyiEfficiency }), ("percentile", { $0.percentileFrequency }),
      ("vocabulary used", { $0.vocabularyUse }), ("after prefixes", { $0.prefixInstability }),
      ("after deletions", { $0.deletionInstability }),
    ]
  }

  private func number(_ value: Double?, _ digits: Int) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? "---"
  }

  /// Columns of text, the first to the left, the others to the right.
  private func printTable(_ columns: [[String]]) {
    let widths = columns.map { $0.map(\.count).max() ?? 0 }
    for row in columns[0].indices {
      let cells = columns.indices.map { column in
        let cell = columns[column][row]
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }
      print(cells.joined(separator: "  "))
    }
  }
}

extension SplitPattern: ExpressibleByArgument {}

/// A saved tokenizer by its folder, or one that needs no training by its name.
func namedTokenizer(_ name: String, _ registry: Registry, threads: Int) throws -> any Tokenizer {
  if FileManager.default.fileExists(atPath: name) {
    return try SavedTokenizer(folder: name, registry: registry, threads: threads).tokenizer
  }
  let spec = try registry.resolve(name)
  let backend = try registry.backend(named: spec.name)
  let untrained = FileError(
    spec.canonicalName, "must be trained: harness train '\(name)' --corpus TEXT --out FOLDER, and give FOLDER")
  guard !backend.descriptor.needsByteModel else { throw untrained }
  return try backend.train(
    spec,
    context: TrainingContext(
      examples: { throw untrained }, byteModel: { throw untrained }, seed: 0, threads: threads))
}

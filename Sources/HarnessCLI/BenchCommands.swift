import ArgumentParser
import Bench
import Foundation
import Harness
import Metrics
import Plugins
import Support
import Tokenizers
import Transformer

struct BenchCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "bench", abstract: "Measure this machine: M1 and the tokenizers, or training.",
      subcommands: [CodecBenchCommand<Source>.self, WindowBenchCommand<Source>.self, TrainBenchCommand.self])
  }
}

struct CodecBenchCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "codec", abstract: "Speed of M1 and of every tokenizer's encoding and decoding.",
      discussion: """
        M1 comes from any trained tokenizer that has one; without it, tokenizers that need one are left out. Tokenizers \
        that need training text get --corpus, or the text itself. Every result is checked: what does not come back stops \
        the measurement.

        With --python, Benchmarks/codec_libraries.py measures tiktoken, Hugging Face's tokenizers and SentencePiece right \
        after each tokenizer whose vocabulary they read, on the same examples and as many threads, and compares the ids.

        EXAMPLE
          harness train 'AC[v=256]' --corpus data/english --out ac
          harness bench codec --m1 ac --text book.txt --json
          python3 -m venv venv && venv/bin/pip install tiktoken tokenizers sentencepiece
          harness bench codec --text book.txt --python venv/bin/python --plugin 'python3 Examples/plugins/words.py'
        """)
  }
  @Option(help: ArgumentHelp("Folder of a tokenizer with an M1.", valueName: "folder")) var m1: String?
  @Option(help: "Text to encode and decode; - for standard input.") var text: String
  @Option(help: "Text that tokenizers are trained on; the text itself if left out.") var corpus: String?
  @Option(help: "Bytes of the text to use.") var bytes = 1_000_000
  @Option(
    parsing: .upToNextOption,
    help: "Tokenizers; \(CodecBench.defaultTokenizers.joined(separator: " ")) and all plug-ins if left out.")
  var tokenizers: [String] = []
  @Option(
    help: ArgumentHelp(
      "Program whose tokenizers are measured as well (docs/plugin-protocol.md); may be given again.",
      valueName: "command"))
  var plugin: [String] = []
  @Option(help: ArgumentHelp("A Python with the libraries, to measure beside.", valueName: "python")) var python:
    String?
  @Option(help: "Its program.") var script = "Benchmarks/codec_libraries.py"
  @Option(help: "Seconds to measure each speed for, at least.") var seconds = 1.0
  @Flag(
    help: """
      One thread's speeds by processor time, for a machine that others use too; plug-ins, which are other processes, have \
      none then.
      """)
  var processorTime = false
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard bytes >= 1 else { throw ValidationError("--bytes must be at least 1") }
  }

  func run() throws {
    let input = [UInt8](try readInput(text))
    var part = Array(input.prefix(bytes))
    // Not inside a character.
    for _ in 0..<3 where part.count < input.count && input[part.count] & 0xC0 == 0x80 { part.removeLast() }
    var options = CodecBench.Options()
    (options.m1, options.python, options.script) = (m1, python, script)
    (options.usesProcessorTime, options.threads, options.seconds) = (processorTime, threads.threads, seconds)
    if !plugin.isEmpty { stopCleanly() }
    let plugins: [any TokenizerBackend] = try plugin.map { try ExternalBackend(PluginCommand(line: $0)) }
    let bench = try CodecBench(
      text: part, training: corpus.map { [UInt8](try readInput($0)) } ?? input, tokenizers: tokenizers,
      registry: Registry(Source.registry().backends + plugins), options: options,
      report: { printError($0) })
    print(json ? String(decoding: try jsonEncoder().encode(bench), as: UTF8.self) : bench.markdown)
  }
}

struct WindowBenchCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "windows", abstract: "Bytes per window of every rule and width under an M1.",
      discussion: """
        The table of docs/equal-info-windows.md.

        EXAMPLE
          harness bench windows --m1 ac --text book.txt --bits 12 16 20
        """)
  }
  @Option(help: ArgumentHelp("Folder of a tokenizer with an M1.", valueName: "folder")) var m1: String
  @Option(help: "Text to encode; - for standard input.") var text: String
  @Option(parsing: .upToNextOption, help: "Bits of a window, 8 to 128.") var bits: [Int] = [12, 16, 20, 32, 64, 128]
  @Option(help: "Bytes of the text to use; all if left out.") var bytes: Int?
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard bits.allSatisfy((8...128).contains) else { throw ValidationError("--bits must be from 8 to 128") }
    guard bytes ?? 1 >= 1 else { throw ValidationError("--bytes must be at least 1") }
  }

  func run() throws {
    let input = [UInt8](try readInput(text))
    let bench = try WindowBench(
      m1: m1, text: Array(input.prefix(bytes ?? input.count)), bits: bits, registry: Source.registry(),
      threads: threads.threads, report: { printError($0) })
    print(json ? String(decoding: try jsonEncoder().encode(bench), as: UTF8.self) : bench.markdown)
  }
}

struct TrainBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Training speed by size, vocabulary and precision; where the time goes.",
    discussion: """
      With --pytorch, PyTorch takes the same step in turn, and the ratios are printed.

      EXAMPLE
        harness bench train --sizes 3m --vocabularies 256 32000 --precisions f32 bf16 --pytorch venv/bin/python
      """)
  @Option(parsing: .upToNextOption, help: "Model sizes.") var sizes = ["1m", "3m", "25m"]
  @Option(parsing: .upToNextOption, help: "Vocabulary sizes.") var vocabularies = [256, 32_000, 65_536]
  @Option(parsing: .upToNextOption, help: "f32, bf16, exact.") var precisions: [Precision] = [.f32, .bf16, .exact]
  @Option(help: "Seconds to measure each configuration for, at least.") var seconds = 3.0
  @Option(help: ArgumentHelp("A Python with torch, to measure beside.", valueName: "python")) var pytorch: String?
  @Flag(
    help: """
      Seconds are processor time of all threads over their number, for a machine that others use too; not with --pytorch, \
      which is another process.
      """)
  var processorTime = false
  @Flag(
    help: ArgumentHelp("Prints the peak memory of the first configuration; used by the table.", visibility: .hidden))
  var memoryOnly = false
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard !sizes.isEmpty, !vocabularies.isEmpty, !precisions.isEmpty else {
      throw ValidationError("give at least one size, vocabulary and precision")
    }
    guard vocabularies.allSatisfy((2...1 << 20).contains) else {
      throw ValidationError("--vocabularies must be from 2 to 1048576")
    }
    for size in sizes where !ModelShape.sizeNames.contains(size) {
      throw ValidationError("--sizes '\(size)' is not one of \(ModelShape.sizeNames.joined(separator: ", "))")
    }
    guard seconds >= 0, seconds <= 3600 else { throw ValidationError("--seconds must be from 0 to 3600") }
    guard !processorTime || pytorch == nil else {
      throw ValidationError("--processor-time is this process's; leave out --pytorch")
    }
  }

  func run() throws {
    if memoryOnly {
      let peak = try trainingPeakMegabytes(
        size: sizes[0], vocabulary: vocabularies[0], precision: precisions[0], threads: threads.threads)
      print(peak)
      return
    }
    let bench = try TrainBench(
      sizes: sizes, vocabularies: vocabularies, precisions: precisions, threads: threads.threads, seconds: seconds,
      clock: processorTime ? .processor : .wall, pytorch: pytorch,
      peakMemory: { size, vocabulary, precision in
        try Bundle.main.executablePath.flatMap {
          try trainingPeakMegabytes(
            program: $0, size: size, vocabulary: vocabulary, precision: precision, threads: threads.threads)
        }
      }, report: { printError($0) })
    print(json ? String(decoding: try jsonEncoder().encode(bench), as: UTF8.self) : bench.markdown)
  }
}

extension Precision: ExpressibleByArgument {}

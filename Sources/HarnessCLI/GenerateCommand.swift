import ArgumentParser
import Foundation
import Harness
import Support
import Tokenizers
import Transformer

struct GenerateCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "generate", abstract: "Sample from a trained M2 and decode to text.",
      discussion:
        "Text goes to standard output, speed to standard error.\n\nEXAMPLE\n  harness generate runs/quick --tokenizer Bytes --prompt 'The ' --bytes 400"
    )
  }
  @Argument(help: ArgumentHelp("Run folder.", valueName: "run")) var runFolder: String
  @Option(help: "Tokenizer of the run.") var tokenizer: String
  @OptionGroup var choice: CellOptions
  @Option(help: "Text to go on from.") var prompt = ""
  @Option(help: "Bytes to make.") var bytes = 500
  @Option(help: "Sampling temperature; 0 takes the likeliest token.") var temperature = 0.8
  @Option(help: "Seed of the sampling.") var seed: UInt64 = 0
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var store: StoreOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard bytes >= 1, bytes <= 1 << 20 else { throw ValidationError("--bytes must be from 1 to 1048576") }
    guard temperature >= 0, temperature.isFinite else { throw ValidationError("--temperature must be at least 0") }
  }

  func run() throws {
    let cell = try choice.cell(
      of: tokenizer, in: RunFolder(runFolder), store: store.open(), registry: Source.registry(),
      threads: threads.threads)
    let made = try generate(
      model: cell.model, tokenizer: cell.tokenizer, prompt: Array(prompt.utf8), bytes: bytes, temperature: temperature,
      sequenceLength: cell.record.training?.sequenceLength ?? 512, seed: seed)
    if json {
      let output = GenerationOutput(
        text: String(decoding: made.text, as: UTF8.self), bytes: made.text.count, tokens: made.tokens,
        seconds: made.seconds, stepsPerSecond: made.stepsPerSecond, bytesPerSecond: made.bytesPerSecond)
      try printJSON(output)
    } else {
      try writeOutput(Data(made.text + [0x0A]), to: nil)
      printError(
        String(
          format: "%d tokens, %d bytes in %.2f s: %.0f steps/s, %.0f bytes/s", made.tokens, made.text.count,
          made.seconds, made.stepsPerSecond, made.bytesPerSecond))
    }
  }
}

/// `harness generate --json`.
private struct GenerationOutput: Encodable {
  let text: String
  let bytes, tokens: Int
  let seconds, stepsPerSecond, bytesPerSecond: Double
}

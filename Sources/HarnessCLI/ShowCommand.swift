import ArgumentParser
import Foundation
import Harness
import Rendering
import Support
import Tokenizers
import Transformer

struct ShowCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "show", abstract: "How tokenizers cut a text, token by token.",
      discussion: """
        The same text under each other, the same byte in the same column: in colours on a terminal (unless NO_COLOR is \
        set or TERM is dumb), with | where a token begins in a pipe. Bytes that are no character of their own, or that a token ends \
        within, are written as \\xE2. Tokenizers are folders that 'harness train' made, or names of those that need no \
        training, such as Bytes and LZW[v=4k]. With --run they are tokenizers of that run, and shades say how many bits each token costs \
        the M2 that was trained on it.

        EXAMPLE
          harness show Bytes spm --text 'The quick brown fox'
          harness show spm dictionary --file page.txt --html page.html
          echo 'naïve 東京' | harness show spm --ids
          harness show Bytes 'SentencePiece[v=4k]' --run runs/quick --text 'The quick brown fox'
        """)
  }
  @Argument(help: "Folders of trained tokenizers, or names of those that need no training.") var tokenizers: [String]
  @Option(help: "Text to cut; standard input if neither this nor --file is given.") var text: String?
  @Option(help: "File to cut.") var file: String?
  @Option(
    name: .customLong("run"),
    help: ArgumentHelp("Run folder whose models say what each token costs.", valueName: "folder")) var runFolder:
    String?
  @OptionGroup var choice: CellOptions
  @Flag(help: "Every token with its id, too.") var ids = false
  @Flag(help: "Machine-readable output.") var json = false
  @Option(help: ArgumentHelp("Page to write instead, with everything in one file.", valueName: "file")) var html:
    String?
  @Option(help: "Colours: auto, always, never.") var color = ColourChoice.auto
  @Option(help: "Columns; the terminal's, or 80, if left out.") var columns: Int?
  @OptionGroup var plugin: PluginOptions
  @OptionGroup var store: StoreOptions
  @OptionGroup var threads: ThreadOptions

  enum ColourChoice: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

  /// More would hardly be read.
  private static var mostBytes: Int { 1 << 20 }

  func validate() throws {
    guard !tokenizers.isEmpty else { throw ValidationError("name a tokenizer, or several") }
    guard text == nil || file == nil else { throw ValidationError("give --text or --file, not both") }
    guard runFolder != nil || !choice.isGiven else {
      throw ValidationError("--size, --cell-seed, --variant and --budget choose a cell of a run: give --run")
    }
    guard html == nil || !(json || ids || columns != nil || color != .auto) else {
      throw ValidationError("--html writes a page: give it without --json, --ids, --columns and --color")
    }
    guard columns.map((20...10_000).contains) ?? true else { throw ValidationError("--columns must be 20 to 10000") }
  }

  func run() throws {
    let registry = try plugin.registry(Source.self)
    let bytes = try text.map { Array($0.utf8) } ?? [UInt8](readInput(file))
    guard bytes.count <= Self.mostBytes else {
      throw FileError(file ?? "standard input", "has \(bytes.count) bytes; show takes up to 1 MiB")
    }
    let opened = try runFolder.map { (RunFolder($0), try store.openExisting()) }
    let rows = try tokenizers.map { name in
      let cell = try opened.map { folder, store in
        try choice.cell(of: name, in: folder, store: store, registry: registry, threads: threads.threads)
      }
      let tokenizer = try cell?.tokenizer ?? namedTokenizer(name, registry, threads: threads.threads)
      let tokens = try tokenizer.encode(bytes)
      return TokenizedText.Row(
        name: tokenizer.spec.canonicalName, ids: tokens, byteCounts: try tokenizer.byteCounts(of: tokens, in: bytes),
        bits: try cell.map { try bits(of: tokens, under: $0) })
    }
    if json { return try printJSON(rows.map { Output($0, bytes) }) }
    let shown = TokenizedText(bytes, rows: rows)
    if let html {
      let page = shown.page(title: rows.map(\.name).joined(separator: ", "))
      return try writeAtomically(Array(page.utf8), to: html)
    }
    print(
      shown.terminal(
        columns: columns ?? terminalColumns(), inColour: isInColour, placesCursor: isInColour && isatty(1) == 1,
        showsIDs: ids))
  }

  /// What each token costs a cell's M2, scored as the cell was: sequences of its length, each begun by BOS.
  private func bits(of tokens: [Token], under cell: FinishedCell) throws -> [Double] {
    try cell.model.nats(
      of: { Int32(tokens[$0]) }, exampleTokenCounts: tokens.map { _ in 1 },
      sequenceLength: cell.record.training?.sequenceLength ?? 512, precision: .f32, threads: threads.threads
    ).map { $0 / log(2) }
  }

  private var isInColour: Bool {
    let environment = ProcessInfo.processInfo.environment
    return switch color {
    case .always: true
    case .never: false
    case .auto: isatty(1) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }
  }

  /// Of what standard output is.
  private func terminalColumns() -> Int {
    var size = winsize()
    if ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 { return Int(size.ws_col) }
    return ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }.flatMap {
      (20...10_000).contains($0) ? $0 : nil
    } ?? 80
  }

  private struct Output: Encodable {
    struct Token: Encodable {
      let id: UInt32
      /// Where its bytes begin, and how many they are; absent where tokens stand for none in particular.
      let start: Int?, bytes: Int?
      /// The bytes as UTF-8, where they are.
      let text: String?
      /// What it costs the run's M2.
      let bits: Double?
    }
    let tokenizer: String
    let bytes: Int
    let tokens: [Token]

    init(_ row: TokenizedText.Row, _ text: [UInt8]) {
      tokenizer = row.name
      bytes = text.count
      var place = 0
      tokens = row.ids.indices.map { index in
        guard let count = row.byteCounts?[index] else {
          return Token(id: row.ids[index], start: nil, bytes: nil, text: nil, bits: row.bits?[index])
        }
        defer { place += count }
        return Token(
          id: row.ids[index], start: place, bytes: count,
          text: String(validating: text[place..<place + count], as: UTF8.self), bits: row.bits?[index])
      }
    }
  }
}

import Foundation
import Support
import Tokenizers

/// A tokenizer family in any language: another program that speaks frames on its standard input and output
/// (docs/plugin-protocol.md).
public struct ExternalBackend: TokenizerBackend {
  public let descriptor: TokenizerDescriptor
  let program: PluginProgram

  /// Starts the plug-in once, to hear what it is.
  /// - Throws: `TokenizerError.plugin` where it does not start, or does not speak the protocol.
  public init(_ command: PluginCommand) throws {
    let name = command.name ?? "--plugin"
    do { program = try PluginProgram(command) } catch let failure as PluginFailure {
      throw TokenizerError.plugin(tokenizer: name, reason: "\(failure)")
    }
    let hello = program.hello
    if let given = command.name, let problem = PluginHello.nameProblem(given) {
      throw TokenizerError.plugin(tokenizer: name, reason: problem)
    }
    descriptor = TokenizerDescriptor(
      name: command.name ?? hello.name, summary: printable(hello.summary ?? "a plug-in"),
      parameters: (hello.parameters ?? []).map(\.parameter), source: printable(hello.source ?? command.line),
      libraries: program.identity, origin: command.line)
    do {
      _ = try ResolvedSpec(SpecTable(name: descriptor.name, values: [:], files: [:]), descriptor: descriptor)
    } catch {
      throw TokenizerError.plugin(
        tokenizer: name, reason: printable("its plug-in (\(command.line)) has a bad default: \(error)"))
    }
  }

  /// Removes what plug-ins were given to read and to write in, a copy of the training text among it, for a process that is
  /// about to end.
  public static func removeTemporaryFolders() { TemporaryFolder.removeAll() }

  public func vocabularySize(of spec: ResolvedSpec) -> Int? {
    let own: Int? =
      switch program.hello.vocabulary {
      case .number(let number): number
      case .parameter(let key): spec.integer(key)
      case nil: nil
      }
    return own.map { takesText ? Int(ExternalTextTokenizer.byteIDs) + $0 : $0 }
  }

  public func isLossless(_ spec: ResolvedSpec) -> Bool { takesText || program.hello.lossless ?? true }

  private var takesText: Bool { program.hello.takes == .text }

  public func train(_ spec: ResolvedSpec, context: TrainingContext) throws -> any Tokenizer {
    let state = try TemporaryFolder(), corpus = try TemporaryFolder()
    try asking(spec, refused: { .training(spec.canonicalName, reason: "\($0)") }) {
      var request = PluginRequest(.train)
      request.parameters = parameters(of: spec, files: true)
      request.folder = state.path
      (request.corpus, request.lengths) = (corpus.path + "/corpus", corpus.path + "/lengths")
      request.seed = context.seed
      request.threads = context.threads
      try write(program.hello.trainingBytes == 0 ? AnySequence([]) : context.examples(), to: corpus)
      for key in spec.files.keys.sorted() { _ = try spec.contents(of: key) }  // not changed since they were named
      let process = try program.start()
      _ = try process.ask(request, as: PluginTrained.self) { context.report("\(spec.canonicalName): \($0)") }
      _ = process.stop()
      _ = try state.files()
    }
    return try asking(
      spec,
      refused: { .plugin(tokenizer: spec.canonicalName, reason: "its plug-in cannot load what it has trained: \($0)") }
    ) { try make(spec, state) }
  }

  public func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
    try asking(
      spec, refused: { .damagedFile(folder, reason: "\(spec.canonicalName) cannot be loaded: \($0)") }
    ) { try make(spec, try SavedPluginState.read(folder, program)) }
  }

  /// What the plug-in gives, and its refusal and failure as what a tokenizer throws.
  private func asking<Result>(
    _ spec: ResolvedSpec, refused: (PluginRefusal) -> TokenizerError, _ body: () throws -> Result
  ) throws -> Result {
    do { return try body() } catch let refusal as PluginRefusal {
      throw refused(refusal)
    } catch let failure as PluginFailure {
      throw TokenizerError.plugin(tokenizer: spec.canonicalName, reason: "\(failure)")
    }
  }

  private func make(_ spec: ResolvedSpec, _ state: TemporaryFolder) throws -> any Tokenizer {
    let pool = try PluginPool(program, parameters: parameters(of: spec, files: false), state: state)
    return takesText
      ? ExternalTextTokenizer(spec: spec, program: program, pool: pool)
      : ExternalTokenizer(spec: spec, program: program, pool: pool)
  }

  /// - Parameter files: whether with the paths of files, which may be gone when a saved tokenizer is loaded.
  private func parameters(of spec: ResolvedSpec, files: Bool) -> [String: PluginRequest.Value] {
    var values: [String: PluginRequest.Value] = [:]
    for parameter in descriptor.parameters where files || parameter.kind != .file {
      values[parameter.key] =
        spec.integer(parameter.key).map { .number($0) } ?? spec[parameter.key].map { .word($0) }
    }
    return values
  }

  /// The training text as it is read: as many whole examples as hold `trainingBytes`; of a plug-in that takes text, their
  /// runs of valid UTF-8, each an example.
  private func write(_ examples: some Sequence<[UInt8]>, to folder: TemporaryFolder) throws {
    let most = program.hello.trainingBytes ?? .max
    let corpus = try FileWriter(folder.path + "/corpus"), lengths = try FileWriter(folder.path + "/lengths")
    var seen = 0
    for example in examples {
      if seen >= most { break }
      seen += example.count
      let ranges = takesText ? TextRuns(example).filter(\.isText).map(\.range) : [0..<example.count]
      for range in ranges { try example[range].withUnsafeBytes { try corpus.write($0) } }
      try ranges.map { UInt32($0.count).littleEndian }.withUnsafeBytes { try lengths.write($0) }
    }
  }
}

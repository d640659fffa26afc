import Support
import Tokenizers

/// The conformance kit, and what the protocol asks beside it, run on a plug-in.
public struct PluginCheck: Sendable {
  public let tokenizer: any Tokenizer
  /// What it promises and does not keep, a sentence each; empty where all is well.
  public let problems: [String]
  /// Of the text.
  public let bytes, tokens: Int
  public let encodeMegabytesPerSecond, decodeMegabytesPerSecond: Double

  /// - Parameters:
  ///   - backend: the plug-in.
  ///   - spec: which tokenizer of it.
  ///   - examples: the text that it is trained on, encodes and decodes.
  ///   - threads: as many processes work.
  ///   - report: gets what the plug-in says of its progress.
  /// - Throws: `TokenizerError` where it cannot be trained, or not run.
  public init(
    _ backend: ExternalBackend, spec: ResolvedSpec, examples: [[UInt8]], threads: Int,
    report: @escaping @Sendable (String) -> Void
  ) throws {
    let noModel = TokenizerError.training(spec.canonicalName, reason: "a plug-in has no M1")
    let training = TrainingContext(
      examples: { AnySequence(examples) }, byteModel: { throw noModel }, seed: 0, threads: threads, report: report)
    let trained = try backend.train(spec, context: training)
    tokenizer = trained
    problems =
      conformanceProblems(
        of: Trained(backend: backend, tokenizer: trained), spec: spec, training: training,
        loading: LoadingContext(byteModel: { _ in throw noModel }, threads: threads))
      + Self.protocolProblems(backend, trained)

    bytes = examples.reduce(0) { $0 + $1.count }
    var encoded: [[Token]] = []
    let encodeSeconds = try secondsOf { encoded = try trained.encode(examples: examples, threads: threads) }
    tokens = encoded.reduce(0) { $0 + $1.count }
    let pairs = zip(encoded, examples).map { ($0, $1.count) }
    let decodeSeconds = try secondsOf { _ = try trained.decode(examples: pairs, threads: threads) }
    encodeMegabytesPerSecond = Double(bytes) / 1e6 / encodeSeconds
    decodeMegabytesPerSecond = Double(bytes) / 1e6 / decodeSeconds
  }

  /// The backend with a tokenizer that it has trained already.
  private struct Trained: TokenizerBackend {
    let backend: ExternalBackend
    let tokenizer: any Tokenizer
    var descriptor: TokenizerDescriptor { backend.descriptor }
    func train(_ spec: ResolvedSpec, context: TrainingContext) -> any Tokenizer { tokenizer }
    func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) throws -> any Tokenizer {
      try backend.load(spec, from: folder, context: context)
    }
    func vocabularySize(of spec: ResolvedSpec) -> Int? { backend.vocabularySize(of: spec) }
    func isLossless(_ spec: ResolvedSpec) -> Bool { backend.isLossless(spec) }
  }

  /// `decodeGenerated` answers, and the end of the input is the plug-in's end.
  private static func protocolProblems(_ backend: ExternalBackend, _ tokenizer: any Tokenizer) -> [String] {
    guard let tokenizer = tokenizer as? any PluginTokenizer else { return [] }
    let name = tokenizer.spec.canonicalName
    var problems: [String] = []
    do {
      for (_, bytes) in hardCases {
        _ = try tokenizer.generated(try tokenizer.encode(bytes), maximumBytes: bytes.count)
      }
      let process = try backend.program.start()
      if !process.stop() {
        problems.append("\(name): does not end within \(PluginProcess.grace) s of the end of its standard input")
      }
    } catch { problems.append("\(name): \(error)") }
    return problems
  }

  /// Words of a made-up language, for plug-ins that are checked without a text.
  public static let sample: [UInt8] = {
    var generator = SeededGenerator(seed: 9)
    let syllables = ["ka", "to", "re", "mi", "sun", "lor", "ing", "est", "phi", "qua", "ble", "der", "ov", "zu", "wy"]
    let words = (0..<2000).map { _ in
      (0...generator.below(4)).map { _ in syllables[generator.below(syllables.count)] }.joined()
    }
    let text = (0..<40_000).map { index in
      words[generator.below(words.count) * generator.below(words.count) / words.count]
        + (index % 11 == 10 ? ".\n" : " ")
    }
    return Array(text.joined().utf8)
  }()
}

import Store
import Support
import Tokenizers
import Transformer

enum TokenizerStage {
  /// Raised when the harness hands other text or another seed to backends.
  static let version = 1

  struct Ingredients: Encodable {
    var name: String
    /// Parameters by key; of files the base name, which is part of the tokenizer's name, and the SHA-256.
    var values: [String: String]
    var files: [String: String]
    /// Of the backend and of what it saves.
    var backendVersion: Int
    var libraries: [String: String]
    var savedFormat: Int
    var training: String
    var exampleBytes: Int
    var seed: UInt64
    /// Fingerprint of M1, where the tokenizer needs one.
    var m1: String?
  }
}

extension Stages {
  /// A trained tokenizer.
  /// - Parameter m1: the byte model behind it, where it needs one.
  func tokenizer(_ spec: ResolvedSpec, corpus: Corpus, m1: (any ByteModel)?, _ trace: Trace) throws -> SavedTokenizer {
    let split = corpus.train
    let descriptor = try registry.backend(named: spec.name).descriptor
    let key = try StoreKey(
      .tokenizer, version: TokenizerStage.version,
      ingredients: TokenizerStage.Ingredients(
        name: spec.name, values: spec.table.values, files: spec.table.files.mapValues { "\($0.baseName) \($0.sha256)" },
        backendVersion: descriptor.version, libraries: descriptor.libraries, savedFormat: SavedTokenizer.format,
        training: split.sha256,
        exampleBytes: split.exampleBytes, seed: split.seed,
        m1: m1?.fingerprint))
    let entry = try entry(key, trace) { building in
      let context = TrainingContext(
        examples: { split.examples },
        byteModel: {
          guard let m1 else { throw HarnessError.cell("\(spec.canonicalName) asks for M1 but does not say so") }
          return m1
        }, seed: split.seed, threads: threads, report: { progress.line($0) })
      let trained = try registry.backend(named: spec.name).train(spec, context: context)
      try SavedTokenizer.write(trained, descriptor, into: building.folder)
    }
    return try SavedTokenizer(folder: entry.path, registry: registry, threads: threads)
  }
}

import Foundation
import Store
import Support
import Tokenizers
import Transformer

/// M1's stage: a byte model trained on the training split.
enum M1Stage {
  /// Raised when the same options give another model.
  static let version = 1
  static let scoreVersion = 2

  struct Ingredients: Encodable {
    var training: String
    var options: ByteModelOptions
    /// Of what trains and of what is written.
    var trainingVersion: Int
    /// nil for this program's own kernels.
    var torchVersion: Int?
    var inferenceVersion = Transformer.inferenceVersion
  }
  struct ScoreIngredients: Encodable {
    var fingerprint: String
    var text: String
    var exampleBytes: Int
    var seed: UInt64
    var bytes: Int
  }
  struct Score: Codable {
    /// nil for an empty text.
    var bitsPerByte: Double?
  }
}

extension Stages {
  func byteModel(_ options: ByteModelOptions, corpus: Corpus, _ trace: Trace) throws -> NeuralByteModel {
    var options = options
    options.training = options.training.forRun(of: options.steps)
    let key = try StoreKey(
      .m1, version: M1Stage.version,
      ingredients: M1Stage.Ingredients(
        training: corpus.train.sha256, options: options, trainingVersion: options.training.trainingVersion,
        torchVersion: options.training.torchVersion))
    let entry = try entry(key, trace, precision: options.training.precision) { building in
      guard let shape = ModelShape(named: options.size, vocabulary: 256) else {
        throw HarnessError.cell("unknown M1 size '\(options.size)'")
      }
      let source = RandomSpans(text: corpus.train.file, length: options.training.sequenceLength, seed: options.seed)
      let job = TrainingJob(
        shape: shape, options: options.training, steps: options.steps, seed: options.seed, source: source,
        threads: threads, workFolder: building.work)
      let (model, log) = try train(job, as: "M1", building, trace, bytesPerToken: 1) {
        corpus.heldOut.first(bytes: Self.checkedBytes).map { $0.map { Int32($0) } }
      }
      let m1 = NeuralByteModel(
        model, contextLength: options.training.sequenceLength,
        metadata: ["size": options.size, "steps": "\(options.steps)", "corpus": corpus.train.sha256])
      try m1.save(to: building.folder)
      progress.line("M1 \(options.size): \(options.steps) steps in \(duration(log.seconds))")
    }
    return try NeuralByteModel.load(from: entry.path)
  }

  /// M1's own bits/byte on what M2 is scored on, quantised as the coder sees it; nil for an empty text.
  func byteModelScore(_ model: NeuralByteModel, on split: TextSplit, bytes wanted: Int, _ trace: Trace) throws
    -> Double?
  {
    let key = try StoreKey(
      .score, version: M1Stage.scoreVersion,
      ingredients: M1Stage.ScoreIngredients(
        fingerprint: model.fingerprint, text: split.sha256, exampleBytes: split.exampleBytes, seed: split.seed,
        bytes: wanted))
    let entry = try entry(key, trace) { building in
      let examples = split.first(bytes: wanted)
      let bytes = examples.reduce(0) { $0 + $1.count }
      let bits = try parallelMap(examples.count, threads: threads) { i in
        try model.informationBits(of: examples[i], precision: QuantisedDistribution.codingPrecision)
      }
      let score = M1Stage.Score(bitsPerByte: bytes > 0 ? bits.reduce(0, +) / Double(bytes) : nil)
      try building.write(try jsonEncoder().encode(score), to: "score.json")
      if let value = score.bitsPerByte { progress.line(String(format: "M1: %.3f bits/byte held out", value)) }
    }
    return try entry.decode(M1Stage.Score.self, "score.json").bitsPerByte
  }
}

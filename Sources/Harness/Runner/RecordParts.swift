import Foundation
import Metrics
import Records
import Tokenizers
import Transformer

// The parts of a record, each from what the stages gave.

extension RunRecord.Corpus {
  init(_ options: CorpusOptions, _ corpus: Corpus, heldOutSHA256: String) {
    self.init(
      files: (options.paths + options.validationPaths).map { ($0 as NSString).lastPathComponent },
      trainingSHA256: corpus.train.sha256, heldOutSHA256: heldOutSHA256, trainingBytes: corpus.train.byteCount,
      heldOutBytes: corpus.heldOut.byteCount, documents: corpus.documents)
  }
}

extension RunRecord.M1 {
  init(_ options: ByteModelOptions, _ model: NeuralByteModel, heldOutBitsPerByte: Double?) {
    let training = options.training
    self.init(
      size: options.size, steps: options.steps, batch: training.batch, contextLength: training.sequenceLength,
      optimizer: training.optimizer.rawValue, learningRate: training.learningRate, seed: options.seed,
      precision: training.precision.rawValue,
      trainingFLOPs: options.trainingFLOPs(.all), heldOutBitsPerByte: heldOutBitsPerByte, fingerprint: model.fingerprint
    )
  }
}

extension RunRecord.Model {
  init(_ shape: ModelShape) {
    self.init(
      dim: shape.dim, heads: shape.heads, layers: shape.layers, headSize: shape.headSize, mlp: shape.mlp,
      nonEmbeddingParameters: shape.nonEmbeddingParameters, embeddingParameters: shape.embeddingParameters)
  }
}

extension RunRecord.Tokenization {
  /// - Parameters:
  ///   - histogram: of the training tokens.
  ///   - lines: of the held-out text, to be shown with their tokens.
  /// - Throws: what the tokenizer throws.
  init(
    _ tokenizer: any Tokenizer, training: TrainingTokens, histogram: [Int], heldOut: HeldOutTokens, lines: [String]
  ) throws {
    let size = tokenizer.vocabularySize, bytes = heldOut.byteCount, tokens = heldOut.tokenCount
    self.init(
      vocabularySize: size, trainingBytes: training.bytes, trainingTokens: training.tokens.count,
      compressionRatio: Metrics.compressionRatio(bytes: bytes, tokens: tokens),
      bitCompressionRatio: Metrics.bitCompressionRatio(bytes: bytes, tokens: tokens, vocabularySize: size),
      uniformBitsPerByte: Metrics.uniformBitsPerByte(bytes: bytes, tokens: tokens, vocabularySize: size),
      unigramBitsPerByte: Metrics.unigramBitsPerByte(
        training: histogram, heldOut: heldOut.tokens.histogram(), bytes: bytes),
      vocabularyUse: Double(histogram.count { $0 > 0 }) / Double(max(1, size)),
      divergenceFromUniformBits: training.tokens.count > 0 ? Metrics.divergenceFromUniformBits(histogram) : nil,
      isLossless: tokenizer.isLossless, roundTrips: heldOut.facts.roundTripProblem == nil,
      roundTripProblem: heldOut.facts.roundTripProblem, flopsPerByte: tokenizer.flopsPerByte,
      facts: heldOut.facts.backend,
      lines: try lines.map { line in
        let text = Array(line.utf8)
        let ids = try tokenizer.encode(text)
        return Line(text: line, ids: ids, byteCounts: try tokenizer.byteCounts(of: ids, in: text))
      })
  }
}

extension RunRecord.Training {
  init(
    _ options: TrainingOptions, shape: ModelShape, steps: Int, tokens: TrainingTokens, bytesPerToken: Double?,
    lossNats: [RunRecord.Point], heldOutBitsPerByte: [RunRecord.Point], curveBytes: Int
  ) {
    let seen = Double(steps) * Double(options.tokensPerStep)
    let bytes = seen * (bytesPerToken ?? 0)
    let parameters = Double(shape.nonEmbeddingParameters + shape.embeddingParameters)
    self.init(
      steps: steps, batch: options.batch, sequenceLength: options.sequenceLength,
      optimizer: options.optimizer.rawValue, schedule: options.schedule.rawValue, learningRate: options.learningRate,
      precision: options.precision.rawValue, shards: options.shards,
      trainer: options.torch == nil ? nil : "torch", tokens: steps * options.tokensPerStep,
      bytes: bytes, epochs: seen / Double(max(1, tokens.tokens.count)),
      contextBytes: Double(options.sequenceLength) * (bytesPerToken ?? 0), bytesPerParameter: bytes / parameters,
      lossNats: lossNats, heldOutBitsPerByte: heldOutBitsPerByte, curveBytes: curveBytes)
  }
}

extension RunRecord.FLOPs {
  init(
    _ shape: ModelShape, _ options: TrainingOptions, steps: Int, heldOutBytesPerToken: Double?,
    tokenizerPerByte: Double,
    m1Counted: Double?
  ) {
    let all = FLOPsConvention.all.forwardPerToken(shape, sequenceLength: options.sequenceLength)
    let outside = FLOPsConvention.nonembedding.forwardPerToken(shape, sequenceLength: options.sequenceLength)
    let trained = Double(steps) * Double(options.tokensPerStep)
    let perByte = heldOutBytesPerToken.map { 1 / $0 } ?? 0
    self.init(
      trainingAll: 3 * all * trained, trainingNonEmbedding: 3 * outside * trained, perTokenAll: all,
      perTokenNonEmbedding: outside, perByteAll: all * perByte, perByteNonEmbedding: outside * perByte,
      tokenizerPerByte: tokenizerPerByte, m1Counted: m1Counted)
  }
}

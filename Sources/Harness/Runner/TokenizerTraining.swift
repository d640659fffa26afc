import Tokenizers
import Transformer

extension Stages {
  /// Trains a tokenizer outside an experiment, M1 included where it needs one and none is given. Corpus, M1 and
  /// tokenizer lie in the store: a stopped training goes on, a repeated one finds them.
  public func trainTokenizer(
    _ spec: ResolvedSpec, corpus paths: [String], m1 options: ByteModelOptions, given: NeuralByteModel? = nil,
    seed: UInt64
  ) throws -> any Tokenizer {
    var corpusOptions = CorpusOptions(paths: paths)
    corpusOptions.seed = seed
    corpusOptions.validationShare = 0  // nothing is scored: all text trains
    let trace = Trace()
    let corpus = try corpus(corpusOptions, trace, requiresHeldOut: false)
    let needsM1 = try registry.backend(named: spec.name).descriptor.needsByteModel
    let m1 = needsM1 ? try given ?? byteModel(options, corpus: corpus, trace) : nil
    return try tokenizer(spec, corpus: corpus, m1: m1, trace).tokenizer
  }
}

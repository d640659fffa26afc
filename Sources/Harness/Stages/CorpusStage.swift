import Store
import Support

extension Stages {
  /// The prepared corpus.
  /// - Throws: ``HarnessError/corpus(file:place:reason:)`` for unreadable files, bad lines, or a split that is empty.
  func corpus(_ options: CorpusOptions, _ trace: Trace, requiresHeldOut: Bool = true) throws -> Corpus {
    let training = try DocumentReader(paths: options.paths)
    let heldOut = try DocumentReader(paths: options.validationPaths)
    let ingredients = try Corpus.Ingredients(options, training: training, heldOut: heldOut)
    let key = try StoreKey(.corpus, version: Corpus.version, ingredients: ingredients)
    let entry = try entry(key, trace) { building in
      progress.line("reading \(training.files.count + heldOut.files.count) corpus file(s)")
      try Corpus.build(ingredients, training: training, heldOut: heldOut, in: building.folder)
    }
    let corpus = try Corpus(entry, exampleBytes: options.exampleBytes, seed: options.seed)
    for (name, split) in [("training", corpus.train), ("held-out", corpus.heldOut)]
    where split.byteCount == 0 && (requiresHeldOut || name == "training") {
      throw HarnessError.corpus(
        file: options.paths.joined(separator: ", "), place: nil,
        reason: "the \(name) split is empty; give more text, or change validationShare or validationPaths")
    }
    return corpus
  }

  /// A further text to score on, whole, as one split.
  func text(named name: String, _ paths: [String], like options: CorpusOptions, _ trace: Trace) throws -> TextSplit {
    var own = CorpusOptions(paths: paths)
    own.validationShare = 0
    own.separator = options.separator
    own.exampleBytes = options.exampleBytes
    own.seed = options.seed
    return try corpus(own, trace, requiresHeldOut: false).train
  }
}

import Store
import Support
import Synchronization

extension Stages {
  /// The prepared corpus.
  /// - Throws: ``HarnessError/corpus(file:place:reason:)`` for unreadable files, bad lines, or a split that is empty.
  func corpus(_ options: CorpusOptions, _ trace: Trace, requiresHeldOut: Bool = true) throws -> Corpus {
    if let (corpus, entry) = corpora.find(options) {
      trace.note(Stored(entry: entry, wasThere: true))
      return corpus
    }
    let training = try DocumentReader(paths: options.paths)
    let heldOut = try DocumentReader(paths: options.validationPaths)
    let ingredients = try Corpus.Ingredients(options, training: training, heldOut: heldOut)
    let key = try StoreKey(.corpus, version: Corpus.version, ingredients: ingredients)
    let entry = try entry(key, trace) { building in
      progress.line("reading \(training.files.count + heldOut.files.count) corpus file(s)")
      try Corpus.build(ingredients, training: training, heldOut: heldOut, in: building.folder)
      guard try training.identities() == ingredients.training, try heldOut.identities() == ingredients.heldOut else {
        throw HarnessError.corpus(
          file: options.paths.joined(separator: ", "), place: nil,
          reason: "a file changed while it was read; run again when it is whole")
      }
    }
    let corpus = try Corpus(entry, exampleBytes: options.exampleBytes, seed: options.seed)
    for (name, split) in [("training", corpus.train), ("held-out", corpus.heldOut)]
    where split.byteCount == 0 && (requiresHeldOut || name == "training") {
      throw HarnessError.emptySplit(name, file: options.paths.joined(separator: ", "))
    }
    corpora.keep(corpus, entry, for: options)
    return corpus
  }

  /// A further text to score on, whole, as one split.
  func text(named name: String, _ paths: [String], like options: CorpusOptions, _ trace: Trace) throws -> TextSplit {
    var own = CorpusOptions(paths: paths)
    own.validationShare = 0
    own.separator = options.separator
    own.exampleBytes = options.exampleBytes
    own.seed = options.seed
    do { return try corpus(own, trace, requiresHeldOut: false).train } catch HarnessError.emptySplit {
      throw HarnessError.corpus(file: paths.joined(separator: ", "), place: nil, reason: "the text '\(name)' is empty")
    }
  }
}

/// The corpora that this process has opened: their files are hashed once, not for every cell.
final class OpenCorpora: Sendable {
  private let opened = Mutex<[CorpusOptions: (Corpus, StoreEntry)]>([:])
  func find(_ options: CorpusOptions) -> (Corpus, StoreEntry)? { opened.withLock { $0[options] } }
  func keep(_ corpus: Corpus, _ entry: StoreEntry, for options: CorpusOptions) {
    opened.withLock { $0[options] = (corpus, entry) }
  }
}

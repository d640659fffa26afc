import Foundation
import Support
import Tokenizers
import Transformer

/// Trains a tokenizer outside an experiment, M1 included where it needs one and `m1Folder` gives none.
public func trainTokenizer(
  _ spec: ResolvedSpec, registry: Registry, corpus paths: [String], m1: ByteModelOptions, m1Folder: String? = nil,
  seed: UInt64, threads: Int, progress: Progress
) throws -> any Tokenizer {
  let given = try m1Folder.map { try NeuralByteModel.load(from: $0) }
  let work = FileManager.default.temporaryDirectory.appendingPathComponent("harness-train-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: work) }
  let experiment = Experiment(training: spec, corpus: CorpusOptions(paths: paths), m1: m1, seed: seed)
  let corpus = try Corpus(experiment.corpus, cache: work + "/corpus", requiresValidation: false) {
    progress.line($0)
  }
  let stages = Stages(
    experiment: experiment, registry: registry, corpus: corpus, work: work, threads: threads, progress: progress,
    givenByteModel: given)
  return try stages.tokenizer(spec).tokenizer
}

extension Experiment {
  /// An experiment of no cells, for training one tokenizer.
  init(training spec: ResolvedSpec, corpus: CorpusOptions, m1: ByteModelOptions, seed: UInt64) {
    name = "train"
    self.corpus = corpus
    self.corpus.seed = seed
    self.corpus.validationShare = 0  // nothing is scored: all text trains
    tokenizers = [spec.canonicalName]
    self.m1 = m1
    m1Seed = seed
    sizes = []
    m2 = TrainingOptions()
    match = Match()
    seeds = []
    evaluation = Evaluation()
  }
}

/// Samples from a finished cell of a run.
public func generate(
  runFolder: String, tokenizer name: String, size: String?, cellSeed: UInt64?, prompt: String, bytes: Int,
  temperature: Double, seed: UInt64, registry: Registry
) throws -> Generation {
  let records = try RunRecord.loadAll(runFolder: runFolder).filter { $0.status == "ok" }
  let canonical = (try? registry.resolve(name).canonicalName) ?? name
  let names = unique(records.map(\.tokenizer))
  guard names.contains(canonical) else {
    let hint = nearestWord(to: canonical, in: names).map { "; did you mean '\($0)'?" } ?? ""
    throw HarnessError.usage(
      "the run has no finished cell of '\(name)'\(hint); it has \(names.joined(separator: ", "))")
  }
  guard
    let record = records.first(where: {
      $0.tokenizer == canonical && (size == nil || $0.size == size) && (cellSeed == nil || $0.seed == cellSeed)
    }), let sha256 = record.tokenization?.sha256
  else { throw HarnessError.usage("the run has no finished cell of \(canonical) at that size and seed") }
  let cell = Plan.Cell(tokenizer: record.tokenizer, size: record.size, seed: record.seed, steps: nil, flops: nil)
  let (model, metadata) = try Model.load(from: runFolder + "/models/\(cell.fileName).safetensors")
  let folder = runFolder + "/work/tokenizers"
  for key in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
    guard let saved = try? SavedTokenizer(folder: folder + "/" + key, registry: registry), saved.sha256 == sha256 else {
      continue
    }
    return try generate(
      model: model, tokenizer: saved.tokenizer, prompt: Array(prompt.utf8), bytes: bytes, temperature: temperature,
      sequenceLength: metadata["sequenceLength"].flatMap(Int.init) ?? 512, seed: seed)
  }
  throw HarnessError.file(
    folder, reason: "the cell's trained tokenizer is not there; run the experiment again in this folder")
}

import Analysis
import Foundation
import Store
import Support
import Tokenizers
import Transformer

/// A question and its answer as one sequence of tokens.
struct TaskExample: Equatable {
  let tokens: [Int32]
  /// Where the answer lies.
  let answer: Range<Int>

  /// - Parameter mark: stands between the two.
  init(question: [Int32], mark: Int32, answer: [Int32]) {
    tokens = question + [mark] + answer
    self.answer = question.count + 1..<tokens.count
  }
}

/// Ids of a task over a tokenizer: its own, then one for each byte, then a mark.
struct TaskIDs {
  let own: Int
  var vocabulary: Int { own + 257 }
  var mark: Int32 { Int32(own + 256) }
  func bytes(_ text: [UInt8]) -> [Int32] { text.map { Int32(own) + Int32($0) } }
  func tokens(_ tokens: [Token]) -> [Int32] { tokens.map { Int32($0) } }
}

/// The examples in turn, each filled up with marks that nobody learns.
struct TaskSequences: SequenceSource {
  let examples: [TaskExample]
  let mark: Int32

  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>) {
    let tokens = examples[index % examples.count].tokens
    for t in out.indices { out[t] = t < tokens.count ? tokens[t] : mark }
  }
  func scoredPositions(_ index: Int) -> Range<Int>? { examples[index % examples.count].answer }
}

/// Pieces of a text of so many bytes, the first of every example, then the second, …: neighbours are of different places.
func textPieces(_ split: TextSplit, bytes: Int, count: Int) -> [[UInt8]] {
  var pieces: [[UInt8]] = []
  let examples = (0..<min(split.count, count)).map { split[$0] }
  var offset = 0
  while pieces.count < count, examples.contains(where: { $0.count >= offset + bytes }) {
    for example in examples where example.count >= offset + bytes {
      pieces.append(Array(example[offset..<offset + bytes]))
    }
    offset += bytes
  }
  return Array(pieces.prefix(count))
}

/// Different words of 4 to 10 letters, evenly spread over a text; every eighth is held out.
func spellingWords(of examples: [[UInt8]]) -> (training: [String], heldOut: [String]) {
  let all = lines(of: examples, bytes: 1...10_000).flatMap { line in
    line.split { !$0.isLetter }.filter { (4...10).contains($0.count) }.map(String.init)
  }
  let words = spread(unique(all), count: 4_000).enumerated()
  return (words.filter { $0.offset % 8 != 7 }.map(\.element), words.filter { $0.offset % 8 == 7 }.map(\.element))
}

enum TaskStage {
  /// Raised when the same ingredients give another model.
  static let version = 1
  static let heldOutQuestions = 200
  static let trainingBytes = 4_000_000

  struct Ingredients: Encodable {
    var task: TaskNeed
    var shape: ModelShape
    var options: TrainingOptions
    var steps: Int
    /// Of the tokenizer, the training text and the weights that it begins with.
    var tokenizer, text: String
    var initial: String?
    var trainingVersion: Int
  }
}

extension Stages {
  /// Trains a model to answer, or finds it, and asks it what it was not trained on.
  /// - Parameter path: of the weights that it begins with; nil for fresh ones.
  func answer(_ need: TaskNeed, from path: String?, _ run: PaperRun, _ trace: Trace) throws -> TaskScore {
    let (request, corpus, saved) = try prepared(need.tokenizer, run, trace)
    let ids = TaskIDs(own: saved.tokenizer.vocabularySize)
    guard let shape = ModelShape(named: need.size, vocabulary: ids.vocabulary) else {
      throw HarnessError.cell("unknown model size '\(need.size)'")
    }
    var options = request.m2
    let isSpelling = need.kind == .spellByNewIds || need.kind == .spellByOwnTokens
    if isSpelling {
      (options.batch, options.sequenceLength) = (16, 48)
      options.learningRate *= 0.3  // it goes on from weights that are trained
    }
    let perStep = FLOPsConvention.all.trainingPerToken(shape, sequenceLength: options.sequenceLength)
    let steps = max(1, Int(need.budget / (perStep * Double(options.tokensPerStep))))
    options = options.forRun(of: steps)
    let (training, heldOut) =
      isSpelling
      ? try spelling(need, ids, corpus, saved.tokenizer)
      : try coding(
        need, ids, corpus, saved.tokenizer, sequenceLength: options.sequenceLength, count: steps * options.batch)
    func fitting(_ examples: [TaskExample]) -> [TaskExample] {
      examples.filter { $0.tokens.count <= options.sequenceLength }
    }
    let source = TaskSequences(examples: fitting(training), mark: ids.mark)
    guard !source.examples.isEmpty else {
      throw HarnessError.cell("no question of \(need.tokenizer) fits into \(options.sequenceLength) tokens")
    }
    let initial = try path.map { path in
      (
        model: try Model.load(from: path).model.widened(to: ids.vocabulary, seed: request.seed),
        sha256: try sha256(file: path)
      )
    }
    let key = try StoreKey(
      .model, version: TaskStage.version,
      ingredients: TaskStage.Ingredients(
        task: need, shape: shape, options: options, steps: steps, tokenizer: saved.sha256, text: corpus.train.sha256,
        initial: initial?.sha256, trainingVersion: options.trainingVersion))
    let title = "\(need.kind.rawValue) \(need.tokenizer) \(need.size)"
    let entry = try entry(key, trace, precision: options.precision) { building in
      var job = TrainingJob(
        shape: shape, options: options, steps: steps, seed: request.seed, source: source, threads: threads,
        workFolder: building.work)
      job.initial = initial
      let (model, log) = try train(job, as: title, building, trace, bytesPerToken: nil) { [] }
      try model.save(
        to: building.folder + "/" + ModelStage.modelName, metadata: ["sequenceLength": "\(options.sequenceLength)"])
      progress.line("\(title): \(steps) steps in \(duration(log.seconds))")
    }
    let model = try Model.load(from: entry.file(ModelStage.modelName)).model
    let asked = fitting(heldOut), answers = try model.predictions(of: asked.map(\.tokens), threads: threads)
    return TaskScore(
      need: need, steps: steps, counts: asked.map(\.answer.count),
      right: zip(asked, answers).map { one, found in one.answer.count { found[$0].likeliest == one.tokens[$0] } },
      nats: zip(asked, answers).map { one, found in one.answer.reduce(0.0) { $0 + found[$1].nats } })
  }

  /// Pieces of text and their tokens: pieces that fit into a sequence with both, also for the control, which needs no tokens.
  private func coding(
    _ need: TaskNeed, _ ids: TaskIDs, _ corpus: Corpus, _ tokenizer: any Tokenizer, sequenceLength: Int, count: Int
  ) throws -> (training: [TaskExample], heldOut: [TaskExample]) {
    let bytes = sequenceLength / 2
    func examples(_ pieces: [[UInt8]]) throws -> [TaskExample] {
      zip(pieces, try tokenizer.encode(examples: pieces, threads: threads)).compactMap {
        piece, tokens -> TaskExample? in
        let text = ids.bytes(piece), code = ids.tokens(tokens)
        guard text.count + code.count < sequenceLength else { return nil }
        return switch need.kind {
        case .compress: TaskExample(question: text, mark: ids.mark, answer: code)
        case .bytes: TaskExample(question: [], mark: ids.mark, answer: text)
        default: TaskExample(question: code, mark: ids.mark, answer: text)
        }
      }
    }
    let most = min(count, TaskStage.trainingBytes / bytes)
    return (
      try examples(textPieces(corpus.train, bytes: bytes, count: most)),
      try examples(textPieces(corpus.heldOut, bytes: bytes, count: TaskStage.heldOutQuestions))
    )
  }

  /// Words' tokens and their letters.
  private func spelling(_ need: TaskNeed, _ ids: TaskIDs, _ corpus: Corpus, _ tokenizer: any Tokenizer) throws -> (
    training: [TaskExample], heldOut: [TaskExample]
  ) {
    let words = spellingWords(of: corpus.train.first(bytes: 2_000_000))
    func examples(_ words: [String]) throws -> [TaskExample] {
      let coded = try tokenizer.encode(examples: words.map { Array($0.utf8) }, threads: threads)
      return try zip(words, coded).map { word, tokens in
        let letters =
          need.kind == .spellByOwnTokens
          ? ids.tokens(try word.flatMap { try tokenizer.encode(Array(String($0).utf8)) }) : ids.bytes(Array(word.utf8))
        return TaskExample(question: ids.tokens(tokens), mark: ids.mark, answer: letters + [ids.mark])
      }
    }
    return (try examples(words.training), try examples(words.heldOut))
  }
}

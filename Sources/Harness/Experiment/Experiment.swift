import Foundation
import Metrics
import Tokenizers
import Transformer

/// What a cell's training budget is counted in.
public enum MatchBy: String, Sendable, CaseIterable, Codable { case flops, tokens, bytes, steps }

/// One experiment: everything that decides a run's results.
public struct Experiment: Sendable, Codable {
  public struct Match: Sendable, Codable, Hashable {
    public var by = MatchBy.flops
    /// Training FLOPs, tokens, bytes or steps of each cell.
    public var budget = 1e12
    public var flops = FLOPsConvention.all
  }
  public struct Evaluation: Sendable, Codable, Hashable {
    /// Held-out bytes that every tokenizer is scored on (whole examples).
    public var bytes = 1_000_000
    /// Evaluations during training, the last one at its end.
    public var points = 5
    /// Held-out bytes of all evaluations but the last.
    public var quickBytes = 100_000
  }
  public var name: String
  public var corpus: CorpusOptions
  /// Canonical names.
  public var tokenizers: [String]
  public var m1: ByteModelOptions
  public var m1Seed: UInt64 = 0
  public var sizes: [String]
  public var m2: TrainingOptions
  public var match: Match
  public var seeds: [UInt64]
  public var evaluation: Evaluation

  /// Reads and checks an experiment file.
  /// - Throws: ``HarnessError/experiment(file:line:key:reason:)`` naming the key, the line and the nearest valid word.
  public init(file path: String, registry: Registry) throws {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw HarnessError.file(path, reason: "cannot be read; give an experiment file such as experiments/quick.yaml")
    }
    try self.init(yaml: text, file: path, registry: registry)
  }

  public init(yaml: String, file path: String, registry: Registry) throws {
    let root = try YAMLSection(yaml: yaml, file: path)
    name = try root.string("name") ?? ((path as NSString).lastPathComponent as NSString).deletingPathExtension
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }), name.first != "." else {
      throw root.error("name", "'\(name)' must be letters, digits, - and _: it names a folder")
    }

    let corpusSection = try root.section("corpus")
    var corpus = CorpusOptions(paths: try corpusSection.strings("paths") ?? [])
    guard !corpus.paths.isEmpty else { throw corpusSection.error("paths", "give at least one file, folder or pattern") }
    corpus.validationPaths = try corpusSection.strings("validationPaths") ?? []
    corpus.validationShare = try corpusSection.number("validationShare", in: 0.0001...0.5) ?? corpus.validationShare
    corpus.separator = try corpusSection.string("separator") ?? corpus.separator
    corpus.exampleBytes = try corpusSection.integer("exampleBytes", in: 16...1 << 24) ?? corpus.exampleBytes
    corpus.seed = UInt64(try corpusSection.integer("seed", in: 0...1 << 52) ?? 0)
    try corpusSection.finish()
    self.corpus = corpus

    guard let names = try root.strings("tokenizers"), !names.isEmpty else {
      throw root.error("tokenizers", "list at least one tokenizer, such as Bytes")
    }
    var canonical: [String] = []
    var written: [String] = []
    var windowBits: [Int] = []
    for (index, text) in names.enumerated() {
      do {
        let resolved = try registry.resolve(text)
        guard !canonical.contains(resolved.canonicalName) else {
          throw root.error("tokenizers[\(index)]", "\(resolved.canonicalName) is listed twice")
        }
        canonical.append(resolved.canonicalName)
        written.append(resolved.writtenName)
        if let bits = try registry.backend(named: resolved.name).windowBits(of: resolved) { windowBits.append(bits) }
      } catch let error as TokenizerError { throw root.error("tokenizers", error.description, element: index) }
    }
    tokenizers = written

    var m1 = ByteModelOptions()
    if let section = try root.optionalSection("m1") {
      m1.size = try section.choice("size", ModelShape.sizeNames) ?? m1.size
      m1.steps = try section.integer("steps", in: 1...1 << 40) ?? m1.steps
      m1Seed = UInt64(try section.integer("seed", in: 0...1 << 52) ?? 0)
      let restarts = try section.string("context") == "window"
      if !restarts {
        m1.training.sequenceLength = try section.integer("context", in: 16...1 << 16) ?? m1.training.sequenceLength
      }
      try Self.training(section, &m1.training)
      if restarts {
        guard let bits = windowBits.max() else {
          throw section.error("context", "'window' needs a tokenizer with windows, such as EqualInfoAC[b=16,v=65k]")
        }
        m1.restartAsWindows(bits: bits)
      }
      try section.finish()
    }
    self.m1 = m1

    let m2Section = try root.section("m2")
    sizes = try m2Section.strings("sizes") ?? []
    guard !sizes.isEmpty else {
      throw m2Section.error("sizes", "give at least one of \(ModelShape.sizeNames.joined(separator: ", "))")
    }
    for size in sizes where !ModelShape.sizeNames.contains(size) {
      throw m2Section.unknown("sizes", size, among: ModelShape.sizeNames)
    }
    guard Set(sizes).count == sizes.count else { throw m2Section.error("sizes", "a size is listed twice") }
    var m2 = TrainingOptions()
    m2.sequenceLength = try m2Section.integer("sequenceLength", in: 2...1 << 16) ?? m2.sequenceLength
    try Self.training(m2Section, &m2)
    try m2Section.finish()
    self.m2 = m2

    let matchSection = try root.section("match")
    match = Match()
    match.by = MatchBy(rawValue: try matchSection.choice("by", MatchBy.allCases.map(\.rawValue)) ?? "flops") ?? .flops
    guard let budget = try matchSection.number("budget", in: 1...1e30) else {
      throw matchSection.error("budget", "is missing: the training \(match.by.rawValue) of each cell, such as 8e12")
    }
    match.budget = budget
    match.flops =
      FLOPsConvention(rawValue: try matchSection.choice("flops", FLOPsConvention.allCases.map(\.rawValue)) ?? "all")
      ?? .all
    try matchSection.finish()

    let seedList = try root.integers("seeds", in: 0...1 << 52) ?? [0]
    guard !seedList.isEmpty, Set(seedList).count == seedList.count else {
      throw root.error("seeds", "give different integers")
    }
    seeds = seedList.map(UInt64.init)

    evaluation = Evaluation()
    if let section = try root.optionalSection("evaluation") {
      evaluation.bytes = try section.integer("bytes", in: 1...1 << 40) ?? evaluation.bytes
      evaluation.points = try section.integer("points", in: 1...1000) ?? evaluation.points
      evaluation.quickBytes = try section.integer("quickBytes", in: 1...1 << 40) ?? min(100_000, evaluation.bytes)
      try section.finish()
    }
    try root.finish()

    // A budget below one step is refused before anything is trained, where the vocabulary is known from the name.
    for size in sizes {
      for name in tokenizers {
        let spec = try registry.resolve(name)
        guard let vocabulary = try registry.backend(named: spec.name).vocabularySize(of: spec),
          let shape = ModelShape(named: size, vocabulary: vocabulary),
          let steps = steps(shape: shape, bytesPerToken: 1), steps < 1
        else { continue }
        throw matchSection.error(
          "budget",
          "\(budget) is under one training step of \(name) at size \(size); raise it, or lower batch or sequenceLength")
      }
    }
  }

  private static func training(_ section: YAMLSection, _ options: inout TrainingOptions) throws {
    options.batch = try section.integer("batch", in: 1...1 << 20) ?? options.batch
    options.optimizer =
      OptimizerKind(rawValue: try section.choice("optimizer", OptimizerKind.allCases.map(\.rawValue)) ?? "adamw")
      ?? .adamw
    if options.optimizer == .adafactor {
      (options.schedule, options.learningRate, options.warmup) = (.rsqrt, 1, 10_000)
    }
    if let schedule = try section.choice("schedule", Schedule.allCases.map(\.rawValue)) {
      options.schedule = Schedule(rawValue: schedule) ?? options.schedule
    }
    options.learningRate = try section.number("learningRate", in: 1e-9...100) ?? options.learningRate
    options.warmup = try section.integer("warmup", in: 0...1 << 40) ?? options.warmup
    options.weightDecay = try section.number("weightDecay", in: 0...10) ?? options.weightDecay
    options.zLoss = try section.number("zLoss", in: 0...1) ?? options.zLoss
    options.clip = try section.number("clip", in: 0...1e9) ?? options.clip
    options.shards = try section.integer("shards", in: 1...1024) ?? options.shards
    if let precision = try section.choice("precision", Precision.allCases.map(\.rawValue) + ["auto"]) {
      options.precision = Precision(rawValue: precision) ?? .fastest
    }
  }

  /// Tokens of one training step.
  public var tokensPerStep: Int { m2.batch * m2.sequenceLength }

  /// Steps that the budget buys; nil where bytes per token must be measured first.
  public func steps(shape: ModelShape, bytesPerToken: Double?) -> Int? {
    let perStep = Double(tokensPerStep)
    switch match.by {
    case .flops:
      return Int(match.budget / (perStep * match.flops.trainingPerToken(shape, sequenceLength: m2.sequenceLength)))
    case .tokens: return Int(match.budget / perStep)
    case .bytes: return bytesPerToken.map { Int(match.budget / (perStep * $0)) }
    case .steps: return Int(match.budget)
    }
  }
}

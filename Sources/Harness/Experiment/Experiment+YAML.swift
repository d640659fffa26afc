import Foundation
import Records
import Support
import Tokenizers
import Transformer

extension Experiment {
  /// Reads and checks an experiment file.
  /// - Parameter registry: with the file's plug-ins (``registry(file:extending:by:)``).
  /// - Throws: ``HarnessError/experiment(file:line:key:reason:)`` naming the key, the line and the nearest valid word.
  public init(file path: String, registry: Registry) throws {
    try self.init(YAMLSection(file: path), file: path, registry: registry)
  }

  public init(yaml: String, file path: String, registry: Registry) throws {
    try self.init(YAMLSection(yaml: yaml, file: path), file: path, registry: registry)
  }

  private init(_ root: YAMLSection, file path: String, registry: Registry) throws {
    let name = try root.string("name") ?? ((path as NSString).lastPathComponent as NSString).deletingPathExtension
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }), name.first != "." else {
      throw root.error("name", "'\(name)' must be letters, digits, - and _: it names a folder")
    }
    self.init(
      name: name, corpus: try CorpusOptions(root.section("corpus")),
      tokenizers: try Self.tokenizers(root, registry: registry))
    plugins = try Self.plugins(root)
    if let section = try root.optionalSection("m1") { m1 = try M1(section) }
    m2 = try M2(root.section("m2"))
    try checkSweeps(root, registry: registry)
    let matchSection = try root.section("match")
    (match, budgets) = try Match.read(matchSection)
    let seedList = try root.integers("seeds", in: 0...1 << 52) ?? [0]
    guard !seedList.isEmpty, Set(seedList).count == seedList.count else {
      throw root.error("seeds", "give different integers")
    }
    seeds = seedList.map(UInt64.init)
    if let section = try root.optionalSection("evaluation") { evaluation = try Evaluation(section) }
    if let section = try root.optionalSection("cluster") { cluster = try Cluster(section) }
    let overlays = try root.overlays("variants", keeping: ["name", "corpus", "plugins", "variants"])
    try root.finish()
    try checkBudget(matchSection, registry: registry)
    for (name, section) in overlays {
      var one = try Experiment(section, file: path, registry: registry)
      one.variant = name
      variants.append(one)
    }
  }

  /// The tokenizers as written, each checked, none twice.
  private static func tokenizers(_ root: YAMLSection, registry: Registry) throws -> [String] {
    guard let names = try root.strings("tokenizers"), !names.isEmpty else {
      throw root.error("tokenizers", "list at least one tokenizer, such as Bytes")
    }
    var canonical: Set<String> = []
    return try names.enumerated().map { index, text in
      do {
        let contestant = try Contestant(text, registry: registry)
        guard canonical.insert(contestant.name).inserted else {
          throw root.error("tokenizers", "\(contestant.name) is listed twice", element: index)
        }
        return contestant.writtenName
      } catch let error as TokenizerError { throw root.error("tokenizers", error.description, element: index) }
    }
  }

  /// A swept tokenizer takes trials, and `m2` says what all cells of a table need to know of them: what is set aside of
  /// their training text must not depend on which tokenizers are listed.
  private func checkSweeps(_ root: YAMLSection, registry: Registry) throws {
    guard m2.tuning == nil,
      let index = try tokenizers.firstIndex(where: { try Contestant($0, registry: registry).isSwept })
    else { return }
    throw root.error(
      "tokenizers",
      "the vocabulary of \(tokenizers[index]) is searched by short runs; say at which rates: write "
        + "learningRate: {tune: [\(m2.training.learningRate)]} in m2 (one is enough)",
      element: index)
  }

  /// A budget below one step, or above what can be counted, is refused before anything is trained, where the name tells
  /// the vocabulary.
  private func checkBudget(_ section: YAMLSection, registry: Registry) throws {
    guard m2.contextBytes == nil else { return }  // a step's tokens are known when bytes/token are
    for size in m2.sizes {
      for spec in try tokenizers.flatMap({ try Contestant($0, registry: registry).specs(size: size) }) {
        guard let vocabulary = try registry.backend(named: spec.name).vocabularySize(of: spec),
          let shape = ModelShape(named: size, vocabulary: vocabulary)
        else { continue }
        for (index, match) in matches.enumerated() {
          let key = budgets.isEmpty ? "budget" : "budgets", element = budgets.isEmpty ? nil : index
          do {
            guard let steps = try match.steps(shape: shape, training: m2.training, bytesPerToken: 1), steps < 1 else {
              continue
            }
          } catch { throw section.error(key, "\(error)", element: element) }
          throw section.error(
            key,
            "\(short(match.budget)) is under one training step of \(spec.canonicalName) at size \(size); raise it, or lower batch or sequenceLength",
            element: element)
        }
      }
    }
  }
}

extension CorpusOptions {
  fileprivate init(_ section: YAMLSection) throws {
    self.init(paths: try section.strings("paths") ?? [])
    guard !paths.isEmpty else { throw section.error("paths", "give at least one file, folder or pattern") }
    validationPaths = try section.strings("validationPaths") ?? []
    validationShare = try section.number("validationShare", in: 0.0001...0.5) ?? validationShare
    separator = try section.string("separator") ?? separator
    exampleBytes = try section.integer("exampleBytes", in: 16...1 << 24) ?? exampleBytes
    seed = UInt64(try section.integer("seed", in: 0...1 << 52) ?? 0)
    try section.finish()
  }
}

extension Experiment.M1 {
  fileprivate init(_ section: YAMLSection) throws {
    self.init()
    size = try section.choice("size", ModelShape.sizeNames) ?? size
    steps = try section.integer("steps", in: 1...1 << 40) ?? steps
    seed = UInt64(try section.integer("seed", in: 0...1 << 52) ?? 0)
    if try section.string("context") == "window" {
      context = .window
    } else if let positions = try section.integer("context", in: 16...1 << 16) {
      context = .positions(positions)
    }
    precision = try training.read(section)
    try section.finish()
  }
}

extension Experiment.M2 {
  fileprivate init(_ section: YAMLSection) throws {
    self.init()
    sizes = try section.strings("sizes") ?? []
    guard !sizes.isEmpty else {
      throw section.error("sizes", "give at least one of \(ModelShape.sizeNames.joined(separator: ", "))")
    }
    for size in sizes where !ModelShape.sizeNames.contains(size) {
      throw section.unknown("sizes", size, among: ModelShape.sizeNames)
    }
    guard Set(sizes).count == sizes.count else { throw section.error("sizes", "a size is listed twice") }
    training.sequenceLength = try section.integer("sequenceLength", in: 2...1 << 16) ?? training.sequenceLength
    contextBytes = try section.integer("contextBytes", in: 2...1 << 24)
    if section.isMapping("learningRate") { tuning = try Tuning(section.section("learningRate")) }
    precision = try training.read(section, isTuned: tuning != nil)
    if let tuning { training.learningRate = tuning.rates[tuning.rates.count / 2] }
    try section.finish()
  }
}

extension Tuning {
  fileprivate init(_ section: YAMLSection) throws {
    let rates = try section.numbers("tune", in: TrainingOptions.learningRates) ?? []
    guard rates.count == 1 || rates.count >= Self.fewestRates, Set(rates).count == rates.count else {
      throw section.error(
        "tune",
        "give at least \(Self.fewestRates) different rates, such as [1e-3, 2e-3, 4e-3, 8e-3], or one to search "
          + "vocabularies alone")
    }
    self.init(rates: rates)
    budgetShare = try section.number("share", in: 0.001...1) ?? budgetShare
    textBytes = try section.integer("bytes", in: 1...1 << 40) ?? textBytes
    try section.finish()
  }
}

extension TrainingOptions {
  fileprivate static let learningRates = 1e-9...100.0

  /// Reads the keys that M1 and M2 share; returns the precision, nil for `auto`.
  /// - Parameter isTuned: whether the learning rate is searched, and not a number to be read.
  fileprivate mutating func read(_ section: YAMLSection, isTuned: Bool = false) throws -> Precision? {
    batch = try section.integer("batch", in: 1...1 << 20) ?? batch
    let recipes = Recipe.allCases.map(\.rawValue), kinds = OptimizerKind.allCases.map(\.rawValue)
    let kind = try section.choice("optimizer", kinds).flatMap(OptimizerKind.init)
    let recipe = try section.choice("recipe", recipes).flatMap(Recipe.init)
    follow(recipe ?? (kind == .adafactor ? .paper : .standard))
    if recipe == .paper, kind == .adamw, try section.number("learningRate", in: Self.learningRates) == nil {
      throw section.error("optimizer", "adamw diverges at the paper's rate, Adafactor's: give learningRate with it")
    }
    optimizer = kind ?? optimizer
    let schedules = Schedule.allCases.map(\.rawValue)
    if let word = try section.choice("schedule", schedules) { schedule = Schedule(rawValue: word) ?? schedule }
    if !isTuned { learningRate = try section.number("learningRate", in: Self.learningRates) ?? learningRate }
    embeddingRate = try section.number("embeddingRate", in: 1e-6...1e6) ?? embeddingRate
    vectorRate = try section.number("vectorRate", in: 1e-6...1e6) ?? vectorRate
    referenceWidth = try section.integer("referenceWidth", in: 0...1 << 20) ?? referenceWidth
    if let steps = try section.integer("referenceSteps", in: 0...1 << 40) { referenceSteps = steps == 0 ? nil : steps }
    embeddingScale = try section.number("embeddingScale", in: 1e-6...1e3) ?? embeddingScale
    beta2 = try section.number("beta2", in: 0...0.999999) ?? beta2
    warmup = try section.integer("warmup", in: 0...1 << 40) ?? warmup
    weightDecay = try section.number("weightDecay", in: 0...10) ?? weightDecay
    zLoss = try section.number("zLoss", in: 0...1) ?? zLoss
    clip = try section.number("clip", in: 0...1e9) ?? clip
    shards = try section.integer("shards", in: 1...1024) ?? shards
    torch = try TorchOptions.read(section, batch: batch)
    let word = try section.choice("precision", Precision.allCases.map(\.rawValue) + ["auto"]) ?? precision.rawValue
    return Precision(rawValue: word)
  }
}

extension TorchOptions {
  /// nil where this program's own kernels train.
  fileprivate static func read(_ section: YAMLSection, batch: Int) throws -> TorchOptions? {
    let trainer = try section.choice("trainer", ["native", "torch"]) ?? "native"
    let gpus = try section.integer("gpus", in: 1...1024),
      microBatch = try section.integer("microBatch", in: 1...1 << 20)
    guard trainer == "torch" else {
      for (key, value) in [("gpus", gpus), ("microBatch", microBatch)] where value != nil {
        throw section.error(key, "is of PyTorch: give trainer: torch with it")
      }
      return nil
    }
    var options = TorchOptions()
    options.gpus = gpus ?? options.gpus
    options.microBatch = microBatch ?? min(options.microBatch, batch / options.gpus)
    guard batch % options.gpus == 0 else {
      throw section.error("gpus", "\(options.gpus) cannot share a batch of \(batch) evenly; change batch")
    }
    if try section.string("precision") == Precision.exact.rawValue {
      throw section.error("precision", "'exact' is of this program's own kernels; give f32 or bf16, or trainer: native")
    }
    return options
  }
}

extension Match {
  /// One budget, or the budgets of a ladder: then the match has the smallest.
  fileprivate static func read(_ section: YAMLSection) throws -> (match: Match, budgets: [Double]) {
    var match = Match()
    match.by = MatchBy(rawValue: try section.choice("by", MatchBy.allCases.map(\.rawValue)) ?? "flops") ?? .flops
    let budget = try section.number("budget", in: 1...1e30), budgets = try section.numbers("budgets", in: 1...1e30)
    switch (budget, budgets) {
    case (nil, nil):
      throw section.error("budget", "is missing: the training \(match.by.rawValue) of each cell, such as 8e12")
    case (_?, _?): throw section.error("budgets", "give either budget or budgets, not both")
    case (let budget, let budgets):
      if let budgets, budgets.isEmpty || zip(budgets, budgets.dropFirst()).contains(where: { $0 >= $1 }) {
        throw section.error("budgets", "give different numbers, the smallest first, such as [1e12, 4e12, 1.6e13]")
      }
      match.budget = budget ?? budgets?.first ?? match.budget
    }
    let conventions = FLOPsConvention.allCases.map(\.rawValue)
    match.flops = FLOPsConvention(rawValue: try section.choice("flops", conventions) ?? "all") ?? .all
    let accounts = ["free"] + M1Account.allCases.map(\.rawValue)
    match.m1 = try section.choice("m1", accounts).flatMap(M1Account.init)
    if let account = match.m1, match.by != .flops {
      throw section.error(
        "m1",
        "'\(account.rawValue)' takes FLOPs from a budget that is in \(match.by.rawValue); give by: flops, or m1: free")
    }
    try section.finish()
    return (match, budgets ?? [])
  }
}

extension Experiment.Cluster {
  fileprivate init(_ section: YAMLSection) throws {
    self.init()
    if section.isMapping("sbatch") {
      let options = try section.section("sbatch")
      sbatch = try options.strings("all") ?? []
      for stage in StageKind.allCases { stageSbatch[stage] = try options.strings(stage.rawValue) }
      try options.finish()
    } else {
      sbatch = try section.strings("sbatch") ?? []
    }
    tokenTasks = try section.integer("tokenTasks", in: 1...10_000) ?? tokenTasks
    try section.finish()
  }
}

extension Experiment.Evaluation {
  fileprivate init(_ section: YAMLSection) throws {
    self.init()
    bytes = try section.integer("bytes", in: 1...1 << 40) ?? bytes
    points = try section.integer("points", in: 1...ModelStage.snapshotShares.count + 1) ?? points
    quickBytes = try section.integer("quickBytes", in: 1...1 << 40) ?? min(100_000, bytes)
    if let named = try section.optionalSection("texts") {
      texts = try named.stringLists()
      if texts[RunRecord.Score.heldOut] != nil {
        throw named.error(RunRecord.Score.heldOut, "is the name of the experiment's own text; choose another")
      }
    }
    lossy = try section.choice("lossy", Lossy.allCases.map(\.rawValue)).flatMap(Lossy.init)
    try section.finish()
  }
}

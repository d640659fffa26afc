import Analysis
import Foundation
import Records
import Store
import Support
import Tokenizers
import Transformer

/// A paper's parts at one scale, over one text, in one run folder.
public struct PaperRun: Sendable {
  public let request: PaperRequest
  public let folder: RunFolder
  public let registry: Registry
  /// What `precision: auto` means in the folder.
  let fastest: Precision

  var scale: PaperScale { request.scale }

  /// - Parameter decides: whether to settle what depends on the machine where it is not settled yet.
  /// - Throws: ``TokenizerError`` for a scale whose SentencePiece is none; ``HarnessError`` for sizes that are none.
  public init(_ request: PaperRequest, folder: RunFolder, registry: Registry, decides: Bool) throws {
    let scale = request.scale
    for size in scale.sizes + [scale.largeVocabularySize, scale.m1.size] where !ModelShape.sizeNames.contains(size) {
      throw HarnessError.cell(
        "size '\(size)' of scale \(scale.name) is not one of \(ModelShape.sizeNames.joined(separator: ", "))")
    }
    // Analyses look names up as they write them.
    let name = try registry.resolve(scale.sentencePiece).canonicalName
    var request = request
    request.scale.sentencePiece = name
    self.request = request
    self.folder = folder
    self.registry = registry
    fastest = try folder.fastest(decides: decides)
  }

  public var name: String { "paper-\(scale.name)" }

  /// Whether all texts are there: some are read only after an hour.
  /// - Throws: ``HarnessError/corpus(file:place:reason:)`` where a path names nothing readable.
  public func checkTexts() throws {
    for paths in [request.corpus.paths, request.corpus.validationPaths] + request.texts.values where !paths.isEmpty {
      _ = try DocumentReader(paths: paths)
    }
  }

  /// The experiment that a table's cells are of.
  func experiment(_ table: CellTable) -> Experiment {
    var one = Experiment(name: name, corpus: request.corpus, tokenizers: table.tokenizers)
    one.corpus.exampleBytes = scale.exampleBytes
    one.m1.size = scale.m1.size
    one.m1.context = .positions(scale.m1.context)
    one.m1.training.batch = scale.m1.batch
    one.m1.steps = table.m1Steps ?? scale.m1.steps
    one.m1.precision = nil
    one.m2.sizes = table.sizes
    one.m2.training.sequenceLength = scale.sequenceLength
    one.m2.training.batch = scale.batch
    one.m2.precision = nil
    switch table.match {
    case .flops(let budget): (one.match.by, one.match.budget) = (.flops, budget)
    case .tokens(let budget): (one.match.by, one.match.budget) = (.tokens, budget)
    case .bytes(let budget): (one.match.by, one.match.budget) = (.bytes, budget)
    }
    one.seeds = table.seeds
    one.evaluation.bytes = scale.heldOutBytes
    one.evaluation.quickBytes = scale.quickBytes
    one.evaluation.texts = request.texts
    one.evaluation.lossy = .scored  // the paper's windows do not decode
    return one
  }

  /// - Throws: ``TokenizerError`` for a name that is none.
  func cells(_ table: CellTable) throws -> [CellRequest] {
    try ResolvedExperiment(experiment(table), registry: registry, fastest: fastest).cells
  }

  /// The cells of all tables of some parts, each once, in the parts' order.
  public func resolved(_ parts: [PaperPart]) throws -> ResolvedExperiment {
    let all = try parts.flatMap { $0.needs(scale).cells }.flatMap(cells)
    var seen: Set<CellIdentity> = []
    return ResolvedExperiment(
      name: name, fastest: fastest, cells: try all.filter { seen.insert(try CellIdentity($0)).inserted })
  }
}

/// What tells a cell of one experiment from the others: equal for cells whose records stand for each other.
struct CellIdentity: Hashable {
  let outline, tokenizer, size: String
  let seed: UInt64
  let corpus: CorpusOptions

  init(_ request: CellRequest) throws {
    outline = try ComparisonProtocol(outline: request).hash
    (tokenizer, size, seed, corpus) = (request.tokenizer, request.size, request.seed, request.corpus)
  }
}

extension ResolvedExperiment {
  /// Cells that are chosen one by one.
  init(name: String, fastest: Precision, cells: [CellRequest]) {
    self.name = name
    self.fastest = fastest
    self.cells = cells
    tokenizers = unique(cells.map(\.tokenizer))
  }
}

// MARK: Running

extension PaperRun {
  /// Trains and scores what some parts read, as far as it is not there.
  /// - Parameter each: called after every cell.
  /// - Returns: how many cells failed.
  public func train(_ parts: [PaperPart], _ stages: Stages, jobs: Int, each: @Sendable () throws -> Void) throws -> Int
  {
    let resolved = try resolved(parts)
    guard !resolved.cells.isEmpty else { return 0 }
    try folder.keep(resolved)
    return try Runner(resolved.cells, records: folder.records, stages: stages, jobs: jobs).run { _ in try each() }
      .failures.count
  }
}

// MARK: The plan

extension PaperRun {
  /// What each part takes, and all of them together.
  /// - Parameter flopsPerSecond: what training is assumed to run at.
  public func plan(_ parts: [PaperPart], flopsPerSecond: Double) throws -> String {
    var seen: Set<CellIdentity> = []
    let widest = parts.map(\.key.count).max() ?? 0
    var lines: [String] = []
    for part in parts {
      let cells = try resolved([part]).cells
      let new = try cells.filter { seen.insert(try CellIdentity($0)).inserted }
      let plan = try Plan(ResolvedExperiment(name: name, fastest: fastest, cells: new), registry: registry)
      let flops = plan.cells.reduce(0) { $0 + ($1.flops ?? 0) }
      let unknown = plan.cells.count { $0.flops == nil }
      let key = part.key.padding(toLength: widest, withPad: " ", startingAt: 0)
      var words: [String] = []
      if !cells.isEmpty {
        words.append(
          "\(cells.count) cells, \(cells.count - new.count) of them of parts above"
            + (new.isEmpty ? "" : "; \(scientific(flops)) FLOPs")
            + (unknown > 0 ? " and \(unknown) cells whose FLOPs take a trained tokenizer to tell" : ""))
      }
      let answering = part.needs(scale).tasks
      if !answering.isEmpty {
        words.append(
          "\(answering.count) models that answer; \(scientific(answering.reduce(0) { $0 + $1.budget })) FLOPs")
      }
      lines.append("  \(key)  " + (words.isEmpty ? "no training" : words.joined(separator: "; ")))
    }
    let whole = try Plan(resolved(parts), registry: registry), tasks = parts.flatMap { $0.needs(scale).tasks }
    let answers =
      tasks.isEmpty
      ? [] : ["and \(tasks.count) models that answer: \(scientific(tasks.reduce(0) { $0 + $1.budget })) FLOPs more"]
    return
      (["\(name): \(parts.count) parts"] + lines + [whole.description(flopsPerSecond: flopsPerSecond, place: "here")]
      + answers)
      .joined(separator: "\n")
  }
}

// MARK: What is there

extension PaperRun {
  /// The records of a folder, by what they stand for; none where there is no run yet.
  func records() throws -> [CellIdentity: RunRecord] {
    guard FileManager.default.fileExists(atPath: folder.records.path) else { return [:] }
    var found: [CellIdentity: RunRecord] = [:]
    for record in try folder.records.load().records {
      guard let request = try? record.request.decoded(as: CellRequest.self) else { continue }
      found[try CellIdentity(request)] = record
    }
    return found
  }

  /// What analyses read of a table: of records of several protocols, such as two versions of this program wrote into one
  /// folder, those like the newest; the others count as missing.
  func input(_ table: CellTable, _ records: [CellIdentity: RunRecord], _ baseline: Baseline) throws -> (
    input: AnalysisInput, missing: Int
  ) {
    let cells = try cells(table), known = try cells.compactMap { records[try CellIdentity($0)] }
    let newest = known.max { $0.circumstances.written < $1.circumstances.written }
    let shared = try newest?.protocol ?? ComparisonProtocol(outline: cells[0])
    let found = known.filter { $0.protocol == shared }
    let plan = ReportPlan(
      cells: cells.map { .init(tokenizer: $0.tokenizer, size: $0.size, seed: $0.seed) }, protocol: shared)
    return (AnalysisInput(records: found, protocol: shared, plan: plan, baseline: baseline), cells.count - found.count)
  }

  /// The report of what lies in the folder, with every part: of those that were not run, the command.
  /// - Parameters:
  ///   - baseline: the paper's figures.
  ///   - command: what runs one part alone, by its key.
  /// - Throws: ``FileError`` for damaged records and measurements.
  public func report(baseline: Baseline, command: (String) -> String) throws -> PaperReport {
    let records = try records()
    let read = try paperParts.map { part in
      let needs = part.needs(scale)
      return (part: part, needs: needs, tables: try needs.cells.map { ($0.name, try input($0, records, baseline)) })
    }
    let seeds = SeedSpread(read.flatMap { one in one.tables.flatMap { $0.1.input.groups } })
    let measured = try read.map { $0.needs.measures ? try measurements(of: $0.part, records) : PaperMeasurements() }
    let samples = measured.flatMap { $0?.samples ?? [] }
    let sources = zip(read, measured).map { one, measured in
      let (part, _, tables) = one
      return PaperReport.Source(
        part: part,
        input: PaperInput(
          scale: scale, baseline: baseline,
          tables: Dictionary(tables.map { ($0.0, $0.1.input) }, uniquingKeysWith: { first, _ in first }),
          measurements: measured ?? PaperMeasurements(), samples: samples, seeds: seeds),
        missingCells: tables.reduce(0) { $0 + $1.1.missing }, isMeasured: measured != nil, command: command(part.key))
    }
    let trained = try resolved(paperParts).cells.compactMap { records[try CellIdentity($0)] }.filter(\.isFinished)
    return PaperReport(
      title: "The paper at scale \(scale.name)", introduction: introduction(trained, baseline),
      sources: sources)
  }

  private func introduction(_ records: [RunRecord], _ baseline: Baseline) -> [Artifact] {
    let m2 =
      "M2 of sizes \(scale.sizes.joined(separator: ", ")), \(short(scale.budget)) training FLOPs a cell unless a part says "
      + "otherwise; M1 of size \(scale.m1.size), \(short(Double(scale.m1.steps))) steps; the standard recipe (docs/training.md)."
    let paper = " The paper trains M2 of 25m to 2b on \(short(baseline.number("setup", "m2", "tokens"))) tokens."
    var findings: [RichText] = [
      "What \(baseline.source) measured, asked again at this scale, beside the paper's figures.", RichText(m2 + paper),
    ]
    if let corpus = records.compactMap(\.corpus).first {
      findings.append(
        "Corpus: \(corpus.files.joined(separator: ", ")), \(short(Double(corpus.trainingBytes)))B of training text.")
    }
    if !records.isEmpty {
      let flops = records.compactMap { $0.flops?.trainingAll }.reduce(0, +)
      findings.append(
        "\(records.count) cells are trained, with \(short(flops)) FLOPs together; their records lie in \(code: "records/")."
      )
    }
    return [
      .findings(findings.map { Finding($0) }),
      .note(
        "A verdict is computed from the numbers beside it, by 95% intervals or paired tests (p < 0.05): \"cannot be told\" where these "
          + "allow either. A claim of several comparisons is seen if each is, which needs no correction for their number, and not "
          + "seen if one is not, which has none: with many, one of them may be chance. With one seed a test is of these trained models on "
          + "other text; where settings like these were trained with several seeds (part \"Seeds\", at the smallest size), what these change "
          + "counts too where cells' bits/byte on the held-out text are compared as they stand: not gains, points at equal FLOPs/byte, "
          + "weights on the way or other texts."),
      .note(
        "‡ of a lossy code: the paper's windows (\(code: "end=greedy")) do not always decode, so that M2's bits may leave some of the "
          + "text out. ○, in figures a hollow mark, not learned: M2 does not save more than 1% of the best trivial model's bits (uniform, frequencies "
          + "of its own training tokens, or of the first 2 MiB of training text), by the interval of what it saves, or where its tokens "
          + "were not sampled by that of its bits; a difference is then of the codes and not of what M2 learned. […] is the "
          + "95% interval, of fewer than 20 examples by Student's t."),
    ]
  }
}

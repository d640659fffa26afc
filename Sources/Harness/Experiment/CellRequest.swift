import Foundation
import Records
import Support
import Tokenizers
import Transformer

/// Everything that determines one cell's content, the texts' bytes aside, with no choice left open. A record carries it, so that the record
/// alone tells how to make it again.
public struct CellRequest: Sendable, Codable, Hashable {
  /// A tokenizer that may be trained, with its M1.
  public struct Candidate: Sendable, Codable, Hashable {
    public var tokenizer: String
    public var writtenTokenizer: String
    public var m1: ByteModelOptions?
  }

  /// The plug-in that a tokenizer is of, and what decided its tokens: its command, files and version.
  public struct Plugin: Sendable, Codable, Hashable {
    public var command: PluginCommand
    public var identity: [String: String]
  }

  public var experiment: String
  /// Which of the experiment's variants it is of; nil for the experiment as it stands. No part of any key.
  public var variant: String?
  /// Canonical name, and the name as written with the paths of its files; of a ``Contestant``.
  public var tokenizer: String
  public var writtenTokenizer: String
  /// What the name stands for where it leaves the vocabulary open; nil where it does not.
  public var candidates: [Candidate]?
  /// nil for a tokenizer of this program.
  public var plugin: Plugin?
  public var size: String
  public var seed: UInt64
  public var corpus: CorpusOptions
  /// M1 behind this tokenizer; nil where it needs none, and where the candidates have their own.
  public var m1: ByteModelOptions?
  /// M1 as the experiment describes it for all its tokenizers: part of what a table shares.
  public var m1Description: [String: String]
  /// How many of the experiment's tokenizers share M1's cost, where `match.m1` is `shared`; nil elsewhere.
  public var m1Users: Int?
  /// With ``tuning``, all but the learning rate (the middle one of those to try).
  public var m2: TrainingOptions
  /// Bytes that a sequence holds, where it is they that are equal: then `m2` says only how many tokens a step has.
  public var contextBytes: Int?
  /// How the learning rate and the best of the candidates are searched, the same for all cells of a table; nil where
  /// `m2` gives the rate and nothing is searched.
  public var tuning: Tuning?
  public var match: Match
  public var evaluation: Experiment.Evaluation

  /// "GZip[v=256] 1m seed 1 for 8.00 T FLOPs", for progress.
  public var title: String {
    "\(tokenizer) \(size) seed \(seed) for \(match.title)" + (variant.map { ", \($0)" } ?? "")
  }

  /// What claims say that work for it is for.
  var purpose: String { "\(experiment): \(title)" }

  /// Names it among all cells of all experiments: 16 hexadecimal digits of the SHA-256 of the request.
  public var key: String {
    get throws { String(sha256(try jsonEncoder(pretty: false).encode(self)).prefix(16)) }
  }

  /// Whether it takes trials: there are several rates or several tokenizers to choose from.
  var isSearched: Bool { (tuning?.rates.count ?? 1) * (candidates?.count ?? 1) > 1 }

  /// The cell with each tokenizer that it may be trained with, nothing left open but the learning rate; at least one.
  var alternatives: [CellRequest] {
    var one = self
    one.candidates = nil
    one.tuning = nil
    guard let candidates else { return [one] }
    return candidates.map { candidate in
      one.tokenizer = candidate.tokenizer
      one.writtenTokenizer = candidate.writtenTokenizer
      one.m1 = candidate.m1
      return one
    }
  }

  /// The same at a learning rate.
  func at(rate: Double) -> CellRequest {
    var request = self
    request.m2.learningRate = rate
    return request
  }
}

/// An experiment with every choice made: what is machine-dependent is a value, what depended on other cells is each
/// cell's own.
public struct ResolvedExperiment: Sendable, Codable, Hashable {
  public var name: String
  /// What `precision: auto` was taken for.
  public var fastest: Precision
  /// Canonical names in the experiment's order.
  public var tokenizers: [String]
  /// The experiment as it stands, then variant by variant. In each, seeds outermost, then budgets, the smallest first: a run that is stopped has whole seeds and whole rungs of a
  /// ladder, not whole tokenizers.
  public var cells: [CellRequest]

  /// - Parameter fastest: what `precision: auto` means here.
  /// - Throws: ``TokenizerError`` for a name that no longer resolves; ``HarnessError`` for a variant whose cells would
  ///   stand in another's tables.
  public init(_ experiment: Experiment, registry: Registry, fastest: Precision) throws {
    name = experiment.name
    self.fastest = fastest
    cells = try Self.distinct(
      experiment.all.map { try Self.cells($0, registry: registry, fastest: fastest) }, of: experiment.name)
    tokenizers = unique(cells.map(\.tokenizer))
  }

  /// One that was written before (``RunFolder/path(of:)``).
  /// - Throws: ``FileError`` for what is none of this program.
  public init(file path: String) throws {
    do { self = try JSONDecoder().decode(Self.self, from: Data(readFile(path))) } catch let error as DecodingError {
      throw FileError(path, "is no resolved experiment of this program: \(decodingProblem(error))")
    }
  }

  /// Of its M2s.
  public var precision: Precision { cells.first?.m2.precision ?? .f32 }
  /// The plug-ins that its tokenizers are of.
  public var plugins: [PluginCommand] { unique(cells.compactMap { $0.plugin?.command }) }

  /// The cells of all variants, the experiment as it stands first. A cell that an earlier one has in the same table,
  /// such as a ladder's first rung, is that one.
  /// - Throws: ``HarnessError/experiment(file:line:key:reason:)`` for a variant that has no cell of its own, and for one
  ///   that would add cells to the table of an earlier one.
  private static func distinct(_ variants: [[CellRequest]], of name: String) throws -> [CellRequest] {
    var tables: [String: String] = [:]  // whose it is, by protocol
    var seen: Set<[String]> = []
    return try variants.flatMap { cells -> [CellRequest] in
      let owner = cells.first?.variant.map { "variants.\($0)" } ?? "the experiment as it stands"
      let tabled = try cells.map { (cell: $0, table: try ComparisonProtocol(outline: $0).hash) }
      let own = tabled.filter { seen.insert([$1, $0.tokenizer, $0.size, "\($0.seed)"]).inserted }
      guard !own.isEmpty else {
        throw HarnessError.experiment(
          file: name, line: nil, key: owner,
          reason: "changes nothing that a table's cells share, so that all its cells are in the table of "
            + "\(tabled.first.flatMap { tables[$0.table] } ?? ""); "
            + "change m2, m1, match or evaluation.bytes, or leave it out"
        )
      }
      if let (cell, table) = own.first(where: { tables[$0.table] != nil }), let other = tables[table] {
        throw HarnessError.experiment(
          file: name, line: nil, key: owner,
          reason: "\(cell.title) would stand in the table of \(other); let both have the same tokenizers, sizes and "
            + "seeds there, or change what a table shares, such as m2, m1, match or evaluation.bytes")
      }
      for (_, table) in own { tables[table] = owner }
      return own.map(\.cell)
    }
  }

  /// The cells of one variant.
  private static func cells(_ experiment: Experiment, registry: Registry, fastest: Precision) throws -> [CellRequest] {
    let contestants = try experiment.tokenizers.map { try Contestant($0, registry: registry) }
    var m2 = experiment.m2.training
    m2.precision = experiment.m2.precision ?? fastest
    let m1Precision = experiment.m1.precision ?? fastest
    let description = try experiment.m1.description(precision: m1Precision)
    func candidate(_ spec: ResolvedSpec) throws -> CellRequest.Candidate {
      let backend = try registry.backend(named: spec.name)
      return CellRequest.Candidate(
        tokenizer: spec.canonicalName, writtenTokenizer: spec.writtenName,
        m1: backend.descriptor.needsByteModel
          ? experiment.m1.options(precision: m1Precision, windowBits: backend.windowBits(of: spec)) : nil)
    }
    func plugin(_ spec: ResolvedSpec) throws -> CellRequest.Plugin? {
      try experiment.plugins.first { $0.name == spec.name }.map {
        CellRequest.Plugin(command: $0, identity: try registry.backend(named: spec.name).descriptor.libraries)
      }
    }
    let cells = try experiment.seeds.flatMap { seed in
      try experiment.matches.flatMap { match in
        try contestants.flatMap { contestant in
          try experiment.m2.sizes.map { size in
            let specs = contestant.specs(size: size), candidates = try specs.map(candidate)
            let isOpen = candidates.map(\.tokenizer) != [contestant.name]
            return CellRequest(
              experiment: experiment.name, variant: experiment.variant, tokenizer: contestant.name,
              writtenTokenizer: contestant.writtenName, candidates: isOpen ? candidates : nil,
              plugin: try specs.first.flatMap(plugin), size: size, seed: seed,
              corpus: experiment.corpus, m1: isOpen ? nil : candidates[0].m1, m1Description: description, m2: m2,
              contextBytes: experiment.m2.contextBytes, tuning: experiment.m2.tuning, match: match,
              evaluation: experiment.evaluation)
          }
        }
      }
    }
    return CellRequest.countingM1Users(cells)
  }
}

extension Experiment.M1 {
  /// M1 for one tokenizer. With `context: window` it restarts as that tokenizer's windows do; a tokenizer without
  /// windows, or with longer ones, gets the default context.
  func options(precision: Precision, windowBits: Int?) -> ByteModelOptions {
    var options = ByteModelOptions()
    options.size = size
    options.steps = steps
    options.seed = seed
    options.training = training
    options.training.precision = precision
    switch context {
    case .positions(let positions): options.training.sequenceLength = positions
    case .window:
      options.training.sequenceLength = 1024
      if let windowBits { options.restartAsWindows(bits: windowBits) }
    }
    return options
  }

  func description(precision: Precision) throws -> [String: String] {
    var fields = try training.fields()
    fields["precision"] = precision.rawValue
    fields["size"] = size
    fields["steps"] = "\(steps)"
    fields["seed"] = "\(seed)"
    switch context {
    case .positions(let positions): fields["context"] = "\(positions)"
    case .window: fields["context"] = "window"
    }
    fields["sequenceLength"] = nil
    return fields
  }
}

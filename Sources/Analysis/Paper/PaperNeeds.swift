/// What a part reads: trained cells, and measurements. Names are canonical.
public struct PaperNeeds: Sendable, Hashable, Codable {
  public var cells: [CellTable] = []
  /// Tokenizers whose tokens of the held-out text are counted.
  public var samples: [String] = []
  /// The same with examples of 1,024 bytes.
  public var shortSamples: [String] = []
  /// Tokenizers whose tokens of one sentence behind many words are compared.
  public var prefixed: [String] = []
  /// Tokenizers of which it is asked what texts stand behind a token.
  public var meanings: [String] = []
  /// Tokenizers with v=2, whose tokens are bits: how far from uniform these are.
  public var bits: [String] = []
  /// Names of tables of ``cells`` whose snapshots are scored, token by token.
  public var positions: [String] = []
  /// Names of tables whose snapshots' nats of every example are wanted.
  public var snapshots: [String] = []
  /// Names of tables whose models generate text.
  public var generated: [String] = []
  /// Models that are trained to answer.
  public var tasks: [TaskNeed] = []
  /// Whether the measurements tell something where no cell is trained yet.
  public var tellsWithoutCells = false

  public init() {}

  /// Whether what is measured is of models, trained for it or for ``cells``.
  public var readsModels: Bool { !(positions + snapshots + generated).isEmpty || !tasks.isEmpty }

  /// Whether there is anything to be measured.
  public var measures: Bool {
    !(samples + shortSamples + prefixed + meanings + bits + positions + snapshots + generated).isEmpty || !tasks.isEmpty
  }
}

/// A model that is trained on questions with their answers, its loss on the answers alone.
public struct TaskNeed: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable {
    /// Tokens, then their text in bytes.
    case decompress
    /// Text in bytes, then its tokens.
    case compress
    /// The text alone: what knowing nothing of the tokens gives.
    case bytes = "byte LM"
    /// A word's tokens, then its letters, by ids of their own, or each letter by the tokenizer's own tokens.
    case spellByNewIds = "spell, new ids"
    case spellByOwnTokens = "spell, own tokens"
  }
  public var tokenizer: String
  public var kind: Kind
  public var size: String
  /// Training FLOPs.
  public var budget: Double
  /// The table whose cell's weights it begins with; nil for fresh ones.
  public var table: String?

  init(_ tokenizer: String, _ kind: Kind, size: String, budget: Double, table: String? = nil) {
    self.tokenizer = tokenizer
    self.kind = kind
    self.size = size
    self.budget = budget
    self.table = table
  }
}

/// M2 cells that stand in one table: every tokenizer at every size with every seed.
public struct CellTable: Sendable, Hashable, Codable {
  public enum Match: Sendable, Hashable, Codable {
    case flops(Double)
    case tokens(Double)
    case bytes(Double)
  }
  /// Names it among the tables of a part.
  public var name: String
  public var tokenizers: [String]
  public var sizes: [String]
  public var seeds: [UInt64]
  public var match: Match
  /// nil for the scale's.
  public var m1Steps: Int?

  /// - Parameters: what is left out is the scale's: its largest size, its first seed, its budget, its M1.
  public init(
    _ name: String, _ tokenizers: [String], _ scale: PaperScale, sizes: [String]? = nil, seeds: [UInt64]? = nil,
    match: Match? = nil, m1Steps: Int? = nil
  ) {
    self.name = name
    self.tokenizers = tokenizers
    self.sizes = sizes ?? [scale.largest]
    self.seeds = seeds ?? Array(scale.seeds.prefix(1))
    self.match = match ?? .flops(scale.budget)
    self.m1Steps = m1Steps
  }
}

import Tokenizers
import Transformer

/// One experiment as its file says it: what is left to the machine or to the tokenizers is still open.
///
/// ``ResolvedExperiment`` is the same with every choice made.
public struct Experiment: Sendable, Codable, Hashable {
  public struct M1: Sendable, Codable, Hashable {
    public enum Context: Sendable, Codable, Hashable {
      /// So many positions, BOS included.
      case positions(Int)
      /// Of each tokenizer as many as its windows have bits: contexts that restart as the windows do.
      case window
    }
    public var size = "3m"
    public var steps = 2000
    public var seed: UInt64 = 0
    public var context = Context.positions(1024)
    /// `sequenceLength` and `precision` count only where ``context`` and ``precision`` say so.
    public var training = TrainingOptions()
    /// nil for the fastest of the machine.
    public var precision: Precision? = .f32

    public init() { training.batch = 8 }
  }
  public struct M2: Sendable, Codable, Hashable {
    public var sizes: [String] = []
    public var training = TrainingOptions()
    /// Bytes of text that every tokenizer looks back on, where it is they that are equal; nil for equal tokens.
    public var contextBytes: Int?
    /// How learning rates and vocabularies are found; nil where `training` gives the rate and no tokenizer is swept.
    public var tuning: Tuning?
    /// nil for the fastest of the machine.
    public var precision: Precision? = .f32
    public init() {}
  }
  public struct Evaluation: Sendable, Codable, Hashable {
    /// Held-out bytes that every tokenizer is scored on (whole examples).
    public var bytes = 1_000_000
    /// Points of the held-out curve, the final score included: at most the snapshots that training keeps, and one.
    public var points = 5
    /// Held-out bytes of all points but the last.
    public var quickBytes = 100_000
    /// Further texts to score trained models on, by name.
    public var texts: [String: [String]] = [:]
    /// What becomes of tokenizers that do not give the held-out text back; nil for no training, and no bits/byte.
    public var lossy: Lossy?
    public init() {}

    public enum Lossy: String, Sendable, Codable, CaseIterable {
      /// They are trained and scored like all others, and every report marks their bits/byte.
      case scored
    }
  }
  /// How `harness submit` asks a cluster for machines. Nothing that is computed depends on it.
  public struct Cluster: Sendable, Codable, Hashable {
    /// Options of every sbatch, and those of one stage's after them.
    public var sbatch: [String] = []
    public var stageSbatch: [StageKind: [String]] = [:]
    /// Tasks that share one tokenizer's texts.
    public var tokenTasks = 1
    public init() {}

    public func options(_ stage: StageKind) -> [String] { sbatch + (stageSbatch[stage] ?? []) }
  }
  public var name: String
  public var corpus: CorpusOptions
  /// As written, with the paths of files: names of ``Contestant``s.
  public var tokenizers: [String]
  /// Tokenizer families that are programs of their own.
  public var plugins: [PluginCommand] = []
  public var m1 = M1()
  public var m2 = M2()
  public var match = Match()
  /// A ladder over compute: every cell once for each of these budgets, ascending. Empty for ``match``'s alone.
  public var budgets: [Double] = []
  public var seeds: [UInt64] = [0]
  public var evaluation = Evaluation()
  public var cluster = Cluster()
  /// Which variant of an experiment this is; nil for the experiment as it stands.
  public var variant: String?
  /// The same experiment under other settings: all cells once more for each.
  public var variants: [Experiment] = []

  public init(name: String, corpus: CorpusOptions, tokenizers: [String]) {
    self.name = name
    self.corpus = corpus
    self.tokenizers = tokenizers
  }

  /// What each round of cells gets: one for each budget, the smallest first.
  var matches: [Match] {
    guard !budgets.isEmpty else { return [match] }
    return budgets.map { budget in
      var one = match
      one.budget = budget
      return one
    }
  }

  /// As it stands, then each variant.
  public var all: [Experiment] { [self] + variants }
}

import Support
import Transformer

/// The steps that an experiment is cut into for many machines, in their order.
public enum StageKind: String, Sendable, CaseIterable, Codable {
  /// The corpus and the M1s.
  case prepare
  /// Tokenizers, and what they make of the texts.
  case tokens
  /// M2 and its scores.
  case cell
}

/// A resolved experiment as tasks: each has an index within its stage and touches only its own inputs in the store.
///
/// A cell's task waits for those of its tokenizer alone, and these for that of its M1; without waiting each would make
/// what is missing itself.
public struct TaskGraph: Sendable {
  /// A tokenizer, with all that is asked of it.
  public struct Tokenization: Sendable {
    /// Canonical name.
    public let tokenizer: String
    /// Index of its M1 among the tasks of `prepare`.
    public let preparation: Int
    /// The cells that may be trained with it, with nothing left open but the learning rate; those that ask the same of it
    /// once.
    let requests: [CellRequest]
    /// Indices of these cells.
    public let cells: [Int]
  }

  public let cells: [CellRequest]
  /// Of the tasks of `prepare`: nil for the first, which makes the corpus alone, then the M1s.
  public let preparations: [ByteModelOptions?]
  public let tokenizations: [Tokenization]
  /// Tasks that share one tokenizer's texts.
  public let parts: Int

  /// - Parameter parts: at least 1.
  public init(_ experiment: ResolvedExperiment, parts: Int = 1) {
    cells = experiment.cells
    self.parts = parts
    let m1s = unique(cells.flatMap { $0.alternatives.compactMap(\.m1) })
    let preparations: [ByteModelOptions?] = [nil] + m1s.map(Optional.some)
    self.preparations = preparations

    struct Identity: Hashable {
      let candidate: CellRequest.Candidate
      let plugin: CellRequest.Plugin?
    }
    var order: [Identity] = []
    var users: [Identity: [(cell: Int, request: CellRequest)]] = [:]
    for (index, cell) in cells.enumerated() {
      for request in cell.alternatives {
        let candidate = CellRequest.Candidate(
          tokenizer: request.tokenizer, writtenTokenizer: request.writtenTokenizer, m1: request.m1)
        let identity = Identity(candidate: candidate, plugin: request.plugin)
        if users[identity] == nil { order.append(identity) }
        var asked = request
        asked.tuning = cell.tuning
        asked.seed = 0
        users[identity, default: []].append((index, asked))
      }
    }
    tokenizations = order.map { identity in
      let users = users[identity] ?? []
      return Tokenization(
        tokenizer: identity.candidate.tokenizer,
        preparation: preparations.firstIndex(of: identity.candidate.m1) ?? 0,
        requests: unique(users.map(\.request)), cells: unique(users.map(\.cell)))
    }
  }

  public func count(_ stage: StageKind) -> Int {
    switch stage {
    case .prepare: preparations.count
    case .tokens: tokenizations.count * parts
    case .cell: cells.count
    }
  }

  /// Indices of a tokenizer's tasks.
  public func tasks(of tokenization: Int) -> Range<Int> { tokenization * parts..<(tokenization + 1) * parts }

  /// What must be done before some cells: tasks of `prepare`, and tokenizations.
  func needed(for cells: [Int]) -> (preparations: [Int], tokenizations: [Int]) {
    let cells = Set(cells)
    let wanted = tokenizations.indices.filter { !cells.isDisjoint(with: tokenizations[$0].cells) }
    return (unique(wanted.map { tokenizations[$0].preparation }).sorted(), wanted)
  }

  /// Cells that a failure of a task leaves without what they need. A cell that has other tokenizers to choose from is
  /// none of them.
  func cellsLost(with stage: StageKind, _ index: Int) -> [CellRequest] {
    switch stage {
    case .prepare:
      guard let m1 = preparations[index] else { return [] }
      return cells.filter { $0.alternatives.allSatisfy { $0.m1 == m1 } }
    case .tokens:
      return tokenizations[index / parts].cells.map { cells[$0] }.filter { $0.alternatives.count == 1 }
    case .cell: return []
    }
  }
}

/// How tasks start this program. All paths are absolute: tasks run on other machines.
public struct TaskCommand: Sendable {
  public var program, runFolder, store, workingFolder: String
  /// `resolved-….json` in the run folder: what the indices count.
  public var experiment: String
  /// Figures beside ours in the report.
  public var baseline: String?

  public init(
    program: String, runFolder: String, store: String, workingFolder: String, experiment: String, baseline: String?
  ) {
    (self.program, self.runFolder, self.store) = (program, runFolder, store)
    (self.workingFolder, self.experiment, self.baseline) = (workingFolder, experiment, baseline)
  }
}

/// "0-3,7", in their order.
func indexRanges(_ indices: [Int]) -> String {
  var runs: [ClosedRange<Int>] = []
  for index in indices {
    if let last = runs.last, last.upperBound + 1 == index {
      runs[runs.count - 1] = last.lowerBound...index
    } else {
      runs.append(index...index)
    }
  }
  return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
}

import Foundation
import Support
import Tokenizers
import Transformer

/// What a run will do, worked out before it does it. Trains nothing, measures nothing.
public struct Plan: Sendable, Codable {
  public struct Cell: Sendable, Codable, Hashable {
    /// Its place in the plan, as `harness stage cell` counts.
    public let index: Int
    /// ``CellRequest/key``.
    public let key: String
    public let tokenizer: String
    public let size: String
    public let seed: UInt64
    public let variant: String?
    /// As ``Match`` counts it.
    public let budget: Double
    /// nil where it takes the trained tokenizer, or the search, to tell.
    public let steps: Int?
    /// Where the tokenizer is searched, of the costliest candidate.
    public let flops: Double?
    /// What the store keeps of its model, snapshots included, and what training needs beside it for a checkpoint; nil as
    /// `flops`.
    public let modelBytes, checkpointBytes: Double?
    /// Of its training tokens, which cells of one tokenizer share, where the text has so many.
    public let tokenBytes: Double?
    /// Short training runs that go before; nil where nothing is searched. Cells share them.
    public let trials: Int?
    /// Theirs; nil where it takes a trained tokenizer to tell.
    public let trialFLOPs: Double?
  }
  /// An M1 that some cells stand on.
  public struct M1: Sendable, Codable, Hashable {
    public let size: String
    public let contextLength: Int
    public let steps: Int
    public let flops: Double
    /// What the store keeps of it.
    public let modelBytes: Double
  }
  public let cells: [Cell]
  public let m1: [M1]
  /// FLOPs of all trials that are known; those that seeds share are counted once, those that variants share in each.
  public let trialFLOPs: Double
  /// What the store keeps of the models of the same trials.
  public let trialBytes: Double
  public let precision: Precision
  /// Whether this program's own kernels train all of its M2s: what they do in a second can be measured here.
  public let isNative: Bool

  public init(_ experiment: ResolvedExperiment, registry: Registry) throws {
    var searched: [Trial: Cost] = [:]
    cells = try experiment.cells.enumerated().map { index, request in
      let alternatives = request.alternatives
      let costs = try alternatives.map { try Self.cost(of: $0, registry: registry) }
      let steps = unique(costs.map { $0?.steps })
      var trials: [Double?] = []
      if request.isSearched, let tuning = request.tuning {
        for (alternative, cost) in zip(alternatives, costs) {
          for rate in tuning.rates {
            let flops = cost.map { $0.flops * tuning.budgetShare }
            var same = alternative.at(rate: rate)
            same.seed = Tuning.seed
            same.variant = nil
            searched[Trial(request: same, share: tuning.budgetShare)] = cost
            trials.append(flops)
          }
        }
      }
      let known = costs.contains { $0 == nil } ? [] : costs.compactMap(\.self)
      return Cell(
        index: index, key: try request.key, tokenizer: request.tokenizer, size: request.size, seed: request.seed,
        variant: request.variant,
        budget: request.match.budget, steps: steps.count == 1 ? steps[0] : nil,
        flops: known.map(\.flops).max(), modelBytes: known.map(\.modelBytes).max(),
        checkpointBytes: known.map(\.checkpointBytes).max(), tokenBytes: known.map(\.tokenBytes).max(),
        trials: trials.isEmpty ? nil : trials.count,
        trialFLOPs: trials.isEmpty || trials.contains(nil) ? nil : trials.compactMap(\.self).reduce(0, +))
    }
    trialFLOPs = searched.map { $0.value.flops * $0.key.share }.sorted().reduce(0, +)
    trialBytes = searched.values.map(\.weightBytes).sorted().reduce(0, +)
    m1 = unique(experiment.cells.flatMap { $0.alternatives.compactMap(\.m1) }).map { options in
      let shape = ModelShape(named: options.size, vocabulary: 256)
      return M1(
        size: options.size, contextLength: options.training.sequenceLength, steps: options.steps,
        flops: shape.map { options.training.trainingFLOPs($0, steps: options.steps) } ?? 0,
        modelBytes: shape.map(Self.weightBytes) ?? 0)
    }
    precision = experiment.precision
    isNative = experiment.cells.allSatisfy { $0.m2.torch == nil }
  }

  /// What tells one trial from another.
  private struct Trial: Hashable {
    let request: CellRequest
    let share: Double
  }

  /// Of a request with nothing left open; nil where it takes the trained tokenizer to tell, and where M1 leaves nothing.
  private static func cost(of request: CellRequest, registry: Registry) throws -> Cost? {
    let spec = try registry.resolve(request.writtenTokenizer)
    guard request.contextBytes == nil,
      let vocabulary = try registry.backend(named: spec.name).vocabularySize(of: spec),
      let shape = ModelShape(named: request.size, vocabulary: vocabulary),
      let steps = try request.matchAfterM1.steps(shape: shape, training: request.m2, bytesPerToken: nil), steps >= 1
    else { return nil }
    let weights = weightBytes(shape)
    let moments: Double = request.m2.optimizer == .adamw ? 2 : 0  // Adafactor's are small
    return Cost(
      steps: steps, flops: request.m2.trainingFLOPs(shape, steps: steps), weightBytes: weights,
      modelBytes: weights * Double(1 + ModelStage.snapshotSteps(steps).count), checkpointBytes: weights * (1 + moments),
      tokenBytes: Double(steps) * Double(request.m2.tokensPerStep)
        * (TokenStore.isWide(vocabularySize: vocabulary) ? 4 : 2))
  }

  private static func weightBytes(_ shape: ModelShape) -> Double {
    4 * Double(shape.embeddingParameters + shape.nonEmbeddingParameters)
  }

  private struct Cost {
    var steps: Int
    var flops, weightBytes, modelBytes, checkpointBytes, tokenBytes: Double
  }

  /// Training FLOPs of all cells whose steps are known, of their trials, and of the M1s.
  public var totalFLOPs: Double {
    cells.reduce(0) { $0 + ($1.flops ?? 0) } + trialFLOPs + m1.reduce(0) { $0 + $1.flops }
  }

  /// What the store will hold at most of models and training tokens, as far as it is known.
  public var totalBytes: Double {
    let tokens = Dictionary(cells.map { ($0.tokenizer, $0.tokenBytes ?? 0) }, uniquingKeysWith: max)
    return cells.reduce(0) { $0 + ($1.modelBytes ?? 0) } + trialBytes + m1.reduce(0) { $0 + $1.modelBytes }
      + tokens.values.sorted().reduce(0, +)
  }

  /// What all of it takes on machines of a stated speed and price.
  public struct Estimate: Sendable, Codable {
    /// Training FLOPs a second of one machine: its peak times the share of it that is used.
    public var flopsPerSecond: Double
    /// Hours of one machine.
    public var hours: Double
    /// At `pricePerHour`; nil where no price is stated.
    public var price, pricePerHour: Double?
  }

  public func estimate(flopsPerSecond: Double, pricePerHour: Double?) -> Estimate {
    let hours = totalFLOPs / flopsPerSecond / 3600
    return Estimate(
      flopsPerSecond: flopsPerSecond, hours: hours, price: pricePerHour.map { $0 * hours }, pricePerHour: pricePerHour)
  }

  /// Whether ``totalFLOPs`` is all there is.
  private var isTotalKnown: Bool {
    cells.allSatisfy { $0.flops != nil && ($0.trials == nil || $0.trialFLOPs != nil) }
  }

  /// - Parameters:
  ///   - flopsPerSecond: what training is assumed to run at; nil where nothing is known of it.
  ///   - place: where, as in "here".
  public func description(flopsPerSecond: Double?, place: String) -> String {
    var lines = ["plan: \(cells.count) cells"]
    for m1 in m1 {
      lines.append(
        "  M1 \(m1.size) of \(m1.contextLength) positions  steps \(m1.steps)  FLOPs \(scientific(m1.flops))")
    }
    let widest = cells.map(\.tokenizer.count).max() ?? 0
    func row(_ cell: Cell) -> [String] { [cell.tokenizer, cell.size, "\(cell.budget)", cell.variant ?? ""] }
    func known(_ flops: Double?) -> String { flops.map(scientific) ?? "---" }
    for key in unique(cells.map(row)) {
      let same = cells.filter { row($0) == key }
      lines.append(
        "  \(key[0].padding(toLength: widest, withPad: " ", startingAt: 0))  \(key[1])  \(same.count) seed\(same.count == 1 ? "" : "s")"
          + "  steps \(same[0].steps.map(String.init) ?? "---")  FLOPs \(known(same[0].flops))"
          + (same[0].trials.map { "  after \($0) trials of FLOPs \(known(same[0].trialFLOPs)) for all seeds" } ?? "")
          + (same[0].variant.map { "  \($0)" } ?? ""))
    }
    let time =
      flopsPerSecond.map {
        "about \(duration(totalFLOPs / $0)) of training \(place) at an assumed \(Int($0 / 1e9)) GFLOP/s"
      } ?? "in a time that is not known, PyTorch's (harness plan --peak states it)"
    lines.append(
      "total \(isTotalKnown ? "" : "at least ")\(scientific(totalFLOPs)) training FLOPs, \(time), "
        + "and at most \(short(totalBytes))B in the store; what is in the store is not trained again; tokenizing and evaluation come on top"
    )
    return lines.joined(separator: "\n")
  }
}

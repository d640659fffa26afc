import Foundation
import Metrics
import Support
import Tokenizers
import Transformer

/// What a run will do, worked out before it does it.
public struct Plan: Sendable {
  public struct Cell: Sendable, Hashable {
    public let tokenizer: String
    public let size: String
    public let seed: UInt64
    /// nil where it takes the trained tokenizer to tell.
    public let steps: Int?
    public let flops: Double?

    /// Names the cell's record: letters, digits, = , . - only.
    public var fileName: String {
      let safe = tokenizer.map { $0.isLetter || $0.isNumber || "=,.-".contains($0) ? $0 : "_" }
      return "\(String(safe)).\(size).seed\(seed)"
    }
  }
  public let cells: [Cell]
  public let needsM1: Bool
  public let m1FLOPs: Double
  /// Training FLOPs a second that the estimate assumes.
  public let flopsPerSecond: Double

  public init(_ experiment: Experiment, registry: Registry, flopsPerSecond: Double) throws {
    var cells: [Cell] = []
    var needsM1 = false
    // Seeds outermost: a run that is stopped has whole seeds, not whole tokenizers.
    for (index, seed) in experiment.seeds.enumerated() {
      for name in experiment.tokenizers {
        let spec = try registry.resolve(name)
        let backend = try registry.backend(named: spec.name)
        if index == 0, backend.descriptor.needsByteModel { needsM1 = true }
        for size in experiment.sizes {
          let shape = backend.vocabularySize(of: spec).flatMap { ModelShape(named: size, vocabulary: $0) }
          let steps = shape.flatMap { experiment.steps(shape: $0, bytesPerToken: nil) }
          let flops = shape.flatMap { shape in
            steps.map {
              Double($0 * experiment.tokensPerStep)
                * FLOPsConvention.all.trainingPerToken(shape, sequenceLength: experiment.m2.sequenceLength)
            }
          }
          cells.append(Cell(tokenizer: name, size: size, seed: seed, steps: steps, flops: flops))
        }
      }
    }
    self.cells = cells
    self.needsM1 = needsM1
    m1FLOPs =
      ModelShape(named: experiment.m1.size, vocabulary: 256).map {
        FLOPsConvention.all.trainingPerToken($0, sequenceLength: experiment.m1.training.sequenceLength)
          * Double(experiment.m1.steps * experiment.m1.training.batch * experiment.m1.training.sequenceLength)
      } ?? 0
    self.flopsPerSecond = flopsPerSecond
  }

  /// Training FLOPs of all cells whose steps are known, and M1's.
  public var totalFLOPs: Double { cells.reduce(needsM1 ? m1FLOPs : 0) { $0 + ($1.flops ?? 0) } }

  /// Training time in seconds at half the measured matrix-product speed; tokenizing comes on top.
  public var estimatedSeconds: Double { totalFLOPs / flopsPerSecond }

  public var description: String {
    var lines = ["plan: \(cells.count) cells" + (needsM1 ? " and M1 (\(scientific(m1FLOPs)) training FLOPs)" : "")]
    let widest = cells.map(\.tokenizer.count).max() ?? 0
    var shown: Set<String> = []
    for cell in cells where shown.insert(cell.tokenizer + cell.size).inserted {
      let seeds = cells.count { $0.tokenizer == cell.tokenizer && $0.size == cell.size }
      lines.append(
        "  \(cell.tokenizer.padding(toLength: widest, withPad: " ", startingAt: 0))  \(cell.size)"
          + "  \(seeds) seed\(seeds == 1 ? "" : "s")  steps \(cell.steps.map(String.init) ?? "---")"
          + "  FLOPs \(cell.flops.map(scientific) ?? "---")")
    }
    lines.append(
      "total \(scientific(totalFLOPs)) training FLOPs, about \(duration(estimatedSeconds)) of training here at an assumed "
        + "\(Int(flopsPerSecond / 1e9)) GFLOP/s, tokenizing and evaluation not counted")
    return lines.joined(separator: "\n")
  }
}

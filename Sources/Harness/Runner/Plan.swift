import Foundation
import Support
import Tokenizers
import Transformer

/// What a run will do, worked out before it does it. Trains nothing, measures nothing.
public struct Plan: Sendable, Codable {
  public struct Cell: Sendable, Codable, Hashable {
    public let tokenizer: String
    public let size: String
    public let seed: UInt64
    public let variant: String?
    /// As ``Match`` counts it.
    public let budget: Double
    /// nil where it takes the trained tokenizer to tell.
    public let steps: Int?
    public let flops: Double?
  }
  /// An M1 that some cells stand on.
  public struct M1: Sendable, Codable, Hashable {
    public let size: String
    public let contextLength: Int
    public let steps: Int
    public let flops: Double
  }
  public let cells: [Cell]
  public let m1: [M1]
  public let precision: Precision

  public init(_ experiment: ResolvedExperiment, registry: Registry) throws {
    cells = try experiment.cells.map { request in
      let spec = try registry.resolve(request.writtenTokenizer)
      let shape = try registry.backend(named: spec.name).vocabularySize(of: spec).flatMap {
        ModelShape(named: request.size, vocabulary: $0)
      }
      // A step's tokens are known when bytes/token are; what M1 leaves nothing for is said in its record.
      let match = request.contextBytes == nil ? try? request.matchAfterM1() : nil
      let steps = try shape.flatMap { try match?.steps(shape: $0, training: request.m2, bytesPerToken: nil) }
      return Cell(
        tokenizer: request.tokenizer, size: request.size, seed: request.seed, variant: request.variant,
        budget: request.match.budget,
        steps: steps,
        flops: shape.flatMap { shape in steps.map { Self.flops(shape, request.m2, steps: $0) } })
    }
    m1 = unique(experiment.cells.compactMap(\.m1)).map { options in
      let shape = ModelShape(named: options.size, vocabulary: 256)
      return M1(
        size: options.size, contextLength: options.training.sequenceLength, steps: options.steps,
        flops: shape.map { Self.flops($0, options.training, steps: options.steps) } ?? 0)
    }
    precision = experiment.cells.first?.m2.precision ?? .f32
  }

  private static func flops(_ shape: ModelShape, _ options: TrainingOptions, steps: Int) -> Double {
    Double(steps) * Double(options.tokensPerStep)
      * FLOPsConvention.all.trainingPerToken(shape, sequenceLength: options.sequenceLength)
  }

  /// Training FLOPs of all cells whose steps are known, and of the M1s.
  public var totalFLOPs: Double { cells.reduce(0) { $0 + ($1.flops ?? 0) } + m1.reduce(0) { $0 + $1.flops } }

  /// - Parameter flopsPerSecond: what training is assumed to run at.
  public func description(flopsPerSecond: Double) -> String {
    var lines = ["plan: \(cells.count) cells"]
    for m1 in m1 {
      lines.append(
        "  M1 \(m1.size) of \(m1.contextLength) positions  steps \(m1.steps)  FLOPs \(scientific(m1.flops))")
    }
    let widest = cells.map(\.tokenizer.count).max() ?? 0
    func row(_ cell: Cell) -> [String] { [cell.tokenizer, cell.size, "\(cell.budget)", cell.variant ?? ""] }
    for key in unique(cells.map(row)) {
      let same = cells.filter { row($0) == key }
      lines.append(
        "  \(key[0].padding(toLength: widest, withPad: " ", startingAt: 0))  \(key[1])  \(same.count) seed\(same.count == 1 ? "" : "s")"
          + "  steps \(same[0].steps.map(String.init) ?? "---")  FLOPs \(same[0].flops.map(scientific) ?? "---")"
          + (same[0].variant.map { "  \($0)" } ?? ""))
    }
    lines.append(
      "total \(scientific(totalFLOPs)) training FLOPs, about \(duration(totalFLOPs / flopsPerSecond)) of training here at an assumed "
        + "\(Int(flopsPerSecond / 1e9)) GFLOP/s; what is in the store is not trained again; tokenizing and evaluation come on top"
    )
    return lines.joined(separator: "\n")
  }
}

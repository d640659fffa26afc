/// How matrix products are computed.
public enum Precision: String, Sendable, CaseIterable, Codable {
  /// OpenBLAS in single precision.
  case f32
  /// oneDNN: operands in bfloat16, sums in single precision. Weights, gradients and everything else stay in f32.
  case bf16
  /// The project's own kernels in single precision: the same bits on every machine.
  case exact

  /// bf16 where the processor has instructions for it, else f32.
  public static var fastest: Precision { (try? MatrixProduct(.bf16)) == nil ? .f32 : .bf16 }
  /// What a model trained in this precision is scored in: never bfloat16.
  public var forScores: Precision { self == .bf16 ? .f32 : self }
}

/// Which optimiser trains.
public enum OptimizerKind: String, Sendable, CaseIterable, Codable {
  /// Loshchilov & Hutter 2019: β₁ 0.9, ε 1e-8.
  case adamw
  /// Shazeer & Stern 2018: factored second moments, no momentum, updates clipped at 1 and scaled by the parameter.
  case adafactor

  func optimizer(_ layout: ParameterLayout, _ options: TrainingOptions) -> any Optimizer {
    switch self {
    case .adamw: AdamW(layout, options)
    case .adafactor: Adafactor(layout, options)
    }
  }
}

/// The moments of an optimiser over one flat parameter buffer, and its update. Every update gives the same bits on any
/// number of threads. Weights of matrices decay, apart from the update (Loshchilov & Hutter 2019); vectors' do not.
protocol Optimizer: Sendable {
  /// All that later updates depend on, by the names that checkpoints use.
  var moments: [(name: String, values: FloatBuffer)] { get }

  /// One update of the parameters.
  /// - Parameters:
  ///   - parameters, gradients: laid out as ``ParameterLayout`` says.
  ///   - gradientScale: multiplies the gradients (clipping).
  ///   - step: counts from 0.
  func update(
    _ parameters: FloatBuffer, gradients: FloatBuffer, gradientScale: Double, learningRate: Double, step: Int,
    threads: Int)
}

extension Optimizer {
  /// The moments as a checkpoint carries them.
  var state: [SafeTensors.Tensor] { moments.map { ("optimizer." + $0.name, [$0.values.count], $0.values.values) } }

  /// - Throws: ``TransformerError/damagedFile(_:reason:)``.
  func restore(_ file: SafeTensors) throws {
    for (name, values) in moments { try file.read("optimizer." + name, shape: [values.count], into: values.p) }
  }
}

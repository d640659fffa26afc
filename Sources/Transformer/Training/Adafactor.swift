import CKernels
import Support

/// Second moments factored into a mean for each row and one for each column, no first moment; the update is clipped at
/// a root mean square of 1 and scaled by that of the parameter (at least 1e-3).
/// - Source: Shazeer & Stern 2018, algorithms 4 and 5, with β₂ = 1 - step^-0.8.
struct Adafactor: Optimizer {
  /// A tensor's place in the moments. A vector is one row, whose mean is not kept.
  private struct Part {
    let tensor: Tensor
    let rows, columns: Int
    let rowOffset, columnOffset: Int
    let rate: Double  // over the base rate
  }
  private let parts: [Part]
  private let rowMeans: FloatBuffer  // of squared gradients: a number for every row of every matrix
  private let columnMeans: FloatBuffer
  private let rowFactors: FloatBuffer  // scratch: their inverse roots
  private let columnFactors: FloatBuffer
  private let weightDecay: Double
  private let kernels = ck_kernels().pointee

  init(_ layout: ParameterLayout, _ options: TrainingOptions) {
    var (rows, columns) = (0, 0)
    parts = layout.tensors.map { tensor in
      let part = Part(
        tensor: tensor, rows: tensor.isMatrix ? tensor.shape[0] : 1,
        columns: tensor.isMatrix ? tensor.shape[1] : tensor.count, rowOffset: rows, columnOffset: columns,
        rate: options.rate(of: tensor, dim: layout.dim))
      rows += part.rows
      columns += (part.columns + 15) / 16 * 16
      return part
    }
    (rowMeans, rowFactors) = (FloatBuffer(rows), FloatBuffer(rows))
    (columnMeans, columnFactors) = (FloatBuffer(columns), FloatBuffer(columns))
    weightDecay = options.weightDecay
  }

  var moments: [(name: String, values: FloatBuffer)] { [("rowMeans", rowMeans), ("columnMeans", columnMeans)] }

  func update(
    _ parameters: FloatBuffer, gradients: FloatBuffer, gradientScale: Double, learningRate: Double, step: Int,
    threads: Int
  ) {
    let keep = step == 0 ? 0 : Float(1 - ck_exp(-0.8 * ck_log(Double(step + 1))))
    parallelFor(parts.count, threads: threads) { p in  // tensors are disjoint
      update(
        parts[p], parameters: parameters, gradients: gradients, scale: Float(gradientScale), keep: keep,
        learningRate: learningRate * parts[p].rate)
    }
  }

  private func update(
    _ part: Part, parameters: FloatBuffer, gradients: FloatBuffer, scale: Float, keep: Float, learningRate: Double
  ) {
    let (rows, columns, count) = (part.rows, part.columns, part.tensor.count)
    let w = parameters.at(part.tensor.offset, count), g = gradients.at(part.tensor.offset, count)
    let rowMean = rowMeans.at(part.rowOffset, rows), columnMean = columnMeans.at(part.columnOffset, columns)
    let rowFactor = rowFactors.at(part.rowOffset, rows), columnFactor = columnFactors.at(part.columnOffset, columns)
    kernels.adafactorMoments(g, Int32(rows), Int32(columns), scale, rowFactor, columnFactor)
    if part.tensor.isMatrix {
      var mean: Float = 0
      for r in 0..<rows {
        rowMean[r] = keep * rowMean[r] + (1 - keep) * rowFactor[r]
        mean += rowMean[r]
      }
      mean /= Float(rows)
      for r in 0..<rows { rowFactor[r] = 1 / (rowMean[r] / mean).squareRoot() }
    } else {
      rowFactor[0] = 1
    }
    for c in 0..<columns {
      columnMean[c] = keep * columnMean[c] + (1 - keep) * columnFactor[c]
      columnFactor[c] = 1 / columnMean[c].squareRoot()
    }
    let norm = (kernels.adafactorNorm(g, Int32(rows), Int32(columns), scale, rowFactor, columnFactor) / Double(count))
      .squareRoot()
    let size = max(1e-3, (kernels.sumSquares(w, count) / Double(count)).squareRoot())
    kernels.adafactorApply(
      w, g, Int32(rows), Int32(columns), scale, rowFactor, columnFactor, Float(learningRate * size / max(1, norm)),
      part.tensor.isMatrix ? Float(1 - learningRate * weightDecay) : 1)
  }
}

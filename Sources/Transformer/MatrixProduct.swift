import CKernels
import COpenBLAS

/// How matrix products are computed.
public enum Precision: String, Sendable, CaseIterable, Codable {
  /// OpenBLAS in single precision.
  case f32
  /// The project's own kernels: the same bits on every machine.
  case exact
}

/// Matrix products of one precision. Single-threaded; safe to use from many threads.
package struct MatrixProduct: Sendable {
  package let precision: Precision

  /// - Throws: ``TransformerError/backend(_:)`` when the library is missing.
  package init(_ precision: Precision) throws {
    if let asked = ck_kernels_refused() {
      throw TransformerError.backend(
        "HARNESS_KERNELS=\(String(cString: asked)): this machine has no such kernels; "
          + "use avx512, avx2, neon or plain, or unset it")
    }
    if precision == .f32, let problem = cob_load() { throw TransformerError.backend(String(cString: problem)) }
    self.precision = precision
  }

  /// C `[m, n]` = op(A)·op(B), or C += with `accumulate`. op(A) is `[m, k]`, op(B) `[k, n]`; a transposed operand lies
  /// in memory as its transpose. `lda`, `ldb`, `ldc`: floats from row to row as stored.
  func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, transposeA: Bool = false, lda: Int, _ b: UnsafePointer<Float>,
    transposeB: Bool = false, ldb: Int, into c: UnsafeMutablePointer<Float>, ldc: Int, accumulate: Bool = false
  ) {
    switch precision {
    case .f32:
      cob_sgemm(
        transposeA ? 1 : 0, transposeB ? 1 : 0, Int32(m), Int32(n), Int32(k), a, Int32(lda), b, Int32(ldb), c,
        Int32(ldc), accumulate ? 1 : 0)
    case .exact:
      ck_kernels().pointee.gemm(
        Int32(m), Int32(n), Int32(k), a, transposeA ? 1 : lda, transposeA ? lda : 1, b, transposeB ? 1 : ldb,
        transposeB ? ldb : 1, c, ldc, accumulate ? 1 : 0)
    }
  }
}

/// Names and versions of the numeric libraries in use, for run records.
public func numericLibraries(precision: Precision) -> [String: String] {
  var libraries = ["kernels": String(cString: ck_kernels().pointee.name)]
  if precision == .f32 { libraries["openblas"] = String(cString: cob_config()) }
  return libraries
}

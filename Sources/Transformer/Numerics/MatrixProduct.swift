import CKernels
import COneDNN
import COpenBLAS

/// Matrix products of one precision. Single-threaded; safe to use from many threads.
package struct MatrixProduct: Sendable {
  package let precision: Precision

  /// - Throws: ``TransformerError/backend(_:)`` when the library is missing, or the machine cannot.
  package init(_ precision: Precision) throws {
    if let asked = ck_kernels_refused() {
      throw TransformerError.backend(
        "HARNESS_KERNELS=\(String(cString: asked)): this machine has no such kernels; "
          + "use avx512, avx2, neon or plain, or unset it")
    }
    switch precision {
    case .f32: if let problem = cob_load() { throw TransformerError.backend(String(cString: problem)) }
    case .bf16: if let problem = cod_load() { throw TransformerError.backend(String(cString: problem)) }
    case .exact: break
    }
    self.precision = precision
  }

  /// C `[m, n]` = op(A)·op(B), or C += with `accumulate`; then max(0, C) with `relu`. op(A) is `[m, k]`, op(B) `[k, n]`; a
  /// transposed operand lies in memory as its transpose. `lda`, `ldb`, `ldc`: numbers from row to row as stored.
  ///
  /// A and B are bfloat16 for ``Precision/bf16`` and floats otherwise; C is bfloat16 or float for bf16, else float.
  package func multiply(
    m: Int, n: Int, k: Int, _ a: Operand, transposeA: Bool = false, lda: Int, _ b: Operand, transposeB: Bool = false,
    ldb: Int, into c: Operand, ldc: Int, accumulate: Bool = false, relu: Bool = false
  ) {
    switch (a, b, c) {
    case (.bfloat16(let a), .bfloat16(let b), let c):
      precondition(precision == .bf16 && !(accumulate && c.bfloat16 != nil), "bfloat16 operands outside bf16")
      var product = CODProduct(
        m: Int32(m), n: Int32(n), k: Int32(k), transposeA: transposeA ? 1 : 0, transposeB: transposeB ? 1 : 0,
        lda: Int32(lda), ldb: Int32(ldb), ldc: Int32(ldc), accumulate: accumulate ? 1 : 0, relu: relu ? 1 : 0,
        bfloat16Result: c.bfloat16 == nil ? 0 : 1)
      let status = cod_multiply(&product, a, b, c.address)
      precondition(status == 0, "oneDNN refuses \(product), status \(status)")
    case (.float(let a), .float(let b), .float(let c)):
      if precision == .f32 {
        cob_sgemm(
          transposeA ? 1 : 0, transposeB ? 1 : 0, Int32(m), Int32(n), Int32(k), a, Int32(lda), b, Int32(ldb), c,
          Int32(ldc), accumulate ? 1 : 0)
      } else {
        ck_kernels().pointee.gemm(
          Int32(m), Int32(n), Int32(k), a, transposeA ? 1 : lda, transposeA ? lda : 1, b, transposeB ? 1 : ldb,
          transposeB ? ldb : 1, c, ldc, accumulate ? 1 : 0)
      }
      if relu { for row in 0..<m { ck_kernels().pointee.relu(c + row * ldc, n) } }
    default: preconditionFailure("operands of two precisions")
    }
  }
}

/// Loads OpenBLAS, where it is installed. To be called first in a program, before there is a second thread: OpenBLAS
/// takes its kernels and its thread count from the environment alone, as it is loaded, so that these variables are set
/// for that moment (``MatrixProduct`` would do so later), and another thread must not read the environment meanwhile.
///
/// Later calls do nothing. Where the library is missing, ``Precision/f32`` says so when it is asked for.
/// - Complexity: some milliseconds, once.
public func prepareNumerics() { _ = cob_load() }

/// Names and versions of the numeric libraries in use, for run records.
public func numericLibraries(precision: Precision) -> [String: String] {
  var libraries = ["kernels": String(cString: ck_kernels().pointee.name)]
  switch precision {
  case .f32: libraries["openblas"] = String(cString: cob_config())
  case .bf16:
    libraries["onednn"] = String(cString: cod_config())
    libraries["attention"] = String(cString: ck_narrow_attention().pointee.name)
  case .exact: break
  }
  return libraries
}

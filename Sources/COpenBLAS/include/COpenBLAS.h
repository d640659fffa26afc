// OpenBLAS, loaded at run time: OPENBLAS_CORETYPE must be set before the library's constructor runs, and only so can a
// program choose the kernels without its user setting anything.
#pragma once

/// Loads the library once, single-threaded, with its AVX-512 kernels where the machine has AVX-512.
/// Returns NULL, or a message saying what is missing. Thread-safe against itself; it changes the environment for a
/// moment, so a program calls it first (prepareNumerics in Swift), before other threads may read that.
const char *_Nullable cob_load(void);
/// The configuration string that OpenBLAS reports, or "".
const char *_Nonnull cob_config(void);
/// cblas_sgemm, row-major: C = op(A)·op(B), or C += with accumulate. Only after cob_load returned NULL.
void cob_sgemm(int transposeA, int transposeB, int m, int n, int k, const float *_Nonnull a, int lda,
               const float *_Nonnull b, int ldb, float *_Nonnull c, int ldc, int accumulate);

// oneDNN's bfloat16 matrix products with float32 accumulation, one thread a call. https://github.com/oneapi-src/oneDNN
#pragma once
#include <stdint.h>

/// C = op(A)·op(B): op(A) is [m, k], op(B) [k, n]; a transposed operand lies in memory as its transpose.
typedef struct {
  int m, n, k;
  int transposeA, transposeB;
  /// Numbers from row to row as stored.
  int lda, ldb, ldc;
  /// Adds to C (float only).
  int accumulate;
  /// max(0, ·) of the result.
  int relu;
  /// C is bfloat16 instead of float.
  int bfloat16Result;
} CODProduct;

/// Loads the library once. NULL, or a message saying why this machine has no bfloat16 products. Thread-safe.
const char *_Nullable cod_load(void);
/// The version and instruction set in use, or "".
const char *_Nonnull cod_config(void);
/// Only after cod_load returned NULL. 0, or oneDNN's status (dnnl_status_t) where it refuses the product.
int cod_multiply(const CODProduct *_Nonnull product, const uint16_t *_Nonnull a, const uint16_t *_Nonnull b,
                 void *_Nonnull c);

// Products of bfloat16 tiles in AMX, where the processor has it and the system lets the process use it.
#include "internal.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define CK_SET amx
#define CK_SET_NAME "amx"
#pragma clang attribute push(__attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), \
                             apply_to = function)
#include "kernels/vectors.inc"

/// Eight tiles of 16 rows of 64 bytes.
INLINE void FN(prepare)(void) {
  static const struct {
    uint8_t palette, start, reserved[14];
    uint16_t rowBytes[16];
    uint8_t rows[16];
  } shape = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
  _tile_loadconfig(&shape);
}
INLINE void FN(finish)(void) { _tile_release(); }

/// C[M, N] = A[M, K] · B, or C += with accumulate; B: pairs [K/2, N]. M, N and K multiples of 32.
static void FN(product16)(int M, int N, int K, const uint16_t *a, ptrdiff_t lda, const uint32_t *b, ptrdiff_t ldb,
                          float *c, ptrdiff_t ldc, int accumulate) {
  for (int j = 0; j < N; j += 32)
    for (int i = 0; i < M; i += 32) {
      float *to = c + i * ldc + j;
      if (accumulate) {
        _tile_loadd(0, to, 4 * ldc);
        _tile_loadd(1, to + 16, 4 * ldc);
        _tile_loadd(2, to + 16 * ldc, 4 * ldc);
        _tile_loadd(3, to + 16 * ldc + 16, 4 * ldc);
      } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
      }
      for (int k = 0; k < K; k += 32) {
        const uint16_t *x = a + i * lda + k;
        const uint32_t *y = b + k / 2 * ldb + j;
        _tile_loadd(4, x, 2 * lda);
        _tile_loadd(6, y, 4 * ldb);
        _tile_loadd(7, y + 16, 4 * ldb);
        _tile_loadd(5, x + 16 * lda, 2 * lda);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
      _tile_stored(0, to, 4 * ldc);
      _tile_stored(1, to + 16, 4 * ldc);
      _tile_stored(2, to + 16 * ldc, 4 * ldc);
      _tile_stored(3, to + 16 * ldc + 16, 4 * ldc);
    }
}

#include "kernels/attention16.inc"
#pragma clang attribute pop
#endif

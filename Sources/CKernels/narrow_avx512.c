// Products of bfloat16 pairs in AVX-512.
#include "internal.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define CK_SET avx512bf16
#define CK_SET_NAME "avx512 bf16"
#pragma clang attribute push(__attribute__((target("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), \
                             apply_to = function)
#include "kernels/vectors.inc"

INLINE void FN(prepare)(void) {}
INLINE void FN(finish)(void) {}

/// C[M, N] = A[M, K] · B, or C += with accumulate; B: pairs [K/2, N]. M, N and K multiples of 32.
static void FN(product16)(int M, int N, int K, const uint16_t *a, ptrdiff_t lda, const uint32_t *b, ptrdiff_t ldb,
                          float *c, ptrdiff_t ldc, int accumulate) {
  enum { ROWS = 8 };
  for (int j = 0; j < N; j += 32)
    for (int i = 0; i < M; i += ROWS) {
      vf sums[ROWS][2];
      float *to = c + i * ldc + j;
#pragma clang loop unroll(full)
      for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < 2; v++) sums[r][v] = accumulate ? LOAD(to + r * ldc + 16 * v) : SPLAT(0);
      for (int k = 0; k < K / 2; k++) {
        const vu y0 = *(const vu *)(b + k * ldb + j), y1 = *(const vu *)(b + k * ldb + j + 16);
#pragma clang loop unroll(full)
        for (int r = 0; r < ROWS; r++) {
          uint32_t pair;
          memcpy(&pair, a + (i + r) * lda + 2 * k, 4);
          const vu x = (vu){0} + pair;
          sums[r][0] = (vf)_mm512_dpbf16_ps((__m512)sums[r][0], (__m512bh)x, (__m512bh)y0);
          sums[r][1] = (vf)_mm512_dpbf16_ps((__m512)sums[r][1], (__m512bh)x, (__m512bh)y1);
        }
      }
#pragma clang loop unroll(full)
      for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < 2; v++) STORE(to + r * ldc + 16 * v, sums[r][v]);
    }
}

#include "kernels/attention16.inc"
#pragma clang attribute pop
#endif

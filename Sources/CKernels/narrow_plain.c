// Products of bfloat16 pairs in single precision, no instruction set assumed: what the others are tested against.
#include "internal.h"
#define CK_SET narrowPlain
#define CK_SET_NAME "plain"
#include "kernels/vectors.inc"

INLINE void FN(prepare)(void) {}
INLINE void FN(finish)(void) {}

/// C[M, N] = A[M, K] · B, or C += with accumulate; B: pairs [K/2, N]. M, N and K multiples of 32.
static void FN(product16)(int M, int N, int K, const uint16_t *a, ptrdiff_t lda, const uint32_t *b, ptrdiff_t ldb,
                          float *c, ptrdiff_t ldc, int accumulate) {
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j += 16) {
      vf sum = accumulate ? LOAD(c + i * ldc + j) : SPLAT(0);
      for (int k = 0; k < K; k += 2) {
        vu pairs = *(const vu *)(b + k / 2 * ldb + j);
        vu x0 = (vu){0} + ((uint32_t)a[i * lda + k] << 16), x1 = (vu){0} + ((uint32_t)a[i * lda + k + 1] << 16);
        // A product of two bfloat16 numbers is exact. The second first, as the AVX-512 instruction has it.
        sum = sum + (vf)x1 * (vf)(pairs & 0xffff0000u);
        sum = sum + (vf)x0 * (vf)(pairs << 16);
      }
      STORE(c + i * ldc + j, sum);
    }
}

#include "kernels/attention16.inc"

// The numeric kernels: one C source (kernels/), built for several instruction sets, chosen at run time.
//
// Every kernel gives the same bits on every instruction set, batch size and thread count:
// - an element of a matrix product is one chain acc = fma(a[k], b[k], acc) over k in order;
// - every other reduction adds into 16 lanes (element i into lane i mod 16), then folds the lanes in one fixed tree;
// - exp and log are polynomials out of IEEE +, -, *, / and fma; no fast-math, no contraction.
//
// All matrices are row-major floats. "Rows of stride s" means element (i, j) lies at p[i * s + j].
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// A set of kernels for one instruction set. Constant once made, so Swift may share it between threads.
typedef struct __attribute__((swift_attr("@Sendable"))) CKKernels {
  /// "avx512", "avx2", "neon" or "plain".
  const char *name;

  /// C[M,N] = A[M,K] · B[K,N], or C += with accumulate. Element (i,k) of A lies at a[i*rsA + k*csA], B likewise.
  /// Exact: each element is one fma chain over k in order (after the old value of C with accumulate).
  void (*gemm)(int M, int N, int K, const float *a, ptrdiff_t rsA, ptrdiff_t csA, const float *b, ptrdiff_t rsB,
               ptrdiff_t csB, float *c, ptrdiff_t ldc, int accumulate);

  /// Floats needed to pack a [K,N] matrix.
  size_t (*packedSize)(int K, int N);
  /// Packs B[K,N] (strides rsB, csB) into column panels for gemmPacked.
  void (*pack)(int K, int N, const float *b, ptrdiff_t rsB, ptrdiff_t csB, float *packed);
  /// C[M,N] = A[M,K] (rows of stride lda) · B, B packed by pack of this same set. Same bits as gemm.
  void (*gemmPacked)(int M, int N, int K, const float *a, ptrdiff_t lda, const float *packed, float *c, ptrdiff_t ldc);

  /// out[rows,D] = x / rms(x) * weight, or outBF16 in bfloat16 where out is NULL. inverse (may be NULL): [rows], 1/rms.
  /// Zhang & Sennrich 2019, eq. 4, epsilon 1e-6.
  void (*rmsNorm)(float *_Nullable out, uint16_t *_Nullable outBF16, float *_Nullable inverse, const float *x,
                  const float *weight, int rows, int D);
  /// dx[rows,D] += gradient of rmsNorm; dweight[D] += likewise.
  void (*rmsNormBackward)(float *dx, float *dweight, const float *dy, const float *x, const float *weight,
                          const float *inverse, int rows, int D);

  void (*relu)(float *x, size_t n);
  /// dx = y > 0 ? dx : 0, y being relu's output.
  void (*reluBackward)(float *dx, const float *y, size_t n);
  void (*reluBackwardBF16)(uint16_t *dx, const uint16_t *y, size_t n);
  /// bfloat16 of x, to nearest, ties to even.
  void (*narrow)(uint16_t *out, const float *x, size_t n);
  /// x[rows, D] = x · factors[row]; out likewise, in bfloat16.
  void (*scaleRows)(float *x, const float *factors, int rows, int D);
  void (*scaleRowsBF16)(uint16_t *out, const uint16_t *x, const float *factors, int rows, int D);
  /// out[columns, ldo] = transpose of x[rows, ldx].
  void (*transpose)(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, int rows, int columns);
  /// x += y.
  void (*add)(float *x, const float *y, size_t n);

  /// Causal attention of `rows` consecutive queries of one head, the first of them at position `start`.
  /// out, q: rows of stride ldo, ldq, d wide (d a multiple of 16). keysT: transposed keys in blocks of 64 positions,
  /// keyBlock floats apart; element (e, j) of a block at e*ldk + j. (A plain [d, n] matrix: ldk = n, keyBlock = 64.)
  /// start+rows rounded up to 16 positions must be there and finite. values: rows of stride ldv.
  /// reversedBias: reversedBias[biasLength-1-t] is the bias at distance t; biasLength ≥ start+rows, followed by 16
  /// readable floats. logSumExp (may be NULL): [rows]. scores = q·k/sqrt(d) + bias.
  void (*attention)(float *out, ptrdiff_t ldo, const float *q, ptrdiff_t ldq, const float *keysT, ptrdiff_t ldk,
                    ptrdiff_t keyBlock, const float *values, ptrdiff_t ldv, const float *reversedBias, int biasLength,
                    float *_Nullable logSumExp, int start, int rows, int d);

  /// Writes a position's keys and values of all heads (heads·d floats each), rounded to bfloat16, into a cache as
  /// cachedAttention reads it.
  void (*cachePosition)(uint16_t *keys, uint16_t *values, size_t headStride, const float *key, const float *value,
                        int position, int heads, int d);

  /// attention of `rows` consecutive queries for all heads, side by side in q and out, over cached bfloat16 keys and
  /// values. Head h's lie headStride numbers after head h-1's: keys in blocks of 64 positions, [d, 64] each; values
  /// [positions, d]. Room for a multiple of 64 positions, all finite. reversedBias: [heads, biasLength].
  void (*cachedAttention)(float *out, ptrdiff_t ldo, const float *q, ptrdiff_t ldq, const uint16_t *keys,
                          const uint16_t *values, size_t headStride, const float *reversedBias, int biasLength,
                          int start, int rows, int heads, int d);

  /// Gradient of attention over one whole sequence of S positions (start 0). q, k, v, dq, dk, dv: rows of stride ld;
  /// o, dOut: rows of stride ldo. dq, dk, dv overwritten; reversedBiasGradient [S] (laid out as reversedBias) added to.
  void (*attentionBackward)(float *dq, float *dk, float *dv, float *reversedBiasGradient, const float *q,
                            const float *k, const float *v, ptrdiff_t ld, const float *o, const float *dOut,
                            ptrdiff_t ldo, const float *reversedBias, const float *logSumExp, int S, int d);

  /// Cross entropy with z-loss over rows of logits [rows, V] (rows of stride ld), which become their gradients times
  /// `scale` when scale is not 0. A target below 0 is no target: its gradient is 0. nats: [rows], -log p(target), 0
  /// without target, NaN where a logit is NaN. z: the sum over rows of log(Z)^2, added to.
  void (*crossEntropy)(float *logits, ptrdiff_t ld, const int32_t *targets, int rows, int V, float zLoss, float scale,
                       double *nats, double *z);

  /// The same in parts of `columns` tokens (the last may have fewer), with gradients in bfloat16 but for a factor of each
  /// row. narrowSoftmax takes the logits [rows, n] of the part that begins with token `done`, parts in order, and writes
  /// exp(logit - top[row]) to e + done·room as [rows, n]; room ≥ rows, so that e is [room·V] in all. top, sum,
  /// targetLogit: [rows]; no logit is above top by more than 40; sum is that of the unrounded exponentials so far;
  /// targetLogit is written where the part has the row's target.
  void (*narrowSoftmax)(uint16_t *e, int columns, int room, int done, const float *logits, int rows, int n,
                        const int32_t *targets, float *top, float *sum, float *targetLogit);
  /// After the last part: the gradient of row r's logits, times scale, is factor[r] times what e then holds of the row.
  /// factor: [rows], 0 without target.
  void (*narrowLoss)(uint16_t *e, int columns, int room, int V, int rows, const int32_t *targets, float zLoss,
                     float scale, const float *top, const float *sum, const float *targetLogit, float *factor,
                     double *nats, double *z);

  /// Integer frequencies of softmax(logits[256]) with total 2^bits, each ≥ 1: 1 + floor(p·(2^bits - 256)); the largest
  /// (lowest index on ties) takes what is left. bits in 8...16.
  void (*quantise)(const float *logits, int bits, uint32_t *frequencies);

  /// g[0][i] = sum over shards of g[s][i] in order; returns the sum of squares.
  double (*sumShards)(float *const _Nonnull *_Nonnull g, int shards, size_t offset, size_t n);
  /// One AdamW step (Loshchilov & Hutter 2019, alg. 2) over n parameters. g is multiplied by gradientScale first.
  void (*adamW)(float *w, float *m, float *v, const float *g, size_t n, float gradientScale, float learningRate,
                float beta1, float beta2, float epsilon, float weightDecay, float correction1, float correction2);
  /// Sum of squares of x, in the fixed order of this library.
  double (*sumSquares)(const float *x, size_t n);
  /// Adafactor, factored second moments (Shazeer & Stern 2018, alg. 4), pass 1: rowMoment [rows] and columnSum [cols]
  /// from the squares of g·gradientScale + 1e-30. columnSum is overwritten with column means.
  void (*adafactorMoments)(const float *g, int rows, int cols, float gradientScale, float *rowMean, float *columnMean);
  /// Pass 2: returns the sum of squares of the unclipped update g·scale·rowFactor[i]·columnFactor[j].
  double (*adafactorNorm)(const float *g, int rows, int cols, float gradientScale, const float *rowFactor,
                          const float *columnFactor);
  /// Pass 3: w = keep · w - step · g·scale·rowFactor[i]·columnFactor[j].
  void (*adafactorApply)(float *w, const float *g, int rows, int cols, float gradientScale, const float *rowFactor,
                         const float *columnFactor, float step,
                         float keep);

  /// Runs `rounds` of independent fma chains on registers; 2·16·rounds·(the returned count) FLOPs.
  int (*fmaBurst)(long rounds, float *sink);
} CKKernels;

/// Causal attention of one head over a whole sequence of S positions, with operands in bfloat16: products sum in single
/// precision, in an order of the set's own; softmax is in single precision, its probabilities and the gradients of scores
/// are rounded to bfloat16 for the products that read them. So sets differ in the last bits of a sum, and in nothing else.
///
/// q, k, v, dq, dk, dv: rows of stride ld; out, o, dOut: rows of stride ldo; d wide, a multiple of 16. reversedBias,
/// reversedBiasGradient: [S], the bias at distance t in place S-1-t. scores = q·k/sqrt(d) + bias.
typedef struct __attribute__((swift_attr("@Sendable"))) CKNarrowAttention {
  /// "amx", "avx512 bf16" or "plain".
  const char *name;
  /// log2Sum: [S], log2 of the sum of exp(scores) of each query, for backward.
  void (*forward)(uint16_t *out, ptrdiff_t ldo, const uint16_t *q, const uint16_t *k, const uint16_t *v, ptrdiff_t ld,
                  const float *reversedBias, float *log2Sum, int S, int d);
  /// dq, dk, dv overwritten; reversedBiasGradient added to. o: what forward gave; dOut: its gradient.
  void (*backward)(uint16_t *dq, uint16_t *dk, uint16_t *dv, float *reversedBiasGradient, const uint16_t *q,
                   const uint16_t *k, const uint16_t *v, ptrdiff_t ld, const uint16_t *o, const uint16_t *dOut,
                   ptrdiff_t ldo, const float *reversedBias, const float *log2Sum, int S, int d);
} CKNarrowAttention;

/// The best set that this machine runs, or the one that HARNESS_KERNELS names. Chosen once.
const CKKernels *ck_kernels(void);
/// The named set, or NULL where this machine cannot run it.
const CKKernels *_Nullable ck_kernels_named(const char *name);
/// The best set that this machine runs; the plain one where HARNESS_KERNELS names other kernels than avx512.
const CKNarrowAttention *ck_narrow_attention(void);
/// The named set, or NULL where this machine cannot run it.
const CKNarrowAttention *_Nullable ck_narrow_attention_named(const char *name);
/// The set that HARNESS_KERNELS asks for is unknown here: its value; NULL when all is well.
const char *_Nullable ck_kernels_refused(void);

/// Elementary functions out of IEEE +, -, * and /: the same bits on every machine, relative error below 2^-49.
/// Natural log: -inf at 0, NaN below and for NaN.
double ck_log(double x);
/// e^x: 0 below -708, inf above 709.
double ck_exp(double x);
/// cos(πx) and sin(πx), |x| at most 2^50.
double ck_cospi(double x);
double ck_sinpi(double x);
/// exp as the kernels compute it in single precision (for tests).
float ck_expf(float x);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

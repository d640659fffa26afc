#include "KernelHashes.h"

#include <stdlib.h>
#include <string.h>
#pragma STDC FP_CONTRACT OFF

// ---- Inputs and hashes -------------------------------------------------------------------------------------------

/// SplitMix64, as Support's SeededGenerator.
static uint64_t state;
static uint64_t nextRandom(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// n floats in [-spread, spread), 64-byte aligned, with 64 readable zeros behind them. Never freed before the end.
enum { MOST = 1024 };
static void *made[MOST];
static int madeCount;
static void *room(size_t n, size_t size) {
  size_t bytes = (n * size + 319) / 64 * 64;
  void *p = aligned_alloc(64, bytes);
  if (!p || madeCount == MOST) abort();
  memset(p, 0, bytes);
  return made[madeCount++] = p;
}
static float *noise(size_t n, float spread) {
  float *p = room(n, sizeof(float));
  for (size_t i = 0; i < n; i++) p[i] = ((float)(nextRandom() >> 40) * 0x1p-23f - 1.0f) * spread;
  return p;
}
static float *zeros(size_t n) { return room(n, sizeof(float)); }

static uint64_t fnv(uint64_t hash, const void *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
  return hash;
}
#define MIX(p, n) hash = fnv(hash, (p), sizeof *(p) * (size_t)(n))

// ---- One hash a kernel -------------------------------------------------------------------------------------------

static const int shapes[][3] = {  // M, N, K: vectors, tiles and blocks that end in their midst
    {1, 16, 5}, {7, 50, 33}, {33, 130, 300}, {13, 64, 1}, {160, 70, 300}, {6, 64, 512}, {3, 2100, 17}, {2, 3, 4}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static uint64_t products(const CKKernels *k, uint64_t hash) {
  for (int s = 0; s < SHAPES; s++)
    for (int form = 0; form < 8; form++) {
      int M = shapes[s][0], N = shapes[s][1], K = shapes[s][2], ldc = N + 3;
      int transposeA = form & 1, transposeB = form >> 1 & 1, accumulate = form >> 2;
      const float *a = noise((size_t)M * K, 2), *b = noise((size_t)K * N, 2);
      float *c = noise((size_t)M * ldc, 1);
      k->gemm(M, N, K, a, transposeA ? 1 : K, transposeA ? M : 1, b, transposeB ? 1 : N, transposeB ? K : 1, c, ldc,
              accumulate);
      MIX(c, M * ldc);
    }
  return hash;
}

static uint64_t packedProducts(const CKKernels *k, uint64_t hash) {
  for (int s = 0; s < SHAPES; s++)
    for (int transposeB = 0; transposeB < 2; transposeB++) {
      int M = shapes[s][0], N = shapes[s][1], K = shapes[s][2];
      const float *a = noise((size_t)M * K, 2), *b = noise((size_t)K * N, 2);
      float *packed = zeros(k->packedSize(K, N)), *c = zeros((size_t)M * N);
      k->pack(K, N, b, transposeB ? 1 : N, transposeB ? K : 1, packed);
      k->gemmPacked(M, N, K, a, K, packed, c, N);
      MIX(c, M * N);
    }
  return hash;
}

static uint64_t norms(const CKKernels *k, uint64_t hash) {
  const int rows = 5, D = 83;
  const float *x = noise(rows * D, 3), *weight = noise(D, 1), *dy = noise(rows * D, 1);
  float *out = zeros(rows * D), *inverse = zeros(rows), *dx = noise(rows * D, 1), *dweight = noise(D, 1);
  uint16_t *narrow = room(rows * D, 2);
  k->rmsNorm(out, NULL, inverse, x, weight, rows, D);
  k->rmsNorm(NULL, narrow, NULL, x, weight, rows, D);
  k->rmsNormBackward(dx, dweight, dy, x, weight, inverse, rows, D);
  MIX(out, rows * D);
  MIX(narrow, rows * D);
  MIX(inverse, rows);
  MIX(dx, rows * D);
  MIX(dweight, D);
  return hash;
}

static uint64_t elementwise(const CKKernels *k, uint64_t hash) {
  const int n = 1003;
  float *x = noise(n, 2), *y = noise(n, 2), *dx = noise(n, 2);
  x[3] = -0.0f;
  uint16_t *half = room(n, 2), *dhalf = room(n, 2);
  k->narrow(half, x, n);
  k->narrow(dhalf, dx, n);
  k->reluBackwardBF16(dhalf, half, n);
  k->add(y, x, n);
  k->relu(x, n);
  k->reluBackward(dx, x, n);
  float *transposed = zeros(59 * 17);
  k->transpose(transposed, 17, y, 59, 17, 59);
  MIX(half, n);
  MIX(dhalf, n);
  MIX(x, n);
  MIX(y, n);
  MIX(dx, n);
  MIX(transposed, 17 * 59);
  return hash;
}

static uint64_t attention(const CKKernels *k, uint64_t hash) {
  static const int lengths[] = {1, 15, 16, 17, 48, 49, 101, 200};
  for (int l = 0; l < 8; l++)
    for (int d = 16; d <= 64; d += 48) {
      int S = lengths[l], stride = (S + 15) / 16 * 16, ld = 3 * d + 5;
      const float *qkv = noise((size_t)S * ld, 1), *bias = noise((size_t)S + 16, 2), *dOut = noise((size_t)S * d, 1);
      float *keysT = zeros((size_t)d * stride), *out = zeros((size_t)S * d), *logSumExp = zeros(S);
      k->transpose(keysT, stride, qkv + d, ld, S, d);
      k->attention(out, d, qkv, ld, keysT, stride, 64, qkv + 2 * d, ld, bias, S, logSumExp, 0, S, d);
      float *gradient = noise((size_t)S * ld, 1), *biasGradient = noise((size_t)S + 16, 1);
      k->attentionBackward(gradient, gradient + d, gradient + 2 * d, biasGradient, qkv, qkv + d, qkv + 2 * d, ld, out,
                           dOut, d, bias, logSumExp, S, d);
      MIX(out, S * d);
      MIX(logSumExp, S);
      MIX(gradient, S * ld);
      MIX(biasGradient, S);
    }
  return hash;
}

static uint64_t cachedAttention(const CKKernels *k, uint64_t hash) {
  for (int heads = 1; heads <= 7; heads += 2)
    for (int d = 16; d <= 64; d += 48) {
      const int capacity = 192, width = heads * d;
      size_t stride = (size_t)capacity * d;
      uint16_t *keys = room(stride * heads, 2), *values = room(stride * heads, 2);
      const float *bias = noise((size_t)heads * capacity + 16, 2);
      int position = 0;
      static const int pieces[] = {1, 1, 3, 50, 2, 64, 1, 5};
      for (int p = 0; p < 8; position += pieces[p], p++) {
        int rows = pieces[p];
        const float *qkv = noise((size_t)rows * 3 * width, 1);
        float *out = zeros((size_t)rows * width);
        for (int i = 0; i < rows; i++)
          k->cachePosition(keys, values, stride, qkv + (size_t)i * 3 * width + width,
                           qkv + (size_t)i * 3 * width + 2 * width, position + i, heads, d);
        k->cachedAttention(out, width, qkv, 3 * width, keys, values, stride, bias, capacity, position, rows, heads, d);
        MIX(out, rows * width);
      }
      MIX(keys, stride * heads);
      MIX(values, stride * heads);
    }
  return hash;
}

static uint64_t crossEntropy(const CKKernels *k, uint64_t hash) {
  const int rows = 6, V = 133;
  const int32_t targets[] = {0, 132, -1, 17, 64, -1};
  double nats[6], z = 0.5;
  for (int form = 0; form < 2; form++) {  // scores alone, gradients
    float *logits = noise(rows * V, 9);
    z = 0.5;
    k->crossEntropy(logits, V, targets, rows, V, 1e-4f, form ? 0.01f : 0, nats, &z);
    MIX(logits, rows * V);
    MIX(nats, rows);
    MIX(&z, 1);
  }
  return hash;
}

/// In three parts, the last one short, with a logit in the second so high that what was written is made smaller.
static uint64_t lossesInParts(const CKKernels *k, uint64_t hash) {
  const int rows = 6, room_ = 7, V = 133, columns = 50, D = 50;
  const int32_t targets[] = {0, 132, -1, 17, 64, -1};
  double nats[6], z = 0.5;
  float *top = zeros(rows), *sum = zeros(rows), *target = zeros(rows), *factor = zeros(rows), *x = noise(rows * D, 1);
  uint16_t *e = room(room_ * V, 2), *half = room(rows * D, 2);
  for (int first = 0; first < V; first += columns) {
    int n = V - first < columns ? V - first : columns;
    float *logits = noise(rows * n, 9);
    if (first == columns) logits[3 * n + 30] = 70;
    k->narrowSoftmax(e, columns, room_, first, logits, rows, n, targets, top, sum, target);
  }
  k->narrowLoss(e, columns, room_, V, rows, targets, 1e-4f, 0.01f, top, sum, target, factor, nats, &z);
  k->narrow(half, x, rows * D);
  k->scaleRows(x, factor, rows, D);
  k->scaleRowsBF16(half, half, factor, rows, D);
  MIX(e, room_ * V);
  MIX(top, rows);
  MIX(sum, rows);
  MIX(factor, rows);
  MIX(nats, rows);
  MIX(&z, 1);
  MIX(x, rows * D);
  MIX(half, rows * D);
  return hash;
}

static uint64_t quantise(const CKKernels *k, uint64_t hash) {
  for (int bits = 8; bits <= 16; bits++)
    for (int spread = 0; spread < 4; spread++) {
      float *logits = noise(256, spread == 0 ? 0 : spread == 1 ? 1 : spread == 2 ? 12 : 90);
      uint32_t frequencies[256];
      k->quantise(logits, bits, frequencies);
      MIX(frequencies, 256);
    }
  return hash;
}

static uint64_t optimisers(const CKKernels *k, uint64_t hash) {
  const int rows = 13, cols = 77, n = rows * cols;
  float *w = noise(n, 1), *m = noise(n, 1), *v = zeros(n), *shards[3] = {noise(n, 1), noise(n, 1), noise(n, 1)};
  double sum = k->sumShards(shards, 3, 5, n - 9), squares = k->sumSquares(w, n);
  MIX(&sum, 1);
  MIX(&squares, 1);
  const float *g = shards[0];
  k->adamW(w, m, v, g, n, 0.7f, 0.003f, 0.9f, 0.95f, 1e-8f, 0.01f, 0.1f, 0.05f);
  float *rowMean = zeros(rows), *columnMean = zeros(cols);
  k->adafactorMoments(g, rows, cols, 0.7f, rowMean, columnMean);
  double norm = k->adafactorNorm(g, rows, cols, 0.7f, rowMean, columnMean);
  MIX(&norm, 1);
  k->adafactorApply(w, g, rows, cols, 0.7f, rowMean, columnMean, 0.1f, 0.99f);
  MIX(w, n);
  MIX(m, n);
  MIX(v, n);
  MIX(g, n);
  MIX(rowMean, rows);
  MIX(columnMean, cols);
  return hash;
}

static uint64_t elementary(const CKKernels *k, uint64_t hash) {
  (void)k;
  for (int i = 0; i < 20000; i++) {
    double u = (double)(nextRandom() >> 11) * 0x1p-53;
    double values[] = {ck_log(u), ck_log(1e9 * u), ck_exp(1400 * u - 700), ck_sinpi(8 * u - 4), ck_cospi(8 * u - 4)};
    float single = ck_expf((float)(180 * u - 90));
    MIX(values, 5);
    MIX(&single, 1);
  }
  return hash;
}

int kernel_hashes(const CKKernels *kernels, KernelHash *out) {
  static const struct {
    const char *name;
    uint64_t (*run)(const CKKernels *, uint64_t);
  } all[] = {{"products", products}, {"packed products", packedProducts}, {"norms", norms},
             {"elementwise", elementwise}, {"attention", attention}, {"cached attention", cachedAttention},
             {"cross entropy", crossEntropy}, {"quantise", quantise}, {"optimisers", optimisers},
             {"elementary functions", elementary}, {"losses in parts", lossesInParts}};
  const int count = sizeof all / sizeof all[0];
  for (int i = 0; i < count; i++) {
    state = (uint64_t)i + 1;
    out[i] = (KernelHash){all[i].name, all[i].run(kernels, 0xcbf29ce484222325u)};
    while (madeCount) free(made[--madeCount]);
  }
  return count;
}

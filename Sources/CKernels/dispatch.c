// Chooses the kernel set, and holds what the sets share.
#include <pthread.h>

#include "internal.h"
#pragma STDC FP_CONTRACT OFF

extern const CKKernels ck_set_plain;
#if defined(__x86_64__)
extern const CKKernels ck_set_avx512, ck_set_avx2;
#elif defined(__aarch64__)
extern const CKKernels ck_set_neon;
#endif

static const CKKernels *chosen;
static const char *refused;
static pthread_once_t once = PTHREAD_ONCE_INIT;

const CKKernels *ck_kernels_named(const char *name) {
  if (!strcmp(name, "plain")) return &ck_set_plain;
#if defined(__x86_64__)
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!strcmp(name, "avx2") && avx2) return &ck_set_avx2;
  if (!strcmp(name, "avx512") && avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return &ck_set_avx512;
#elif defined(__aarch64__)
  if (!strcmp(name, "neon")) return &ck_set_neon;
#endif
  return NULL;
}

static void choose(void) {
  const char *asked = getenv("HARNESS_KERNELS");
  if (asked && *asked) {
    chosen = ck_kernels_named(asked);
    if (chosen) return;
    refused = asked;
  }
  static const char *const order[] = {"avx512", "avx2", "neon", "plain"};
  for (int i = 0; i < 4 && !chosen; i++) chosen = ck_kernels_named(order[i]);
}

const CKKernels *ck_kernels(void) {
  pthread_once(&once, choose);
  return chosen;
}

const char *ck_kernels_refused(void) {
  pthread_once(&once, choose);
  return refused;
}

float *ck_scratch(int slot, size_t n) {
  static _Thread_local struct { float *p; size_t n; } slots[8];
  if (slots[slot].n < n) {
    free(slots[slot].p);
    size_t bytes = (n * sizeof(float) + 127) / 64 * 64;
    slots[slot].p = aligned_alloc(64, bytes);
    if (!slots[slot].p) abort();
    slots[slot].n = n;
  }
  return slots[slot].p;
}

/// log x = e·ln 2 + 2·atanh((m-1)/(m+1)), m in [sqrt(1/2), sqrt 2); error below 2^-50.
double ck_log(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  int64_t e = (int64_t)(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
  double m;
  memcpy(&m, &bits, 8);
  if (m > 1.4142135623730951) {
    m = m * 0.5;
    e += 1;
  }
  double t = (m - 1.0) / (m + 1.0), u = t * t, s = 0;
  for (int k = 21; k >= 1; k -= 2) s = s * u + 1.0 / k;
  return (double)e * 0.69314718055994531 + 2.0 * t * s;
}

extern float ck_exp_plain(float x);
float ck_exp(float x) { return ck_exp_plain(x); }

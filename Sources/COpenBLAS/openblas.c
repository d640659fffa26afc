#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

typedef void (*sgemm_t)(int order, int transA, int transB, int m, int n, int k, float alpha, const float *a, int lda,
                        const float *b, int ldb, float beta, float *c, int ldc);

static sgemm_t sgemm;
static const char *problem, *config = "";
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  // OpenBLAS 0.3.21 does not know newer AVX-512 machines and falls back to AVX2 kernels, half as fast. Some machines
  // also set OPENBLAS_CORETYPE for all programs; ours has a variable of its own for who must choose.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
#endif
  const char *asked = getenv("HARNESS_OPENBLAS_CORETYPE");
  if (asked && *asked) setenv("OPENBLAS_CORETYPE", asked, 1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);  // threads are ours, one level of them
  static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib",
                                      "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
                                      "/usr/local/opt/openblas/lib/libopenblas.dylib"};
  void *library = NULL;
  for (int i = 0; i < 5 && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    problem = "OpenBLAS is not installed: install libopenblas-dev (Debian) or openblas (Homebrew), or use precision: exact";
    return;
  }
  sgemm = (sgemm_t)dlsym(library, "cblas_sgemm");
  if (!sgemm) problem = "the OpenBLAS found has no cblas_sgemm; install libopenblas-dev, or use precision: exact";
  char *(*get_config)(void) = (char *(*)(void))dlsym(library, "openblas_get_config");
  char *(*get_corename)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
  if (get_config && get_corename) {
    static char text[256];
    const char *parts[] = {get_config(), " core ", get_corename()};
    int n = 0;
    for (int p = 0; p < 3; p++)
      for (const char *c = parts[p]; *c && n < 255; c++) text[n++] = *c;
    text[n] = 0;
    config = text;
  }
}

const char *cob_load(void) {
  pthread_once(&once, load);
  return problem;
}

const char *cob_config(void) {
  pthread_once(&once, load);
  return config;
}

void cob_sgemm(int transposeA, int transposeB, int m, int n, int k, const float *a, int lda, const float *b, int ldb,
               float *c, int ldc, int accumulate) {
  sgemm(101, transposeA ? 112 : 111, transposeB ? 112 : 111, m, n, k, 1.0f, a, lda, b, ldb, accumulate ? 1.0f : 0.0f,
        c, ldc);
}

#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef void (*sgemm_t)(int order, int transA, int transB, int m, int n, int k, float alpha, const float *a, int lda,
                        const float *b, int ldb, float beta, float *c, int ldc);

static sgemm_t sgemm;
static const char *problem;
static char config[256];

/// The value that OPENBLAS_CORETYPE should have while the library starts, or NULL to leave it as it is.
static const char *coreType(void) {
  const char *asked = getenv("HARNESS_OPENBLAS_CORETYPE");
  if (asked && *asked) return asked;
#if defined(__x86_64__)
  __builtin_cpu_init();
  // OpenBLAS 0.3.21 does not know newer AVX-512 machines and falls back to AVX2 kernels, half as fast. Some machines
  // also set OPENBLAS_CORETYPE for all programs; ours has a variable of its own for who must choose.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return "SkylakeX";
#endif
  return NULL;
}

static void *openLibrary(void) {
  static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib",
                                      "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
                                      "/usr/local/opt/openblas/lib/libopenblas.dylib"};
  void *library = NULL;
  for (int i = 0; i < 5 && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  return library;
}

/// Sets a variable, or removes it for NULL; returns a copy of what it was, or NULL.
static char *exchange(const char *name, const char *value) {
  const char *old = getenv(name);
  char *copy = old ? strdup(old) : NULL;
  if (value) setenv(name, value, 1);
  else unsetenv(name);
  return copy;
}

/// Opens the library, which reads its environment as it starts, with the variables it should see. Afterwards they are
/// what they were: a child process of ours is not to inherit one thread.
static void *openWithEnvironment(void) {
  const char *core = coreType();
  char *oldThreads = exchange("OPENBLAS_NUM_THREADS", "1");  // threads are ours, one level of them
  char *oldCore = core ? exchange("OPENBLAS_CORETYPE", core) : NULL;
  void *library = openLibrary();
  free(exchange("OPENBLAS_NUM_THREADS", oldThreads));
  if (core) free(exchange("OPENBLAS_CORETYPE", oldCore));
  free(oldThreads);
  free(oldCore);
  return library;
}

static void load(void) {
  void *library = openWithEnvironment();
  if (!library) {
    problem = "OpenBLAS is not installed: install libopenblas-dev (Debian) or openblas (Homebrew), or use precision: exact";
    return;
  }
  sgemm = (sgemm_t)dlsym(library, "cblas_sgemm");
  if (!sgemm) problem = "the OpenBLAS found has no cblas_sgemm; install libopenblas-dev, or use precision: exact";
  char *(*get_config)(void) = (char *(*)(void))dlsym(library, "openblas_get_config");
  char *(*get_corename)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
  if (get_config && get_corename) {
    strncat(config, get_config(), sizeof config - 1);
    strncat(config, " core ", sizeof config - 1 - strlen(config));
    strncat(config, get_corename(), sizeof config - 1 - strlen(config));
  }
}

const char *cob_load(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return problem;
}

const char *cob_config(void) {
  cob_load();
  return config;
}

void cob_sgemm(int transposeA, int transposeB, int m, int n, int k, const float *a, int lda, const float *b, int ldb,
               float *c, int ldc, int accumulate) {
  sgemm(101, transposeA ? 112 : 111, transposeB ? 112 : 111, m, n, k, 1.0f, a, lda, b, ldb, accumulate ? 1.0f : 0.0f,
        c, ldc);
}

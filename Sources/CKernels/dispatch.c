// Chooses the kernel set, and holds what the sets share.
#include <pthread.h>

#include "internal.h"

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

// ---- Scratch: one block a slot and thread, freed when its thread ends ---------------------------------------------

enum { SLOTS = 6 };
typedef struct { float *p; size_t n; } Slot;
static _Thread_local Slot *slots;
static pthread_key_t slotsKey;
static pthread_once_t slotsOnce = PTHREAD_ONCE_INIT;

static void freeSlots(void *all) {
  for (int i = 0; i < SLOTS; i++) free(((Slot *)all)[i].p);
  free(all);
}
static void makeSlotsKey(void) {
  if (pthread_key_create(&slotsKey, freeSlots)) abort();
}

float *ck_scratch(int slot, size_t n) {
  if (!slots) {
    pthread_once(&slotsOnce, makeSlotsKey);
    slots = calloc(SLOTS, sizeof(Slot));
    if (!slots || pthread_setspecific(slotsKey, slots)) abort();
  }
  if (slots[slot].n < n) {
    free(slots[slot].p);
    size_t bytes = (n * sizeof(float) + 127) / 64 * 64;
    slots[slot].p = aligned_alloc(64, bytes);
    if (!slots[slot].p) abort();
    slots[slot].n = n;
  }
  return slots[slot].p;
}

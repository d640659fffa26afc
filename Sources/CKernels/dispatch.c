// Chooses the kernel set, and holds what the sets share.
#include <pthread.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

// ---- Attention on bfloat16 operands ------------------------------------------------------------------------------

extern const CKNarrowAttention ck_narrow_narrowPlain;
#if defined(__x86_64__)
extern const CKNarrowAttention ck_narrow_avx512bf16, ck_narrow_amx;

/// Whether a bit of the extended features (leaf 7) is set: of register 0 = eax … 3 = edx.
static int hasFeature(unsigned subleaf, int which, int bit) {
  unsigned r[4];
  return __get_cpuid_count(7, subleaf, &r[0], &r[1], &r[2], &r[3]) && (r[which] >> bit & 1);
}

/// Tiles are 8 kB of state a thread, which Linux gives only to a process that asks for it.
static int mayUseTiles(void) {
#if defined(__linux__)
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return hasFeature(0, 3, 22) && hasFeature(0, 3, 24) && !syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA);
#else
  return 0;
#endif
}
#endif

const CKNarrowAttention *ck_narrow_attention_named(const char *name) {
  if (!strcmp(name, "plain")) return &ck_narrow_narrowPlain;
#if defined(__x86_64__)
  if (!ck_kernels_named("avx512")) return NULL;
  if (!strcmp(name, "avx512 bf16") && hasFeature(1, 0, 5)) return &ck_narrow_avx512bf16;
  if (!strcmp(name, "amx") && mayUseTiles()) return &ck_narrow_amx;
#endif
  return NULL;
}

static const CKNarrowAttention *narrow;
static pthread_once_t narrowOnce = PTHREAD_ONCE_INIT;

static void chooseNarrow(void) {
  static const char *const order[] = {"amx", "avx512 bf16"};
  for (int i = 0; i < 2 && !narrow && !strcmp(ck_kernels()->name, "avx512"); i++)
    narrow = ck_narrow_attention_named(order[i]);
  if (!narrow) narrow = ck_narrow_attention_named("plain");
}

const CKNarrowAttention *ck_narrow_attention(void) {
  pthread_once(&narrowOnce, chooseNarrow);
  return narrow;
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

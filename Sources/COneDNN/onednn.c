// oneDNN 2 through its C interface, loaded at run time: a program that asks for no bf16 starts without it. What of the
// interface is used is declared here, after oneapi/dnnl/dnnl.h and dnnl_types.h of version 2.
#include "COneDNN.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- The interface -----------------------------------------------------------------------------------------------

/// Structures that the library fills in and the caller only stores: 696 and 2,800 bytes in 2.6, with room to grow.
typedef struct { _Alignas(16) char bytes[2048]; } MemoryDescription;
typedef struct { _Alignas(16) char bytes[8192]; } ProductDescription;
typedef struct { int name; void *memory; } Argument;
typedef struct { int major, minor, patch; const char *hash; unsigned cpuRuntime, gpuRuntime; } Version;
enum { CPU = 1, IN_ORDER = 1, USER_SCRATCHPAD = 1, BF16 = 2, F32 = 3, RELU = 31, SCRATCHPAD_DESCRIPTION = 136 };
enum { SOURCE = 1, DESTINATION = 17, WEIGHTS = 33, SCRATCHPAD = 80 };
enum { AVX512_BF16 = 0xe7, AVX512_AMX = 0x3e7 };

#define FUNCTIONS                                                                                                      \
  FUNCTION(const Version *, version, (void))                                                                           \
  FUNCTION(int, get_effective_cpu_isa, (void))                                                                         \
  FUNCTION(int, engine_create, (void **engine, int kind, size_t index))                                                \
  FUNCTION(int, stream_create, (void **stream, void *engine, unsigned flags))                                          \
  FUNCTION(int, stream_wait, (void *stream))                                                                           \
  FUNCTION(int, stream_destroy, (void *stream))                                                                        \
  FUNCTION(int, memory_desc_init_by_strides, (MemoryDescription *, int axes, const int64_t *sizes, int type,           \
                                              const int64_t *strides))                                                 \
  FUNCTION(size_t, memory_desc_get_size, (const MemoryDescription *))                                                  \
  FUNCTION(int, memory_create, (void **memory, const MemoryDescription *, void *engine, void *data))                   \
  FUNCTION(int, memory_set_data_handle, (void *memory, void *data))                                                    \
  FUNCTION(int, memory_destroy, (void *memory))                                                                        \
  FUNCTION(int, post_ops_create, (void **operations))                                                                  \
  FUNCTION(int, post_ops_append_sum, (void *operations, float scale))                                                  \
  FUNCTION(int, post_ops_append_eltwise, (void *operations, float scale, int kind, float alpha, float beta))           \
  FUNCTION(int, post_ops_destroy, (void *operations))                                                                  \
  FUNCTION(int, primitive_attr_create, (void **attributes))                                                            \
  FUNCTION(int, primitive_attr_set_post_ops, (void *attributes, void *operations))                                     \
  FUNCTION(int, primitive_attr_set_scratchpad_mode, (void *attributes, int mode))                                      \
  FUNCTION(int, primitive_attr_destroy, (void *attributes))                                                            \
  FUNCTION(int, matmul_desc_init, (ProductDescription *, const MemoryDescription *a, const MemoryDescription *b,       \
                                   const MemoryDescription *bias, const MemoryDescription *c))                         \
  FUNCTION(int, primitive_desc_create, (void **description, const ProductDescription *, void *attributes,              \
                                        void *engine, void *hint))                                                     \
  FUNCTION(const MemoryDescription *, primitive_desc_query_md, (void *description, int what, int index))               \
  FUNCTION(int, primitive_desc_destroy, (void *description))                                                           \
  FUNCTION(int, primitive_create, (void **primitive, void *description))                                               \
  FUNCTION(int, primitive_execute, (void *primitive, void *stream, int count, const Argument *arguments))              \
  FUNCTION(int, primitive_destroy, (void *primitive))

#define FUNCTION(result, name, arguments) static result(*name) arguments;
FUNCTIONS
#undef FUNCTION

static void (*setOpenMPThreads)(int);

// ---- Loading -----------------------------------------------------------------------------------------------------

static const char *problem;
static char config[96];
static void *engine;
static pthread_key_t workerKey;
static void freeWorker(void *worker);

static void load(void) {
  void *library = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    problem = "precision: bf16 needs oneDNN 2: install libdnnl-dev (Debian), or use precision: f32";
    return;
  }
  int missing = 0;
#define FUNCTION(result, name, arguments) missing |= !(name = (result(*) arguments)dlsym(library, "dnnl_" #name));
  FUNCTIONS
#undef FUNCTION
  if (missing) {
    problem = "the oneDNN found is not version 2; install libdnnl-dev (Debian), or use precision: f32";
    return;
  }
  setOpenMPThreads = (void (*)(int))dlsym(library, "omp_set_num_threads");
  int isa = get_effective_cpu_isa(), isFast = isa == AVX512_BF16 || isa == AVX512_AMX;
  snprintf(config, sizeof config, "oneDNN %d.%d.%d, %s", version()->major, version()->minor, version()->patch,
           isFast ? "avx512 bf16" : "no bf16 instructions");
  if (!isFast)
    problem = "precision: bf16 needs a processor with AVX-512 bfloat16 instructions; use f32 here";
  else if (engine_create(&engine, CPU, 0) || pthread_key_create(&workerKey, freeWorker))
    problem = "oneDNN does not start on this machine; use precision: f32";
}

const char *cod_load(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return problem;
}

const char *cod_config(void) {
  cod_load();
  return config;
}

// ---- Products ----------------------------------------------------------------------------------------------------

/// A compiled product with the memory objects that its calls reuse.
typedef struct {
  CODProduct product;
  void *primitive;
  void *a, *b, *c, *scratch;
  void *scratchData;
} Compiled;

/// What a thread has compiled. Our threads are the only level of parallelism: OpenMP inside a product gets one.
typedef struct {
  void *stream;
  Compiled *compiled;
  int count;
} Worker;

static void freeWorker(void *pointer) {
  Worker *worker = pointer;
  for (int i = 0; i < worker->count; i++) {
    Compiled *c = worker->compiled + i;
    primitive_destroy(c->primitive);
    memory_destroy(c->a);
    memory_destroy(c->b);
    memory_destroy(c->c);
    memory_destroy(c->scratch);
    free(c->scratchData);
  }
  free(worker->compiled);
  stream_destroy(worker->stream);
  free(worker);
}

static Worker *ownWorker(void) {
  Worker *worker = pthread_getspecific(workerKey);
  if (worker) return worker;
  worker = calloc(1, sizeof *worker);
  if (!worker || stream_create(&worker->stream, engine, IN_ORDER) || pthread_setspecific(workerKey, worker)) abort();
  if (setOpenMPThreads) setOpenMPThreads(1);
  return worker;
}

static int describe(MemoryDescription *description, int rows, int columns, int ld, int isTransposed, int type) {
  const int64_t sizes[] = {rows, columns}, strides[] = {isTransposed ? 1 : ld, isTransposed ? ld : 1};
  return memory_desc_init_by_strides(description, 2, sizes, type, strides);
}

/// 0, or oneDNN's status; then `to` is not to be used.
static int compile(const CODProduct *p, Compiled *to) {
  MemoryDescription a, b, c;
  ProductDescription product;
  void *operations = NULL, *attributes = NULL, *description = NULL;
  int status = describe(&a, p->m, p->k, p->lda, p->transposeA, BF16);
  if (!status) status = describe(&b, p->k, p->n, p->ldb, p->transposeB, BF16);
  if (!status) status = describe(&c, p->m, p->n, p->ldc, 0, p->bfloat16Result ? BF16 : F32);
  if (!status) status = post_ops_create(&operations);
  if (!status && p->accumulate) status = post_ops_append_sum(operations, 1);
  if (!status && p->relu) status = post_ops_append_eltwise(operations, 1, RELU, 0, 0);
  if (!status) status = primitive_attr_create(&attributes);
  if (!status) status = primitive_attr_set_post_ops(attributes, operations);
  if (!status) status = primitive_attr_set_scratchpad_mode(attributes, USER_SCRATCHPAD);
  if (!status) status = matmul_desc_init(&product, &a, &b, NULL, &c);
  if (!status) status = primitive_desc_create(&description, &product, attributes, engine, NULL);
  if (!status) status = primitive_create(&to->primitive, description);
  if (!status) {
    const MemoryDescription *scratch = primitive_desc_query_md(description, SCRATCHPAD_DESCRIPTION, 0);
    to->scratchData = aligned_alloc(64, memory_desc_get_size(scratch) / 64 * 64 + 64);
    if (!to->scratchData) abort();
    status = memory_create(&to->scratch, scratch, engine, to->scratchData);
  }
  if (!status) status = memory_create(&to->a, &a, engine, NULL);
  if (!status) status = memory_create(&to->b, &b, engine, NULL);
  if (!status) status = memory_create(&to->c, &c, engine, NULL);
  to->product = *p;
  if (description) primitive_desc_destroy(description);
  if (attributes) primitive_attr_destroy(attributes);
  if (operations) post_ops_destroy(operations);
  return status;
}

int cod_multiply(const CODProduct *product, const uint16_t *a, const uint16_t *b, void *c) {
  Worker *worker = ownWorker();
  Compiled *found = NULL;  // a model has some twenty products
  for (int i = 0; i < worker->count && !found; i++)
    if (!memcmp(&worker->compiled[i].product, product, sizeof *product)) found = worker->compiled + i;
  if (!found) {
    if (worker->count % 16 == 0) {
      worker->compiled = realloc(worker->compiled, (size_t)(worker->count + 16) * sizeof(Compiled));
      if (!worker->compiled) abort();
    }
    found = worker->compiled + worker->count;
    memset(found, 0, sizeof *found);
    int status = compile(product, found);
    if (status) return status;
    worker->count++;
  }
  int status = memory_set_data_handle(found->a, (void *)a);
  if (!status) status = memory_set_data_handle(found->b, (void *)b);
  if (!status) status = memory_set_data_handle(found->c, c);
  const Argument arguments[] = {
      {SOURCE, found->a}, {WEIGHTS, found->b}, {DESTINATION, found->c}, {SCRATCHPAD, found->scratch}};
  if (!status) status = primitive_execute(found->primitive, worker->stream, 4, arguments);
  if (!status) status = stream_wait(worker->stream);
  return status;
}

#include "internal.h"
#if defined(__x86_64__)
#define CK_SET avx512
#define CK_SET_NAME "avx512"
#define CK_ROWS 6
#define CK_VECTORS 4
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#include "kernels/kernels.inc"
#pragma clang attribute pop
#endif

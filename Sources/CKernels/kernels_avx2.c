#include "internal.h"
#if defined(__x86_64__)
#define CK_SET avx2
#define CK_SET_NAME "avx2"
#define CK_ROWS 6
#define CK_VECTORS 1
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "kernels/kernels.inc"
#pragma clang attribute pop
#endif

#include "internal.h"
#if defined(__aarch64__)
#define CK_SET neon
#define CK_SET_NAME "neon"
#define CK_ROWS 4
#define CK_VECTORS 1
#include "kernels/kernels.inc"
#endif

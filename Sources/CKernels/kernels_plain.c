// No instruction set assumed: fma may be a library call. The reference that the others must equal bit for bit.
#include "internal.h"
#define CK_SET plain
#define CK_SET_NAME "plain"
#define CK_ROWS 4
#define CK_VECTORS 1
#include "kernels/kernels.inc"

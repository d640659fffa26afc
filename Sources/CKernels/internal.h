#pragma once
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

/// Thread-local scratch number `slot`, at least n floats, 64-byte aligned; kept and grown for the thread's life.
float *ck_scratch(int slot, size_t n);

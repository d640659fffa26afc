// Runs every kernel of a set on seeded inputs and hashes what it writes. Every set gives the same hashes, on every
// machine; Tests/arm64 runs the same file under emulation.
#pragma once
#include <stdint.h>

#include "CKernels.h"

typedef struct {
  const char *_Nonnull name;
  uint64_t hash;
} KernelHash;

/// The hashes of a set, of ck_log and the like at the end. Returns their number; at most 64, in one order for all sets.
int kernel_hashes(const CKKernels *_Nonnull kernels, KernelHash *_Nullable out);

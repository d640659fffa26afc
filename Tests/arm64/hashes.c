// Prints the hash of every kernel under every set that this machine runs: "set<tab>hash<tab>kernel".
#include <inttypes.h>
#include <stdio.h>

#include "KernelHashes.h"

int main(void) {
  static const char *const sets[] = {"plain", "avx2", "avx512", "neon"};
  for (int s = 0; s < 4; s++) {
    const CKKernels *kernels = ck_kernels_named(sets[s]);
    if (!kernels) continue;
    KernelHash hashes[64];
    int count = kernel_hashes(kernels, hashes);
    for (int i = 0; i < count; i++) printf("%s\t%016" PRIx64 "\t%s\n", sets[s], hashes[i].hash, hashes[i].name);
  }
  return 0;
}

#define _GNU_SOURCE
#include "CSystem.h"

#include <fcntl.h>
#include <stdio.h>

int csystem_rename_if_absent(const char *source, const char *target) {
#ifdef __linux__
  return renameat2(AT_FDCWD, source, AT_FDCWD, target, RENAME_NOREPLACE);
#else
  return renamex_np(source, target, RENAME_EXCL);
#endif
}

#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

// For file systems that cannot rename exclusively (some network ones): a link fails where the target exists, and so does
// renaming a folder onto one that is not empty.
static int link_or_rename(const char *source, const char *target) {
  struct stat status;
  if (lstat(source, &status) != 0) return -1;
  if (S_ISDIR(status.st_mode)) return rename(source, target);
  if (link(source, target) != 0) return -1;
  return unlink(source);
}

int csystem_rename_if_absent(const char *source, const char *target) {
#ifdef __linux__
  int result = renameat2(AT_FDCWD, source, AT_FDCWD, target, RENAME_NOREPLACE);
#else
  int result = renamex_np(source, target, RENAME_EXCL);
#endif
  if (result == 0 || (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)) return result;
  return link_or_rename(source, target);
}

#pragma once

// Renames `source` to `target` unless `target` exists (Linux: renameat2 with RENAME_NOREPLACE; macOS: renamex_np with
// RENAME_EXCL). 0, or -1 with errno.
int csystem_rename_if_absent(const char *source, const char *target);

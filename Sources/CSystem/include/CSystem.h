#pragma once

#include <sys/types.h>

// Renames `source` to `target` unless `target` exists (Linux: renameat2 with RENAME_NOREPLACE; macOS: renamex_np with
// RENAME_EXCL). 0, or -1 with errno.
int csystem_rename_if_absent(const char *source, const char *target);

// A pipe, to be read from ends[0] and written to at ends[1]. Neither end is a standard descriptor, and no other process
// gets them. 0, or -1 with errno.
int csystem_pipe(int ends[2]);

// Starts words[0], looked up in PATH, with the words (nil-terminated) as its arguments and these descriptors as its
// standard input, output and error, as the first of a process group of its own, with no signal blocked or ignored.
// 0, or an error number.
int csystem_spawn(char *const words[], const int descriptors[3], pid_t *process);

// Whether a child has ended. It is not reaped by this: its number, and its group's, stay its own.
int csystem_has_ended(pid_t process);

// Waits until a child has ended, and reaps it. The signal that ended it as a negative number, or its exit status.
int csystem_reap(pid_t process);

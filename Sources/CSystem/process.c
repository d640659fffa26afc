#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

// The same open file under a number that no standard descriptor has.
static int above_standard(int descriptor) {
  if (descriptor > 2) return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 ? descriptor : -1;
  int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (moved >= 0) close(descriptor);
  return moved;
}

int csystem_pipe(int ends[2]) {
#ifdef __linux__
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
#else
  if (pipe(ends) != 0) return -1;  // csystem_spawn closes all that is not named
#endif
  for (int i = 0; i < 2; i++) {
    int end = above_standard(ends[i]);
    if (end < 0) {
      int problem = errno;
      close(ends[0]);
      close(ends[1]);
      errno = problem;
      return -1;
    }
    ends[i] = end;
  }
#ifdef F_SETPIPE_SZ
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);  // fewer turns of writer and reader; the system may refuse
#endif
  return 0;
}

int csystem_spawn(char *const words[], const int descriptors[3], pid_t *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int problem = posix_spawn_file_actions_init(&actions);
  if (problem != 0) return problem;
  problem = posix_spawnattr_init(&attributes);
  if (problem != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return problem;
  }
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) sigaddset(&usual, ignored[i]);
  short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
  posix_spawnattr_setflags(&attributes, flags);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  for (int i = 0; i < 3 && problem == 0; i++) {
    problem = posix_spawn_file_actions_adddup2(&actions, descriptors[i], i);
  }
  if (problem == 0) problem = posix_spawnp(process, words[0], &actions, &attributes, words, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return problem;
}

int csystem_has_ended(pid_t process) {
  siginfo_t info = {0};
  return waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == process;
}

int csystem_reap(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return 0;
  }
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

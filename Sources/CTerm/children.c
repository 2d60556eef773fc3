// Child processes for tests: on a pseudo-terminal, or with their output in a pipe.

#include "CTerm.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

// Threads of libdispatch run with signals blocked, and children inherit that.
static void clean_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
}

pid_t ct_spawn_on_pty(const char *path, char *const argv[], char *const envp[], int rows, int columns, int *master) {
  struct winsize size = {(unsigned short)rows, (unsigned short)columns, 0, 0};
  char name[64];
  // Not forkpty: its master lacks O_CLOEXEC, and children of tests that run side by side would inherit it.
  int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ours < 0) return -1;
  int theirs = -1;
  if (grantpt(ours) || unlockpt(ours) || ptsname_r(ours, name, sizeof name) ||
      (theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 || ioctl(ours, TIOCSWINSZ, &size)) {
    if (theirs >= 0) close(theirs);
    close(ours);
    return -1;
  }
  pid_t child = fork();
  if (child == 0) {
    login_tty(theirs);
    clean_signals();
    execve(path, argv, envp);
    _exit(127);
  }
  close(theirs);
  if (child < 0) {
    close(ours);
    return -1;
  }
  fcntl(ours, F_SETFL, O_NONBLOCK);
  *master = ours;
  return child;
}

pid_t ct_spawn_on_pipe(const char *path, char *const argv[], char *const envp[], int *output) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return -1;
  pid_t child = fork();
  if (child == 0) {
    clean_signals();
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    execve(path, argv, envp);
    _exit(127);
  }
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return -1;
  }
  *output = ends[0];
  return child;
}

int ct_resize(int master, int rows, int columns) {
  struct winsize size = {(unsigned short)rows, (unsigned short)columns, 0, 0};
  return ioctl(master, TIOCSWINSZ, &size);
}

int ct_wait(pid_t child, int block, int *code) {
  int status = 0;
  pid_t found;
  do found = waitpid(child, &status, (block ? 0 : WNOHANG) | WUNTRACED);
  while (found < 0 && errno == EINTR);
  if (found < 0) return -1;
  if (found == 0) return ct_running;
  if (WIFEXITED(status)) {
    *code = WEXITSTATUS(status);
    return ct_exited;
  }
  if (WIFSIGNALED(status)) {
    *code = WTERMSIG(status);
    return ct_signalled;
  }
  if (WIFSTOPPED(status)) {
    *code = WSTOPSIG(status);
    return ct_stopped;
  }
  return ct_running;
}

// The crash guard: the terminal is restored also when the process dies. In a signal handler only write, tcsetattr and
// sigaction are allowed, so curses is not asked.

#include "CTerm.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGQUIT};
static struct sigaction previous[64];
static struct termios original;
static char sequence[160];
static size_t sequence_length;
static volatile sig_atomic_t guarded = -1;
static int at_exit_registered;

static void restore(void) {
  int fd = guarded;
  if (fd < 0) return;
  guarded = -1;
  ssize_t written = write(fd, sequence, sequence_length);
  (void)written;
  tcsetattr(fd, TCSANOW, &original);
}

static void on_fatal(int number, siginfo_t *info, void *context) {
  (void)info;
  (void)context;
  restore();
  // Whoever was there before us (Swift's backtracer, a sanitizer) has the last word.
  sigaction(number, &previous[number], NULL);
  // A fault repeats itself on return; these do not.
  if (number == SIGABRT || number == SIGQUIT || (info && info->si_code <= 0)) raise(number);
}

void ct_guard_sequence(const char *restore_sequence) {
  size_t length = strlen(restore_sequence);
  if (length > sizeof sequence) length = sizeof sequence;
  memcpy(sequence, restore_sequence, length);
  sequence_length = length;
}

int ct_guard_open(int fd, const char *restore_sequence) {
  if (guarded >= 0) return 0;
  if (tcgetattr(fd, &original)) return -1;
  ct_guard_sequence(restore_sequence);
  for (size_t k = 0; k < sizeof fatal / sizeof *fatal; k++) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fatal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(fatal[k], &action, &previous[fatal[k]]);
  }
  if (!at_exit_registered) at_exit_registered = atexit(restore) == 0;
  guarded = fd;
  return 0;
}

void ct_guard_close(void) {
  if (guarded < 0) return;
  restore();
  for (size_t k = 0; k < sizeof fatal / sizeof *fatal; k++) sigaction(fatal[k], &previous[fatal[k]], NULL);
}

// The self-pipe: signals and posted messages become bytes that poll sees.

#include "CTerm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int reading_end = -1;
static int writing_end = -1;
static volatile sig_atomic_t pending_request;

int ct_wake_open(void) {
  int ends[2];
  if (reading_end >= 0) return reading_end;
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC)) return -1;
  reading_end = ends[0];
  writing_end = ends[1];
  return reading_end;
}

void ct_wake(unsigned char byte) {
  int saved_errno = errno;
  // A full pipe wakes the reader anyway; without a pipe nobody waits.
  ssize_t written = write(writing_end, &byte, 1);
  (void)written;
  errno = saved_errno;
}

void ct_request_taken(void) { pending_request = 0; }

static void to_pipe(int number) {
  if (number == SIGTERM || number == SIGHUP || number == SIGINT) {
    if (pending_request) {
      // The loop does not answer: leave, but leave the terminal in order.
      ct_guard_close();
      signal(number, SIG_DFL);
      raise(number);
      return;
    }
    pending_request = 1;
  }
  ct_wake((unsigned char)number);
}

void ct_catch(int number) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = to_pipe;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

void ct_default(int number) { signal(number, SIG_DFL); }

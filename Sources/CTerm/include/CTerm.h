#pragma once

// What Swift cannot do itself around a terminal: signal handlers, the crash guard, child processes on pseudo-terminals.

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

// The self-pipe: signals and posted messages become bytes that poll sees. Returns its reading end, or -1.
int ct_wake_open(void);
void ct_wake(unsigned char byte);

// From now on the signal only writes its number into the self-pipe. A second termination request (SIGTERM, SIGHUP,
// SIGINT) that comes while the first is not taken restores the terminal and ends the process.
void ct_catch(int signal_number);
void ct_default(int signal_number);
// Tells that the termination request was taken from the pipe.
void ct_request_taken(void);

// The crash guard: remembers the terminal's state, and on a fatal signal or exit() writes the sequence and sets it back.
// Returns -1 if fd is no terminal.
int ct_guard_open(int fd, const char *restore_sequence);
void ct_guard_sequence(const char *restore_sequence);
void ct_guard_close(void);

// Child processes with a clean signal mask and dispositions; -1 on failure.
pid_t ct_spawn_on_pty(const char *path, char *const argv[], char *const envp[], int rows, int columns, int *master);
pid_t ct_spawn_on_pipe(const char *path, char *const argv[], char *const envp[], int *output);
int ct_resize(int master, int rows, int columns);

enum { ct_running = 0, ct_exited = 1, ct_signalled = 2, ct_stopped = 3 };
// The state of a child; *code is its exit status or the signal's number.
int ct_wait(pid_t child, int block, int *code);

#ifdef __cplusplus
}
#endif

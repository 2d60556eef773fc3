#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "CKernels.h"

void nk_begin_thread(int thread, int threads) {
#if defined(__linux__)
    cpu_set_t allowed, own;
    if (threads < 2 || sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) != threads) return;
    for (int processor = 0; processor < CPU_SETSIZE; processor++) {
        if (!CPU_ISSET(processor, &allowed) || thread-- > 0) continue;
        CPU_ZERO(&own);
        CPU_SET(processor, &own);
        // Where the system does not permit it, the thread runs where it is.
        if (sched_setaffinity(0, sizeof own, &own) == 0) sched_setaffinity(0, sizeof allowed, &allowed);
        return;
    }
#else
    (void)thread;
    (void)threads;
#endif
}

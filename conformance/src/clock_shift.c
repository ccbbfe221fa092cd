/* The wall clock of a process, moved by the seconds in the file that SANDBOX_CLOCK_SHIFT names: preloaded into the gateway by
   tests of what takes years. Clocks that measure how long something takes are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
    const char *path = getenv("SANDBOX_CLOCK_SHIFT");
    int before = errno, file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[32] = {0};
    long seconds = 0;
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0) seconds = atol(text);
        close(file);
    }
    errno = before;
    return seconds;
}

int clock_gettime(clockid_t which, struct timespec *told) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int outcome = real(which, told);
    if (outcome == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) told->tv_sec += shift();
    return outcome;
}

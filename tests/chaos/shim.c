/* Loaded before libc into every process of a platform under test (LD_PRELOAD): a wall clock that is
   stepped, and a disk that is slow, both as the file at CHAOS_CONTROL says at this very moment.
   Monotonic clocks, sockets and pipes are left alone. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t step;  /* seconds that the wall clock is ahead */
    int64_t delay; /* microseconds that each write to a file, and each sync, takes longer */
};

static volatile const struct control nothing, *control = &nothing;

__attribute__((constructor)) static void open_control(void) {
    const char *path = getenv("CHAOS_CONTROL");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED)
        control = page;
    close(file);
}

/* The next definition of a function, found at its first call. */
#define NEXT(name)                                                                                                   \
    static __typeof__(&name) next;                                                                                   \
    if (!next)                                                                                                       \
        next = (__typeof__(next))dlsym(RTLD_NEXT, #name)

int clock_gettime(clockid_t clock, struct timespec *now) {
    NEXT(clock_gettime);
    int failed = next(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += control->step;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told)
        *told = now.tv_sec;
    return now.tv_sec;
}

static void be_slow(int file) {
    struct stat what;
    if (control->delay && !fstat(file, &what) && S_ISREG(what.st_mode))
        usleep((useconds_t)control->delay);
}

#define SLOWED(type, name, parameters, ...)                                                                          \
    type name parameters {                                                                                           \
        NEXT(name);                                                                                                  \
        be_slow(file);                                                                                               \
        return next(__VA_ARGS__);                                                                                    \
    }

SLOWED(ssize_t, write, (int file, const void *data, size_t size), file, data, size)
SLOWED(ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), file, data, size, at)
SLOWED(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), file, data, size, at)
SLOWED(ssize_t, writev, (int file, const struct iovec *parts, int count), file, parts, count)
SLOWED(ssize_t, pwritev, (int file, const struct iovec *parts, int count, off_t at), file, parts, count, at)
SLOWED(ssize_t, pwritev64, (int file, const struct iovec *parts, int count, off64_t at), file, parts, count, at)
SLOWED(int, fsync, (int file), file)
SLOWED(int, fdatasync, (int file), file)

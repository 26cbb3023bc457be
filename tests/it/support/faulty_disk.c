/* Preloaded into a server, it makes the disk under SQLite's files fail when a test says so.
 *
 * The file that FAULTY_DISK names holds "<round> <first> <errno> <sticky>": from the first-th change of a database file in this round on,
 * changes fail with errno, once or (sticky) until the next round. A change that has failed makes the file "<name>.hit". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static long round_of_count = -1;
static long count = 0;

static int is_of_database(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, ".db") != NULL && strstr(path, ".lock") == NULL;
}

/* The errno with which this change fails; 0: it does not. */
static int fault(int fd) {
    const char *name = getenv("FAULTY_DISK");
    if (!name || !is_of_database(fd)) return 0;
    int failed = 0;
    pthread_mutex_lock(&one_at_a_time);
    FILE *orders = fopen(name, "re");
    long round = 0, first = 0;
    int error = 0, sticky = 0;
    if (orders && fscanf(orders, "%ld %ld %d %d", &round, &first, &error, &sticky) == 4 && first > 0) {
        if (round != round_of_count) {
            round_of_count = round;
            count = 0;
        }
        count++;
        if (count == first || (sticky && count > first)) failed = error;
    }
    if (orders) fclose(orders);
    if (failed) {
        char hit[4096];
        snprintf(hit, sizeof hit, "%s.hit", name);
        int made = open(hit, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (made >= 0) close(made);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return failed;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_OR(fd, call)        \
    int failed = fault(fd);      \
    if (failed) {                \
        errno = failed;          \
        return -1;               \
    }                            \
    return call

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { FAIL_OR(fd, REAL(pwrite)(fd, bytes, size, at)); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { FAIL_OR(fd, REAL(pwrite64)(fd, bytes, size, at)); }
ssize_t write(int fd, const void *bytes, size_t size) { FAIL_OR(fd, REAL(write)(fd, bytes, size)); }
int ftruncate(int fd, off_t size) { FAIL_OR(fd, REAL(ftruncate)(fd, size)); }
int ftruncate64(int fd, off64_t size) { FAIL_OR(fd, REAL(ftruncate64)(fd, size)); }
int fsync(int fd) { FAIL_OR(fd, REAL(fsync)(fd)); }
int fdatasync(int fd) { FAIL_OR(fd, REAL(fdatasync)(fd)); }

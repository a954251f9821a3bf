/*
 * What the lab does to a device inside of a guest, past every cache.
 *
 *   lab-io write RUN FIRST ACKS DEVICE...  numbered blocks, until it is ended or a write fails;
 * each acknowledged number is a line `RUN NUMBER` in ACKS, at the end `RUN failed NUMBER WHY`
 *   lab-io check RUN LAST DEVICE...        are all numbers up to LAST there? `acked N lost N holes
 * N seen N` lab-io hold DEVICE                     keeps it open for reading, until it is ended
 *   lab-io put DEVICE BLOCK TEXT, lab-io get DEVICE BLOCK
 *   lab-io sum DEVICE [BYTES]              a digest of its content
 */
#include "block.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { VOLUMES_MAX = 8, CHUNK = 1 << 20 };

static volatile sig_atomic_t ended;

static void
end_me(int signal_number)
{
    (void)signal_number;
    ended = 1;
}

static int
number_read(const char *s, int base, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    *ret = strtoull(s, &end, base);
    return errno == 0 && *s && !*end ? 0 : -1;
}

static int
device_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        fprintf(stderr, "lab-io: cannot open %s: %s\n", path, strerror(errno));
    return fd;
}

static unsigned char *
buffer_new(size_t size)
{
    void *p = NULL;
    if (posix_memalign(&p, LAB_BLOCK, size) != 0)
        abort();
    memset(p, 0, size);
    return p;
}

static int
devices_open(char **paths, int n, int flags, int *fds)
{
    if (n < 1 || n > VOLUMES_MAX)
        return -1;
    for (int i = 0; i < n; i++)
        if ((fds[i] = device_open(paths[i], flags)) < 0)
            return -1;
    return 0;
}

static int
cmd_write(char **words, int n)
{
    uint64_t run, number;
    int fds[VOLUMES_MAX];
    if (n < 4 || number_read(words[0], 16, &run) < 0 || number_read(words[1], 10, &number) < 0 ||
        number < 1)
        return 2;
    int acks = open(words[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (acks < 0) {
        fprintf(stderr, "lab-io: cannot open %s: %s\n", words[2], strerror(errno));
        return 1;
    }
    const unsigned volumes = (unsigned)(n - 3);
    if (devices_open(words + 3, n - 3, O_WRONLY | O_DIRECT | O_DSYNC, fds) < 0)
        return 1;
    const struct sigaction end = {.sa_handler = end_me, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &end, NULL);
    unsigned char *block = buffer_new(LAB_BLOCK);
    for (; !ended; number++) {
        lab_block_make(block, run, number);
        const ssize_t done = pwrite(fds[lab_block_volume(number, volumes)], block, LAB_BLOCK,
                                    (off_t)lab_block_offset(number, volumes));
        if (done != LAB_BLOCK) {
            dprintf(acks, "%016" PRIx64 " failed %" PRIu64 " %s\n", run, number,
                    done < 0 ? strerror(errno) : "short write");
            return 1;
        }
        /* One write, so one buffer for the host: a line there is a whole one. */
        dprintf(acks, "%016" PRIx64 " %" PRIu64 "\n", run, number);
        /* Flat out it would keep the guest's one processor to itself. */
        nanosleep(&(struct timespec){.tv_nsec = 25000000}, NULL);
    }
    return 0;
}

/* The number that lies where NUMBER was written, 0 when it is none of RUN, -1 when it cannot be
 * read. */
static int
number_at(const int *fds, unsigned volumes, uint64_t run, uint64_t number, unsigned char *block,
          uint64_t *ret)
{
    const ssize_t done = pread(fds[lab_block_volume(number, volumes)], block, LAB_BLOCK,
                               (off_t)lab_block_offset(number, volumes));
    if (done != LAB_BLOCK) {
        fprintf(stderr, "lab-io: cannot read where number %" PRIu64 " lies: %s\n", number,
                strerror(errno));
        return -1;
    }
    *ret = lab_block_read(block, run);
    return 0;
}

static int
cmd_check(char **words, int n)
{
    uint64_t run, last, seen = 0, lost = 0, holes = 0;
    int fds[VOLUMES_MAX];
    if (n < 3 || number_read(words[0], 16, &run) < 0 || number_read(words[1], 10, &last) < 0)
        return 2;
    const unsigned volumes = (unsigned)(n - 2);
    if (devices_open(words + 2, n - 2, O_RDONLY | O_DIRECT, fds) < 0)
        return 1;
    unsigned char *block = buffer_new(LAB_BLOCK);
    const uint64_t all = (uint64_t)volumes * LAB_SLOTS;
    uint64_t *there = calloc(all, sizeof *there);
    if (!there)
        return 1;
    for (uint64_t i = 0; i < all; i++) {
        if (number_at(fds, volumes, run, i + 1, block, &there[i]) < 0)
            return 1;
        /* A block of the right run in the wrong place is not the one that was written there. */
        if (there[i] && (there[i] - 1) % all != i)
            there[i] = 0;
        if (there[i] > seen)
            seen = there[i];
    }
    /* Of the numbers that share a place the latest one counts. */
    const uint64_t end = seen > last ? seen : last;
    for (uint64_t number = end > all ? end - all + 1 : 1; number <= end; number++) {
        const uint64_t found = there[(number - 1) % all];
        if (found >= number)
            continue;
        if (number <= last) {
            if (lost++ < 5)
                printf("lost %" PRIu64 "\n", number);
        }
        if (number < seen) {
            if (holes++ < 5)
                printf("hole %" PRIu64 "\n", number);
        }
    }
    printf("acked %" PRIu64 " lost %" PRIu64 " holes %" PRIu64 " seen %" PRIu64 "\n", last, lost,
           holes, seen);
    free(there);
    return lost || holes ? 1 : 0;
}

static int
cmd_hold(char **words, int n)
{
    if (n != 1)
        return 2;
    int fd = device_open(words[0], O_RDONLY);
    if (fd < 0)
        return 1;
    const struct sigaction end = {.sa_handler = end_me};
    sigaction(SIGTERM, &end, NULL);
    printf("held\n");
    fflush(stdout);
    sigset_t none;
    sigemptyset(&none);
    while (!ended)
        sigsuspend(&none);
    return 0;
}

static int
cmd_put(char **words, int n)
{
    uint64_t place;
    if (n != 3 || number_read(words[1], 10, &place) < 0 || strlen(words[2]) >= LAB_BLOCK)
        return 2;
    int fd = device_open(words[0], O_WRONLY | O_DIRECT | O_DSYNC);
    if (fd < 0)
        return 1;
    unsigned char *block = buffer_new(LAB_BLOCK);
    memcpy(block, words[2], strlen(words[2]));
    if (pwrite(fd, block, LAB_BLOCK, (off_t)(place * LAB_BLOCK)) != LAB_BLOCK) {
        fprintf(stderr, "lab-io: cannot write to %s: %s\n", words[0], strerror(errno));
        return 1;
    }
    return 0;
}

static int
cmd_get(char **words, int n)
{
    uint64_t place;
    if (n != 2 || number_read(words[1], 10, &place) < 0)
        return 2;
    int fd = device_open(words[0], O_RDONLY | O_DIRECT);
    if (fd < 0)
        return 1;
    unsigned char *block = buffer_new(LAB_BLOCK);
    if (pread(fd, block, LAB_BLOCK, (off_t)(place * LAB_BLOCK)) != LAB_BLOCK) {
        fprintf(stderr, "lab-io: cannot read %s: %s\n", words[0], strerror(errno));
        return 1;
    }
    block[LAB_BLOCK - 1] = 0;
    puts((const char *)block);
    return 0;
}

static int
cmd_sum(char **words, int n)
{
    uint64_t left = UINT64_MAX, sum = 0xcbf29ce484222325u, bytes = 0;
    if (n < 1 || n > 2 || (n == 2 && number_read(words[1], 10, &left) < 0))
        return 2;
    int fd = device_open(words[0], O_RDONLY | O_DIRECT);
    if (fd < 0)
        return 1;
    unsigned char *chunk = buffer_new(CHUNK);
    while (left > 0) {
        const ssize_t got = read(fd, chunk, left < CHUNK ? (size_t)left : CHUNK);
        if (got < 0) {
            fprintf(stderr, "lab-io: cannot read %s: %s\n", words[0], strerror(errno));
            return 1;
        }
        if (got == 0)
            break;
        for (ssize_t i = 0; i + 8 <= got; i += 8) {
            uint64_t word;
            memcpy(&word, chunk + i, 8);
            sum = (sum ^ word) * 0x100000001b3u;
            sum ^= sum >> 29;
        }
        bytes += (uint64_t)got;
        left -= (uint64_t)got;
    }
    printf("%016" PRIx64 " %" PRIu64 "\n", sum, bytes);
    return 0;
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(char **, int);
    } commands[] = {{"write", cmd_write}, {"check", cmd_check}, {"hold", cmd_hold},
                    {"put", cmd_put},     {"get", cmd_get},     {"sum", cmd_sum}};
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            const int status = commands[i].run(argv + 2, argc - 2);
            if (status == 2)
                break;
            return status;
        }
    fprintf(stderr, "usage: lab-io write|check|hold|put|get|sum ...\n");
    return 2;
}

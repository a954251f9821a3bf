/*
 * Many whole worlds, each drawn from a seed, played in one process under a virtual clock and judged
 * after every event. Seeds are dealt to child processes in packs, because the memory of killed
 * controllers ends with its process.
 *
 *   seeds [--count N] [--from N] [--jobs N]   prints figures; exit 1 when a seed was bad
 *   seeds --seed N                            plays that one and shows its history
 *   seeds --canaries                          breaks each rule in turn and must see it
 */
#include "seeds/story.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PACK = 100, JOBS_MOST = 16, SHOWN_MOST = 20, PACK_S = 120 };

struct totals {
    uint64_t seeds, bad, right;
    uint64_t wrong[WRONG_KINDS], over_living[WRONG_KINDS];
    uint64_t broken[CHECK_RULES]; /* seeds */
    uint64_t met[MET_COUNT];
    uint64_t first_bad;
};

/* What a child says of one seed. */
struct said {
    uint64_t seed;
    struct verdict v;
};

static void
add(struct totals *t, const struct said *s)
{
    t->seeds++;
    t->right += s->v.wrong == WRONG_NONE;
    t->wrong[s->v.wrong]++;
    t->over_living[s->v.wrong] += s->v.over_living;
    for (int i = 0; i < MET_COUNT; i++)
        t->met[i] += s->v.met[i];
    for (int i = 0; i < CHECK_RULES; i++)
        t->broken[i] += s->v.broken[i] > 0;
    if (!s->v.bad)
        return;
    if (t->bad == 0 || s->seed < t->first_bad)
        t->first_bad = s->seed;
    t->bad++;
}

/* ---- children -------------------------------------------------------------------------------- */

struct child {
    pid_t pid;
    int fd;
    uint64_t from, n, got;
    time_t began;
};

static _Noreturn void
child_main(int fd, uint64_t from, uint64_t n)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Worlds come and go: their memory is kept for the next one. */
    (void)mallopt(M_MMAP_THRESHOLD, 64 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 512 << 20);
    (void)mallopt(M_TOP_PAD, 16 << 20);
    for (uint64_t i = 0; i < n; i++) {
        struct said s = {.seed = from + i};
        story_play(story_shape(s.seed), s.seed, false, &s.v);
        const char *at = (const char *)&s;
        for (size_t left = sizeof(s); left;) {
            ssize_t w = write(fd, at, left);
            if (w < 0 && errno != EINTR)
                _exit(2);
            at += w > 0 ? w : 0;
            left -= w > 0 ? (size_t)w : 0;
        }
    }
    _exit(0); /* what killed controllers held is lost with the process */
}

static bool
child_start(struct child *c, uint64_t from, uint64_t n)
{
    int fds[2];
    if (pipe(fds) < 0)
        return false;
    (void)fflush(stdout);
    (void)fflush(stderr);
    c->pid = fork();
    if (c->pid < 0)
        return false;
    if (c->pid == 0) {
        (void)close(fds[0]);
        child_main(fds[1], from, n);
    }
    (void)close(fds[1]);
    c->fd = fds[0];
    c->from = from;
    c->n = n;
    c->got = 0;
    c->began = time(NULL);
    return true;
}

static void
show_bad(const struct said *s)
{
    (void)fprintf(stderr, "seed %llu: %s\n  again: scripts/test seeds --seed %llu\n",
                  (unsigned long long)s->seed, s->v.text, (unsigned long long)s->seed);
}

/* True while C goes on. A child that died on a seed is a bad seed too, and the rest is played by
 * another. */
static bool
child_read(struct child *c, struct totals *t, void (*bad)(const struct said *))
{
    struct said s;
    char *at = (char *)&s;
    for (size_t left = sizeof(s); left;) {
        ssize_t r = read(c->fd, at, left);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0) {
            int status = 0;
            (void)close(c->fd);
            (void)waitpid(c->pid, &status, 0);
            if (c->got == c->n)
                return false;
            memset(&s, 0, sizeof(s));
            s.seed = c->from + c->got;
            s.v.bad = true;
            (void)snprintf(s.v.text, sizeof(s.v.text), "its process ended with %s %d",
                           WIFSIGNALED(status) ? "signal" : "code",
                           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
            add(t, &s);
            if (bad)
                bad(&s);
            uint64_t from = s.seed + 1, n = c->n - c->got - 1;
            return n && child_start(c, from, n);
        }
        at += r;
        left -= (size_t)r;
    }
    c->got++;
    c->began = time(NULL);
    add(t, &s);
    if (s.v.bad && bad)
        bad(&s);
    return true;
}

/* Until COUNT seeds were played, or ENOUGH says so. */
static void
play_all(uint64_t from, uint64_t count, unsigned jobs, struct totals *t,
         void (*bad)(const struct said *), bool (*enough)(const struct totals *))
{
    struct child children[JOBS_MOST];
    struct pollfd fds[JOBS_MOST];
    size_t n = 0;
    uint64_t next = from, end = from + count;
    while (n || (next < end && !(enough && enough(t)))) {
        while (n < jobs && next < end && !(enough && enough(t))) {
            uint64_t pack = end - next < PACK ? end - next : PACK;
            if (!child_start(&children[n], next, pack))
                abort();
            next += pack;
            n++;
        }
        for (size_t i = 0; i < n; i++)
            fds[i] = (struct pollfd){.fd = children[i].fd, .events = POLLIN};
        (void)poll(fds, n, 1000);
        for (size_t i = n; i-- > 0;) {
            if (!fds[i].revents && time(NULL) - children[i].began > PACK_S)
                (void)kill(children[i].pid, SIGKILL); /* it hangs on a seed */
            if (fds[i].revents && !child_read(&children[i], t, bad))
                children[i] = children[--n];
        }
    }
}

/* ---- canaries -------------------------------------------------------------------------------- */

/* A rule that is broken on purpose, and what has to be seen within a thousand seeds. */
static const struct canary {
    const char *name;
    enum check_rule rule;
} canaries[] = {
    {"no-fence", CHECK_S1},        {"no-snapshot", CHECK_S2},   {"no-final-sync", CHECK_S3},
    {"any-loss", CHECK_S3},        {"first-member", CHECK_S4},  {"resync-from-old", CHECK_S5},
    {"send-first", CHECK_S6},      {"half-a-commit", CHECK_S7}, {"no-settle", CHECK_S8},
    {"believe-unknown", CHECK_S9}, {"trust-damage", CHECK_S13}, {"no-audit", CHECK_S14},
    {"forget-run", CHECK_L1},      {"no-remedy", CHECK_L2},     {"stale-consent", CHECK_S10},
    {"drill-pauses", CHECK_S11},   {"drill-shown", CHECK_S11},  {"no-way-back", CHECK_L3},
    {"unknown-is-yes", CHECK_S12}, {"no-token", CHECK_S8},      {"stale-mirror", CHECK_S8},
};
enum { CANARY_SEEDS = 1000 };

static enum check_rule wanted;

static bool
seen(const struct totals *t)
{
    return t->broken[wanted] > 0;
}

static int
play_canaries(unsigned jobs, const char *only)
{
    size_t caught = 0, n = 0;
    for (size_t i = 0; i < DR_COUNT(canaries); i++) {
        struct totals t = {0};
        if (only && !dr_streq(only, canaries[i].name))
            continue;
        n++;
        wanted = canaries[i].rule;
        dr_canary_set(canaries[i].name);
        play_all(1, CANARY_SEEDS, jobs, &t, NULL, seen);
        dr_canary_set(NULL);
        caught += seen(&t);
        printf("canary %-16s %-3s %s after %llu seeds (%llu were bad)\n", canaries[i].name,
               check_rule_name(wanted), seen(&t) ? "seen" : "NOT SEEN", (unsigned long long)t.seeds,
               (unsigned long long)t.bad);
    }
    printf("figure canaries_caught %zu of %zu\n", caught, n);
    return caught == n ? 0 : 1;
}

/* ---- many ------------------------------------------------------------------------------------ */

static void
print_totals(const struct totals *t, double seconds)
{
    for (int i = 1; i < WRONG_KINDS; i++)
        printf("wrong person, %s: %llu worlds, %llu promoted over a living site\n",
               wrong_name((enum wrong_kind)i), (unsigned long long)t->wrong[i],
               (unsigned long long)t->over_living[i]);
    for (int i = 0; i < MET_COUNT; i++)
        printf("figure seeds_%s %llu\n", met_name((enum met)i), (unsigned long long)t->met[i]);
    printf("figure seeds_wrong_person %llu of %llu\n", (unsigned long long)(t->seeds - t->right),
           (unsigned long long)t->seeds);
    for (int i = 0; i < CHECK_RULES; i++)
        if (t->broken[i])
            printf("%s was broken in %llu seeds\n", check_rule_name((enum check_rule)i),
                   (unsigned long long)t->broken[i]);
    printf("figure seeds_time %.1f s\n", seconds);
    printf("figure seeds_ok %llu of %llu\n", (unsigned long long)(t->seeds - t->bad),
           (unsigned long long)t->seeds);
}

static bool
number(const char *text, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    *ret = text ? strtoull(text, &end, 10) : 0;
    return text && *text && *end == '\0' && errno == 0;
}

static int
one(uint64_t seed)
{
    struct verdict v;
    story_play(story_shape(seed), seed, true, &v);
    printf("seed %llu: %s\n", (unsigned long long)seed, v.bad ? v.text : "ok");
    (void)fflush(stdout);
    _exit(v.bad ? 1 : 0);
}

int
main(int argc, char **argv)
{
    uint64_t count = 1000, from = 1, seed = 0, jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    bool single = false, birds = false;
    const char *bird = NULL;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool good = true;
        if (dr_streq(argv[i], "--count"))
            good = number(value, &count), i++;
        else if (dr_streq(argv[i], "--from"))
            good = number(value, &from), i++;
        else if (dr_streq(argv[i], "--jobs"))
            good = number(value, &jobs), i++;
        else if (dr_streq(argv[i], "--seed"))
            good = single = number(value, &seed), i++;
        else if (dr_streq(argv[i], "--canary"))
            good = (bird = value) != NULL, i++;
        else if (dr_streq(argv[i], "--canaries"))
            birds = true;
        else
            good = false;
        if (!good) {
            (void)fputs("usage: seeds [--count N] [--from N] [--jobs N] | --seed N [--canary NAME]"
                        " | --canaries\n",
                        stderr);
            return 2;
        }
    }
    jobs = jobs < 1 ? 1 : jobs > JOBS_MOST ? JOBS_MOST : jobs;
    dr_log_level(DRSTOR_LOG_ERROR); /* arrays that obey anybody are warned of */
    if (!story_prepare())
        return 2;
    if (single) {
        dr_canary_set(bird);
        return one(seed);
    }
    if (birds || bird)
        return play_canaries((unsigned)jobs, bird);

    struct totals t = {0};
    struct timespec a, b;
    (void)clock_gettime(CLOCK_MONOTONIC, &a);
    play_all(from, count, (unsigned)jobs, &t, show_bad, NULL);
    (void)clock_gettime(CLOCK_MONOTONIC, &b);
    print_totals(&t, (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
    return t.bad ? 1 : 0;
}

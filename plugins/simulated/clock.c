/* The clock of a world: the machine's, a virtual one, one shared by a file, or a callback. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
sim_clock_read(const char *path, uint64_t *ret_ns)
{
    /* Unlike a lock-and-read, an atomic replace never shows half a number. */
    FILE *f = fopen(path, "re");
    if (!f)
        return DRSTOR_E_NOTFOUND;
    char line[32];
    int r = DRSTOR_E_INVALID;
    if (fgets(line, sizeof(line), f)) {
        char *end;
        unsigned long long n = strtoull(line, &end, 10);
        if (end != line && (*end == '\n' || *end == '\0')) {
            *ret_ns = n;
            r = DRSTOR_OK;
        }
    }
    if (fclose(f) != 0)
        r = DRSTOR_E_INTERNAL;
    return r;
}

int
sim_clock_write(const char *path, uint64_t ns)
{
    char temporary[512];
    int n = snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof(temporary))
        return DRSTOR_E_INVALID;
    FILE *f = fopen(temporary, "we");
    if (!f)
        return DRSTOR_E_INVALID;
    bool good = fprintf(f, "%llu\n", (unsigned long long)ns) > 0;
    good = fclose(f) == 0 && good;
    if (!good || rename(temporary, path) < 0) {
        unlink(temporary);
        return DRSTOR_E_INTERNAL;
    }
    return DRSTOR_OK;
}

void
sim_world_clock(struct sim_world *w, sim_clock_fn fn, void *user)
{
    w->clock = fn;
    w->clock_user = user;
}

int
sim_advance(struct sim_world *w, uint64_t ns)
{
    if (w->clock_path[0]) {
        uint64_t now;
        int r = sim_clock_read(w->clock_path, &now);
        if (r == DRSTOR_OK)
            r = sim_clock_write(w->clock_path, now + ns);
        if (r < 0)
            return sim_fail(w, r, "cannot move the clock file %s", w->clock_path);
    } else if (!w->clock_virtual) {
        return sim_fail(w, DRSTOR_E_INVALID, "this world runs on the machine's clock");
    }
    sim_run_to(w, w->now_ns + ns);
    w->changed = 1;
    return DRSTOR_OK;
}

uint64_t
sim_clock_now(const struct sim_world *w)
{
    uint64_t ns = w->now_ns;
    struct timespec ts;

    if (w->clock)
        return w->clock(w->clock_user);
    if (w->clock_path[0])
        return sim_clock_read(w->clock_path, &ns) == DRSTOR_OK ? ns : w->now_ns;
    if (w->clock_virtual || clock_gettime(CLOCK_BOOTTIME, &ts) < 0)
        return w->now_ns;
    return (uint64_t)ts.tv_sec * SIM_SECOND + (uint64_t)ts.tv_nsec + w->shift_ns;
}

uint64_t
sim_now(const struct sim_world *w)
{
    return w->now_ns;
}

int64_t
sim_utc(const struct sim_world *w, uint64_t ns)
{
    return w->utc_base_s + (int64_t)(ns / SIM_SECOND);
}

bool
sim_virtual(const struct sim_world *w)
{
    return !w->clock && (w->clock_virtual || w->clock_path[0]);
}

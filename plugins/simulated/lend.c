/* Worlds that a program holds itself, and what an injected crash does to it. */
#include "state.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "memory:";

static struct {
    char name[SIM_NAME];
    struct sim_world *world;
} lent[4];

int
sim_world_lend(const char *name, struct sim_world *w)
{
    size_t n = sizeof(lent) / sizeof(lent[0]), free_at = n;
    for (size_t i = 0; i < n; i++) {
        if (lent[i].world && strcmp(lent[i].name, name) == 0) {
            lent[i].world = w;
            return DRSTOR_OK;
        }
        if (!lent[i].world && free_at == n)
            free_at = i;
    }
    if (!w)
        return DRSTOR_OK;
    if (free_at == n || strlen(name) >= SIM_NAME)
        return DRSTOR_E_INVALID;
    SIM_SET(lent[free_at].name, name);
    lent[free_at].world = w;
    return DRSTOR_OK;
}

int
sim_world_open(const char *where, struct sim_world **ret, char why[SIM_WORDS])
{
    if (strncmp(where, prefix, sizeof(prefix) - 1) != 0)
        return sim_file_open(where, ret, why);
    for (size_t i = 0; i < sizeof(lent) / sizeof(lent[0]); i++)
        if (lent[i].world && strcmp(lent[i].name, where + sizeof(prefix) - 1) == 0) {
            *ret = lent[i].world;
            return DRSTOR_OK;
        }
    if (why)
        (void)snprintf(why, SIM_WORDS, "this program holds no world \"%.64s\"", where);
    return DRSTOR_E_NOTFOUND;
}

void
sim_world_close(struct sim_world *w)
{
    if (w && w->path)
        sim_world_free(w);
}

void
sim_world_crash(struct sim_world *w, void (*fn)(void *user), void *user)
{
    w->crash = fn;
    w->crash_user = user;
}

void
sim_world_caller(struct sim_world *w, uint64_t (*fn)(void *user), void *user)
{
    w->caller = fn;
    w->caller_user = user;
}

void
sim_crash(struct sim_world *w)
{
    if (w->crash)
        w->crash(w->crash_user);
    else
        (void)raise(SIGKILL);
}

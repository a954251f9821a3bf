/* The world itself: names, clock, copying and freeing. */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A virtual clock begins at a time that is not zero: zero means "never" in many places. */
#define WORLD_BEGIN_NS (1000 * SIM_SECOND)

static const char *const op_names[SIM_OP_COUNT] = {
    [SIM_OP_UNKNOWN] = "unknown",
    [SIM_OP_DISCOVER] = "discover",
    [SIM_OP_OBSERVE] = "observe",
    [SIM_OP_VERIFY_DUAL_WRITE] = "verify_dual_write",
    [SIM_OP_JOBS] = "jobs",
    [SIM_OP_POLL] = "poll",
    [SIM_OP_POINTS] = "points",
    [SIM_OP_SET_ACCESS] = "set_access",
    [SIM_OP_FORCE_ACCESS] = "force_access",
    [SIM_OP_SYNC_ONCE] = "sync_once",
    [SIM_OP_SUSPEND] = "suspend",
    [SIM_OP_RESUME] = "resume",
    [SIM_OP_RESYNC] = "resync",
    [SIM_OP_EXPOSE] = "expose",
    [SIM_OP_WITHDRAW] = "withdraw",
    [SIM_OP_SNAPSHOT] = "snapshot",
    [SIM_OP_TEST_START] = "test_start",
    [SIM_OP_TEST_STOP] = "test_stop",
    [SIM_OP_SET_PREFERRED] = "set_preferred",
    [SIM_OP_CANCEL] = "cancel",
    [SIM_OP_TAG] = "tag",
    [SIM_OP_PROBE_WRITE] = "probe_write",
};

const char *
sim_op_name(enum sim_op op)
{
    return op > SIM_OP_UNKNOWN && op < SIM_OP_COUNT ? op_names[op] : "unknown";
}

enum sim_op
sim_op_find(const char *name)
{
    for (int i = 1; i < SIM_OP_COUNT; i++)
        if (strcmp(op_names[i], name) == 0)
            return (enum sim_op)i;
    return SIM_OP_UNKNOWN;
}

int
sim_fail(struct sim_world *w, int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(w->why, sizeof(w->why), format, ap);
    va_end(ap);
    return status;
}

const char *
sim_why(const struct sim_world *w)
{
    return w->why;
}

void
sim_copy_text(char *to, size_t size, const char *from)
{
    size_t n = from ? strnlen(from, size - 1) : 0;
    if (n)
        memcpy(to, from, n);
    to[n] = '\0';
}

void *
sim_grow(void *v, size_t n, size_t *size, size_t element)
{
    if (n < *size)
        return v;
    size_t more = *size ? *size * 2 : 8;
    void *bigger = reallocarray(v, more, element);
    if (bigger)
        *size = more;
    return bigger;
}

/* splitmix64 over three words: the same draw from the same seed, on every machine. */
uint64_t
sim_hash(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t x =
        a + UINT64_C(0x9e3779b97f4a7c15) * (b + 1) + UINT64_C(0xd1b54a32d192ed03) * (c + 1);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

int
sim_site_index(const struct sim_world *w, const char *name)
{
    for (size_t i = 0; name && i < w->n_sites; i++)
        if (strcmp(w->sites[i].name, name) == 0)
            return (int)i;
    return -1;
}

int
sim_array_index(const struct sim_world *w, const char *name)
{
    for (size_t i = 0; name && i < w->n_arrays; i++)
        if (strcmp(w->arrays[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool
sim_copy_find(const struct sim_world *w, uint32_t array, const char *id, uint32_t *ret_group,
              uint32_t *ret_copy)
{
    for (size_t i = 0; i < w->n_groups; i++) {
        const struct sim_group *g = &w->groups[i];
        for (size_t j = 0; j < g->n_copies; j++) {
            if (g->copies[j].array == array && strcmp(g->copies[j].id, id) == 0) {
                *ret_group = (uint32_t)i;
                *ret_copy = (uint32_t)j;
                return true;
            }
        }
    }
    return false;
}

uint32_t
sim_copy_site(const struct sim_world *w, const struct sim_copy *c)
{
    return w->arrays[c->array].site;
}

int
sim_array_info(struct sim_world *w, const char *array, struct sim_array_info *ret)
{
    int i = sim_array_index(w, array);
    if (i < 0)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "the world has no array %s", array ? array : "");
    const struct sim_array *a = &w->arrays[i];
    *ret = (struct sim_array_info){.parallel_calls = a->parallel_calls,
                                   .calls_per_s = a->calls_per_s,
                                   .settle_ms = a->settle_ms,
                                   .native_fence = a->native_fence != 0};
    SIM_SET(ret->site, w->sites[a->site].name);
    return DRSTOR_OK;
}

int
sim_enter(struct sim_world *w)
{
    return sim_enter_at(w, SIM_NEVER);
}

int
sim_enter_at(struct sim_world *w, uint64_t boottime_ns)
{
    if (pthread_mutex_lock(&w->mutex) != 0)
        return DRSTOR_E_INTERNAL;
    w->why[0] = '\0';
    if (w->path) {
        int r = sim_file_load(w);
        if (r < 0) {
            pthread_mutex_unlock(&w->mutex);
            return r;
        }
    }
    w->changed = 0;
    bool real = !w->clock && !w->clock_virtual && !w->clock_path[0];
    uint64_t now = real && boottime_ns != SIM_NEVER ? boottime_ns + w->shift_ns : sim_clock_now(w);
    if (now > w->now_ns) {
        sim_run_to(w, now);
    } else if (real && w->now_ns - now > 60 * SIM_SECOND) {
        /* The machine was started again: its clock began anew, the world's does not. */
        w->shift_ns += w->now_ns - now;
        w->changed = 1;
    }
    return DRSTOR_OK;
}

int
sim_leave(struct sim_world *w)
{
    int r = DRSTOR_OK;
    sim_trace_scan(w, SIM_CAUSE_HOST);
    if (w->broken)
        r = sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    if (w->path)
        r = sim_file_unload(w, r == DRSTOR_OK && w->changed);
    pthread_mutex_unlock(&w->mutex);
    return r;
}

/* ---- copying and freeing --------------------------------------------------------------------- */

void
sim_members_free(struct sim_member *members, size_t n)
{
    for (size_t i = 0; members && i < n; i++) {
        sim_point_clear(&members[i].point);
        sim_point_clear(&members[i].incoming);
        free(members[i].writers);
    }
    free(members);
}

void
sim_group_clear(struct sim_group *g)
{
    for (size_t i = 0; g->copies && i < g->n_copies; i++) {
        sim_members_free(g->copies[i].members, g->n_members);
        free(g->copies[i].host_groups);
    }
    for (size_t i = 0; g->images && i < g->n_images; i++)
        sim_members_free(g->images[i].members, g->n_members);
    for (size_t i = 0; g->segments && i < g->n_members; i++)
        free(g->segments[i].v);
    free(g->copies);
    free(g->images);
    free(g->segments);
}

struct sim_image *
sim_image_find(struct sim_group *g, uint32_t copy, const char *name)
{
    for (size_t i = 0; i < g->n_images; i++)
        if (g->images[i].copy == copy && strcmp(g->images[i].name, name) == 0)
            return &g->images[i];
    return NULL;
}

void
sim_world_clear(struct sim_world *w)
{
    for (size_t i = 0; w->groups && i < w->n_groups; i++)
        sim_group_clear(&w->groups[i]);
    free(w->groups);
    free(w->sites);
    free(w->links);
    free(w->arrays);
    free(w->jobs);
    free(w->flights);
    free(w->faults);
    free(w->losses);
    free(w->seen);
    free(w->log);
    free(w->told);
}

void
sim_world_free(struct sim_world *w)
{
    if (!w)
        return;
    sim_world_clear(w);
    free(w->path);
    if (w->lock_fd >= 0)
        close(w->lock_fd);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}

struct sim_world *
sim_world_blank(void)
{
    struct sim_world *w = calloc(1, sizeof(*w));
    if (!w)
        return NULL;
    w->lock_fd = -1;
    if (pthread_mutex_init(&w->mutex, NULL) != 0) {
        free(w);
        return NULL;
    }
    return w;
}

/* Times of a world that begins now. */
static void
world_begin(struct sim_world *w)
{
    if (w->now_ns)
        return;
    uint64_t now;
    w->now_ns = WORLD_BEGIN_NS;
    if (w->clock_path[0] && sim_clock_read(w->clock_path, &now) < 0)
        sim_clock_write(w->clock_path, w->now_ns);
    else if (!w->clock_virtual)
        w->now_ns = sim_clock_now(w);
    for (size_t gi = 0; gi < w->n_groups; gi++) {
        struct sim_group *g = &w->groups[gi];
        for (size_t j = 0; j < g->n_copies; j++) {
            g->copies[j].next_ns = w->now_ns + g->period_ns;
            g->copies[j].next_point_ns = w->now_ns + g->point_every_ns;
            g->copies[j].peer_seen_ns = 0;
            for (size_t i = 0; i < g->n_members; i++)
                g->copies[j].members[i].point.at_ns = w->now_ns;
        }
    }
}

int
sim_world_new(struct json_object *spec, struct sim_world **ret, char why[SIM_WORDS])
{
    struct sim_world *w = sim_world_blank();
    if (!w)
        return DRSTOR_E_NOMEM;
    int r = sim_decode(w, spec);
    if (r < 0) {
        if (why)
            sim_copy_text(why, SIM_WORDS, w->why);
        sim_world_free(w);
        return r;
    }
    world_begin(w);
    if (w->utc_base_s == 0) {
        /* A virtual world has the same calendar in every run. */
        bool real = !w->clock_virtual && !w->clock_path[0];
        w->utc_base_s =
            real ? (int64_t)time(NULL) - (int64_t)(w->now_ns / SIM_SECOND) : INT64_C(1767225600);
    }
    sim_settle(w, true);
    *ret = w;
    return DRSTOR_OK;
}

static void *
world_dup(const void *v, size_t n, size_t element, bool *good)
{
    if (!v || n == 0)
        return NULL;
    void *copy = malloc(n * element);
    if (copy)
        memcpy(copy, v, n * element);
    else
        *good = false;
    return copy;
}

static struct sim_member *
world_dup_members(const struct sim_member *from, size_t n, bool *good)
{
    struct sim_member *to = world_dup(from, n, sizeof(*to), good);
    for (size_t i = 0; to && i < n; i++) {
        sim_doc_ref(to[i].point.doc);
        sim_doc_ref(to[i].incoming.doc);
        to[i].writers = world_dup(from[i].writers, from[i].n_writers, sizeof(*to[i].writers), good);
        if (!to[i].writers)
            to[i].n_writers = 0;
    }
    return to;
}

static bool
world_dup_group(const struct sim_group *from, struct sim_group *to)
{
    bool good = true;
    *to = *from;
    to->copies = world_dup(from->copies, from->n_copies, sizeof(*to->copies), &good);
    to->images = world_dup(from->images, from->n_images, sizeof(*to->images), &good);
    to->segments = world_dup(from->segments, from->n_members, sizeof(*to->segments), &good);
    for (size_t i = 0; to->copies && i < to->n_copies; i++) {
        struct sim_copy *c = &to->copies[i];
        c->host_groups =
            world_dup(c->host_groups, c->n_host_groups, sizeof(*c->host_groups), &good);
        c->members = world_dup_members(from->copies[i].members, to->n_members, &good);
    }
    for (size_t i = 0; to->images && i < to->n_images; i++)
        to->images[i].members = world_dup_members(from->images[i].members, to->n_members, &good);
    for (size_t i = 0; to->segments && i < to->n_members; i++) {
        to->segments[i].v =
            world_dup(from->segments[i].v, from->segments[i].n, sizeof(struct sim_segment), &good);
        to->segments[i].size = from->segments[i].n;
    }
    return good;
}

int
sim_world_copy(const struct sim_world *from, uint64_t seed, struct sim_world **ret)
{
    struct sim_world *w = sim_world_blank();
    if (!w)
        return DRSTOR_E_NOMEM;
    pthread_mutex_t mutex = w->mutex;
    *w = *from;
    w->mutex = mutex;
    w->lock_fd = -1;
    w->path = NULL;
    w->trace = NULL;
    w->told = NULL;
    w->seed = seed;
    w->log = NULL;
    w->n_log = w->size_log = 0;
    w->log_seq = w->log_bytes = 0;

    bool good = true;
    w->sites = world_dup(from->sites, from->n_sites, sizeof(*w->sites), &good);
    w->links = world_dup(from->links, from->n_links, sizeof(*w->links), &good);
    w->arrays = world_dup(from->arrays, from->n_arrays, sizeof(*w->arrays), &good);
    w->jobs = world_dup(from->jobs, from->n_jobs, sizeof(*w->jobs), &good);
    w->flights = world_dup(from->flights, from->n_flights, sizeof(*w->flights), &good);
    w->faults = world_dup(from->faults, from->n_faults, sizeof(*w->faults), &good);
    w->losses = world_dup(from->losses, from->n_losses, sizeof(*w->losses), &good);
    w->seen = world_dup(from->seen, from->n_seen, sizeof(*w->seen), &good);
    w->size_jobs = w->n_jobs;
    w->size_flights = w->n_flights;
    w->size_faults = w->n_faults;
    w->size_losses = w->n_losses;
    w->size_seen = w->n_seen;
    w->groups = calloc(from->n_groups, sizeof(*w->groups));
    w->n_groups = 0;
    for (size_t i = 0; w->groups && i < from->n_groups; i++) {
        good = world_dup_group(&from->groups[i], &w->groups[i]) && good;
        w->n_groups++;
    }
    if (!good || !w->groups) {
        sim_world_free(w);
        return DRSTOR_E_NOMEM;
    }
    *ret = w;
    return DRSTOR_OK;
}

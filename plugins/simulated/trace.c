/* Tells what changed, by comparing what is with what was told last: no place can be forgotten. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

/* What was told last. */
struct sim_told {
    uint32_t sites[8];
    struct {
        uint32_t segments[SIM_MEMBERS];
        uint32_t relation[SIM_COPIES];
        uint64_t image_moves;
        uint32_t pair;
        struct {
            uint32_t access, exposed, writers, segment;
            uint64_t count;
        } members[SIM_COPIES][SIM_MEMBERS];
    } groups[];
};

static void
trace(struct sim_world *w, struct sim_trace_entry *e)
{
    e->time_ns = w->now_ns;
    w->trace(e, w->trace_user);
}

int
sim_world_trace(struct sim_world *w, sim_trace_fn fn, void *user)
{
    free(w->told);
    w->told = NULL;
    w->trace = fn;
    w->trace_user = user;
    if (!fn)
        return DRSTOR_OK;
    w->told = calloc(1, sizeof(*w->told) + w->n_groups * sizeof(w->told->groups[0]));
    if (!w->told || w->n_sites > sizeof(w->told->sites) / sizeof(w->told->sites[0])) {
        w->trace = NULL;
        return DRSTOR_E_NOMEM;
    }
    for (size_t gi = 0; gi < w->n_groups; gi++) {
        for (size_t i = 0; i < SIM_MEMBERS; i++)
            w->told->groups[gi].segments[i] = 1;
        for (size_t j = 0; j < SIM_COPIES; j++)
            w->told->groups[gi].relation[j] = UINT32_MAX;
    }
    sim_trace_scan(w, SIM_CAUSE_GROUND);
    return DRSTOR_OK;
}

static bool
trace_copy(struct sim_world *w, uint32_t gi, uint32_t ci)
{
    const struct sim_group *g = &w->groups[gi];
    const struct sim_copy *c = &g->copies[ci];
    if (c->relation == w->told->groups[gi].relation[ci])
        return false;
    w->told->groups[gi].relation[ci] = c->relation;
    struct sim_trace_entry e = {.kind = SIM_TRACE_COPY,
                                .group = gi,
                                .copy = ci,
                                .site = sim_copy_site(w, c),
                                .state = c->relation == DRSTOR_RELATION_SOURCE};
    trace(w, &e);
    return true;
}

static bool
trace_member(struct sim_world *w, uint32_t gi, uint32_t ci, uint32_t i)
{
    const struct sim_member *m = &w->groups[gi].copies[ci].members[i];
    __typeof__(w->told->groups[gi].members[ci][i]) *t = &w->told->groups[gi].members[ci][i];
    if (t->access == m->access && t->exposed == m->exposed &&
        t->writers == (uint32_t)m->n_writers && t->segment == m->point.segment &&
        t->count == m->point.count)
        return false;
    t->access = m->access;
    t->exposed = m->exposed;
    t->writers = (uint32_t)m->n_writers;
    t->segment = m->point.segment;
    t->count = m->point.count;
    struct sim_trace_entry e = {.kind = SIM_TRACE_MEMBER,
                                .group = gi,
                                .copy = ci,
                                .member = i,
                                .access = m->access,
                                .exposed = m->exposed != 0,
                                .writers = (uint32_t)m->n_writers,
                                .segment = m->point.segment,
                                .count = m->point.count,
                                .at_ns = m->point.at_ns};
    trace(w, &e);
    return true;
}

/* New ones first: points speak of them. */
static void
trace_segments(struct sim_world *w, uint32_t gi)
{
    const struct sim_group *g = &w->groups[gi];
    for (uint32_t i = 0; i < g->n_members; i++)
        for (uint32_t *n = &w->told->groups[gi].segments[i]; *n < g->segments[i].n; ++*n) {
            const struct sim_segment *s = &g->segments[i].v[*n];
            struct sim_trace_entry e = {.kind = SIM_TRACE_SEGMENT,
                                        .group = gi,
                                        .member = i,
                                        .segment = *n,
                                        .parent = s->parent,
                                        .count = s->fork};
            trace(w, &e);
        }
}

/* They never change, they come and go. */
static bool
trace_images(struct sim_world *w, uint32_t gi)
{
    const struct sim_group *g = &w->groups[gi];
    if (g->image_moves == w->told->groups[gi].image_moves)
        return false;
    w->told->groups[gi].image_moves = g->image_moves;
    struct sim_trace_entry none = {.kind = SIM_TRACE_NO_IMAGES, .group = gi};
    trace(w, &none);
    for (size_t k = 0; k < g->n_images; k++) {
        struct sim_trace_entry clone = {.kind = SIM_TRACE_CLONE,
                                        .group = gi,
                                        .copy = g->images[k].copy,
                                        .exposed = g->images[k].exposed != 0};
        if (g->images[k].clone)
            trace(w, &clone);
        for (uint32_t i = 0; !g->images[k].clone && i < g->n_members; i++) {
            const struct sim_point *p = &g->images[k].members[i].point;
            struct sim_trace_entry e = {.kind = SIM_TRACE_IMAGE,
                                        .group = gi,
                                        .copy = g->images[k].copy,
                                        .member = i,
                                        .segment = p->segment,
                                        .count = p->count};
            trace(w, &e);
        }
    }
    return true;
}

static bool
trace_pair(struct sim_world *w, uint32_t gi)
{
    const struct sim_group *g = &w->groups[gi];
    if (!g->active_active || g->n_copies != 2)
        return false;
    const struct sim_copy *a = &g->copies[0], *b = &g->copies[1];
    bool joined = a->insync && b->insync && !a->detached && !b->detached;
    uint32_t pair = SIM_TRACE_PAIR_IS | (joined ? SIM_TRACE_PAIR_JOINED : 0) |
                    (sim_link_live(w, a, b) ? SIM_TRACE_PAIR_LINKED : 0) |
                    (g->arbiter == DRSTOR_ARBITER_OK ? SIM_TRACE_PAIR_ARBITER : 0);
    if (pair == w->told->groups[gi].pair)
        return false;
    w->told->groups[gi].pair = pair;
    struct sim_trace_entry e = {.kind = SIM_TRACE_PAIR, .group = gi, .state = pair};
    trace(w, &e);
    return true;
}

void
sim_trace_scan(struct sim_world *w, enum sim_trace_cause cause)
{
    if (!w->trace)
        return;
    bool any = cause == SIM_CAUSE_CALL;
    for (uint32_t i = 0; i < w->n_sites; i++) {
        if (w->told->sites[i] == w->sites[i].state)
            continue;
        w->told->sites[i] = w->sites[i].state;
        struct sim_trace_entry e = {.kind = SIM_TRACE_SITE, .site = i, .state = w->sites[i].state};
        trace(w, &e);
        any = true;
    }
    for (uint32_t gi = 0; gi < w->n_groups; gi++) {
        trace_segments(w, gi);
        any |= trace_images(w, gi);
        any |= trace_pair(w, gi);
        for (uint32_t ci = 0; ci < w->groups[gi].n_copies; ci++) {
            any |= trace_copy(w, gi, ci);
            for (uint32_t i = 0; i < w->groups[gi].n_members; i++)
                any |= trace_member(w, gi, ci, i);
        }
    }
    if (!any)
        return;
    struct sim_trace_entry end = {.kind = SIM_TRACE_END, .cause = cause};
    trace(w, &end);
}

/* Ids of two arrays may be equal: then the caller wrote array:id. */
static uint32_t
copy_named(const struct sim_world *w, const struct sim_group *g, const char *name)
{
    const char *colon = strchr(name, ':');
    for (uint32_t j = 0; j < g->n_copies; j++) {
        const char *array = w->arrays[g->copies[j].array].name;
        size_t n = strlen(array);
        if (strcmp(g->copies[j].id, name) == 0 ||
            (colon && (size_t)(colon - name) == n && strncmp(array, name, n) == 0 &&
             strcmp(g->copies[j].id, colon + 1) == 0))
            return j;
    }
    return UINT32_MAX;
}

static uint32_t
op_of(uint32_t op)
{
    return op == SIM_OP_SET_ACCESS     ? SIM_TRACE_OP_SET_ACCESS
           : op == SIM_OP_FORCE_ACCESS ? SIM_TRACE_OP_FORCE_ACCESS
           : op == SIM_OP_RESYNC       ? SIM_TRACE_OP_RESYNC
           : op == SIM_OP_TEST_START   ? SIM_TRACE_OP_TEST_START
           : op == SIM_OP_TEST_STOP    ? SIM_TRACE_OP_TEST_STOP
                                       : SIM_TRACE_OP_OTHER;
}

void
sim_trace_call(struct sim_world *w, const struct sim_flight *f, bool effect)
{
    if (!w->trace || !sim_op_mutates((enum sim_op)f->op) || !f->found)
        return;
    const struct sim_group *g = &w->groups[f->group];
    struct sim_trace_entry e = {.kind = effect ? SIM_TRACE_EFFECT : SIM_TRACE_SENT,
                                .group = f->group,
                                .copy = f->copy,
                                .site = w->arrays[f->array].site,
                                .access = f->access,
                                .source = copy_named(w, g, f->source),
                                .target = copy_named(w, g, f->target),
                                .op = op_of(f->op),
                                .outcome = effect ? (uint32_t)f->reply.outcome : 0,
                                .planned = f->planned,
                                .muted = f->mute,
                                .call = f->call,
                                .epoch = f->epoch,
                                .token = f->token,
                                .op_id = f->op_id,
                                .actor = f->actor};
    trace(w, &e);
}

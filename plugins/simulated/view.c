/* What an array says when asked. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
sim_generation(const struct sim_group *g, const struct sim_copy *c, char *to, size_t size)
{
    uint64_t n = 0;
    for (size_t i = 0; i < g->n_members; i++)
        n = sim_hash(n, c->members[i].point.segment, c->members[i].point.count);
    snprintf(to, size, "%016llx", (unsigned long long)n);
}

static bool
view_source_writes(const struct sim_group *g, const struct sim_copy *s)
{
    for (size_t i = 0; i < g->n_members; i++)
        if (s->members[i].access == DRSTOR_ACCESS_READ_WRITE)
            return true;
    return false;
}

static bool
view_diverged(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *c)
{
    for (size_t j = 0; j < g->n_copies; j++) {
        const struct sim_copy *o = &g->copies[j];
        if (o == c || !sim_link_live(w, c, o))
            continue;
        for (size_t i = 0; i < g->n_members; i++) {
            const struct sim_point *a = &c->members[i].point, *b = &o->members[i].point;
            uint64_t common = sim_common(&g->segments[i], a, b, NULL);
            if (common < a->count && common < b->count)
                return true;
        }
    }
    return false;
}

static enum drstor_sync
view_sync_of(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *c)
{
    const struct sim_copy *s = sim_flow_source(w, g, c);
    if (!s)
        return g->paused ? DRSTOR_SYNC_PAUSED : DRSTOR_SYNC_BROKEN;
    if (c->insync)
        return DRSTOR_SYNC_IN_SYNC;
    if (!view_source_writes(g, s) && sim_behind(g, s, c) == 0)
        return DRSTOR_SYNC_IN_SYNC; /* a source that stands still and nothing missing */
    if (c->begun_ns && (c->job || g->sync))
        return DRSTOR_SYNC_SYNCING;
    return g->sync ? DRSTOR_SYNC_SYNCING : DRSTOR_SYNC_LAGGING;
}

static enum drstor_sync
view_sync(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *c)
{
    if (c->relation == DRSTOR_RELATION_DESTINATION)
        return view_sync_of(w, g, c);
    if (c->relation == DRSTOR_RELATION_MUTUAL) {
        if (c->detached)
            return view_sync_of(w, g, c);
        return c->insync ? DRSTOR_SYNC_IN_SYNC : DRSTOR_SYNC_BROKEN;
    }
    if (view_diverged(w, g, c))
        return DRSTOR_SYNC_DIVERGED;
    for (size_t j = 0; j < g->n_copies && c->relation == DRSTOR_RELATION_SOURCE; j++) {
        const struct sim_copy *d = &g->copies[j];
        if (d->relation == DRSTOR_RELATION_DESTINATION && &g->copies[d->peer] == c)
            return view_sync_of(w, g, d);
    }
    return DRSTOR_SYNC_BROKEN;
}

static void
view_lag(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *c,
         struct sim_view *v)
{
    uint64_t point = SIM_NEVER;
    bool torn = false;
    for (size_t i = 0; i < g->n_members; i++) {
        torn |= c->members[i].point.at_ns != c->members[0].point.at_ns;
        if (c->members[i].point.at_ns < point)
            point = c->members[i].point.at_ns;
    }
    /* Volumes that were copied one after the other, and not to the end, are of no one moment. */
    torn &= c->relation == DRSTOR_RELATION_DESTINATION;
    v->point_utc = torn ? -1 : sim_utc(w, point);
    v->lag_s = v->lag_bytes = -1;
    if (c->relation != DRSTOR_RELATION_DESTINATION)
        return;
    v->lag_s = v->sync == DRSTOR_SYNC_IN_SYNC ? 0 : (int64_t)((w->now_ns - point) / SIM_SECOND);
    const struct sim_copy *s = sim_flow_source(w, g, c);
    if (s)
        v->lag_bytes = (int64_t)(sim_behind(g, s, c) * w->write_bytes);
    else if (c->whole)
        v->lag_bytes = 0; /* nothing was missing when the source was last seen */
}

static enum drstor_access
view_access(const struct sim_member *members, size_t n)
{
    /* No single word is true of a mixed group; its members speak for themselves. */
    for (size_t i = 1; i < n; i++)
        if (members[i].access != members[0].access)
            return DRSTOR_ACCESS_UNKNOWN;
    return n ? (enum drstor_access)members[0].access : DRSTOR_ACCESS_UNKNOWN;
}

static bool
view_members(const struct sim_group *g, const struct sim_copy *c, const struct sim_member *members,
             const struct sim_copy *pair, size_t first_lun, struct sim_view *v)
{
    v->members = calloc(g->n_members, sizeof(*v->members));
    v->paths = calloc(g->n_members * (c->n_host_groups + 1), sizeof(*v->paths));
    if (!v->members || !v->paths)
        return false;
    v->n_members = g->n_members;
    for (size_t i = 0; i < g->n_members; i++) {
        struct sim_view_member *m = &v->members[i];
        SIM_SET(m->id, members[i].id);
        SIM_SET(m->wwid, members[i].wwid);
        SIM_SET(m->serial, members[i].serial);
        SIM_SET(m->pair, pair ? pair->members[i].id : "");
        m->bytes = members[i].bytes;
        m->access = (enum drstor_access)members[i].access;
        m->sync = v->sync;
        for (size_t j = 0; j < c->n_host_groups; j++) {
            const struct sim_host_group *h = &c->host_groups[j];
            if (!(members[i].exposed & (UINT32_C(1) << j)))
                continue;
            struct sim_view_path *p = &v->paths[v->n_paths++];
            p->member = i;
            p->lun = h->lun + (int)(first_lun + i);
            SIM_SET(p->host_group, h->name);
            SIM_SET(p->protocol, h->protocol);
            SIM_SET(p->portal, h->portal);
            SIM_SET(p->target, h->target);
        }
    }
    return true;
}

static void
view_job(const struct sim_world *w, const struct sim_job *job, struct sim_view_job *v)
{
    *v = (struct sim_view_job){
        .op = (enum sim_op)job->op, .state = job->state, .permille = sim_job_permille(w, job)};
    sim_job_name(job, v->id, sizeof(v->id));
    SIM_SET(v->group, w->groups[job->group].copies[job->copy].id);
    SIM_SET(v->words, job->words);
}

static bool
view_jobs(struct sim_world *w, uint32_t group, uint32_t copy, struct sim_view *v)
{
    v->jobs = calloc(w->n_jobs + 1, sizeof(*v->jobs));
    if (!v->jobs)
        return false;
    for (size_t i = 0; i < w->n_jobs; i++) {
        const struct sim_job *job = &w->jobs[i];
        if (job->group != group || job->copy != copy || job->state != DRSTOR_JOB_RUNNING)
            continue;
        view_job(w, job, &v->jobs[v->n_jobs++]);
        v->permille = v->jobs[v->n_jobs - 1].permille;
    }
    return true;
}

/* The copy on the other end: what it follows, or the first that is not itself. */
static const struct sim_copy *
view_pair(const struct sim_group *g, uint32_t copy)
{
    const struct sim_copy *c = &g->copies[copy];
    if (c->relation == DRSTOR_RELATION_DESTINATION)
        return &g->copies[c->peer];
    if (g->n_copies < 2)
        return NULL;
    return &g->copies[copy == 0 ? 1 : 0];
}

/* What the pair's rules made of this leg (flow.c: settle_legs). */
static enum drstor_leg
view_leg(const struct sim_group *g, const struct sim_copy *c)
{
    if (c->relation != DRSTOR_RELATION_MUTUAL)
        return DRSTOR_LEG_UNKNOWN;
    if (c->detached)
        return DRSTOR_LEG_DETACHED;
    if (c->insync)
        return DRSTOR_LEG_JOINED;
    for (size_t j = 0; j < g->n_copies; j++)
        if (g->copies[j].detached)
            return DRSTOR_LEG_SURVIVOR;
    return view_access(c->members, g->n_members) == DRSTOR_ACCESS_NONE ? DRSTOR_LEG_SUSPENDED
                                                                       : DRSTOR_LEG_UNKNOWN;
}

static bool
view_copy(struct sim_world *w, uint32_t group, uint32_t copy, struct sim_view *v)
{
    const struct sim_group *g = &w->groups[group];
    const struct sim_copy *c = &g->copies[copy];
    bool seen = false;

    for (size_t j = 0; j < g->n_copies; j++)
        seen = seen || (j != copy && sim_link_live(w, c, &g->copies[j]));
    SIM_SET(v->id, c->id);
    SIM_SET(v->preferred, g->preferred);
    sim_generation(g, c, v->generation, sizeof(v->generation));
    v->access = view_access(c->members, g->n_members);
    v->sync = view_sync(w, g, c);
    v->relation = (enum drstor_relation)c->relation;
    v->arbiter = g->active_active ? (enum drstor_arbiter)g->arbiter : DRSTOR_ARBITER_UNKNOWN;
    v->stops_when_alone = g->sync && g->stops_when_alone ? DRSTOR_TRI_YES : DRSTOR_TRI_NO;
    v->peer_seen = seen ? DRSTOR_TRI_YES : DRSTOR_TRI_NO;
    v->leg = view_leg(g, c);
    v->peer_seen_utc = c->peer_seen_ns ? sim_utc(w, c->peer_seen_ns) : -1;
    v->epoch = (int64_t)c->epoch;
    v->permille = -1;
    view_lag(w, g, c, v);
    return view_members(g, c, c->members, view_pair(g, copy), 0, v) && view_jobs(w, group, copy, v);
}

static bool
view_image(struct sim_world *w, const struct sim_group *g, const struct sim_image *image,
           struct sim_view *v)
{
    const struct sim_copy *c = &g->copies[image->copy];
    SIM_SET(v->id, image->name);
    v->access = view_access(image->members, g->n_members);
    v->sync = DRSTOR_SYNC_BROKEN;
    v->relation = DRSTOR_RELATION_NONE;
    v->stops_when_alone = DRSTOR_TRI_NO;
    v->point_utc = sim_utc(w, image->members[0].point.at_ns);
    v->lag_s = v->lag_bytes = v->permille = v->peer_seen_utc = v->epoch = -1;
    size_t lun = sim_image_lun(g, (size_t)(image - g->images));
    return view_members(g, c, image->members, NULL, lun, v);
}

int
sim_view(struct sim_world *w, const char *array, const char *group, struct sim_view *ret)
{
    int a = sim_array_index(w, array);
    uint32_t g, c;
    bool good = false, found = false;

    if (a < 0)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "the world has no array %s", array);
    *ret = (struct sim_view){0};
    if (sim_copy_find(w, (uint32_t)a, group, &g, &c)) {
        found = true;
        good = view_copy(w, g, c, ret);
    }
    for (size_t i = 0; !found && i < w->n_groups; i++) {
        const struct sim_group *in = &w->groups[i];
        for (size_t j = 0; !found && j < in->n_images; j++) {
            const struct sim_image *image = &in->images[j];
            if (in->copies[image->copy].array != (uint32_t)a || !image->clone ||
                strcmp(image->name, group) != 0)
                continue;
            found = true;
            good = view_image(w, in, image, ret);
        }
    }
    if (!found)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "array %s has no group %s", array, group);
    if (!good) {
        sim_view_clear(ret);
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    }
    return DRSTOR_OK;
}

static int
view_newer(const void *a, const void *b)
{
    const struct sim_image *x = *(const struct sim_image *const *)a,
                           *y = *(const struct sim_image *const *)b;
    uint64_t at = x->members[0].point.at_ns, other = y->members[0].point.at_ns;
    return at > other ? -1 : at < other ? 1 : strcmp(x->name, y->name);
}

static void
view_point(const struct sim_world *w, const struct sim_group *g, const struct sim_image *image,
           struct sim_view_point *ret)
{
    *ret = (struct sim_view_point){.kind = image->periodic ? DRSTOR_POINT_PERIODIC
                                                           : DRSTOR_POINT_ON_REQUEST,
                                   .utc = sim_utc(w, image->members[0].point.at_ns)};
    SIM_SET(ret->id, image->name);
    if (image->periodic)
        snprintf(ret->label, sizeof(ret->label), "every %llu s",
                 (unsigned long long)(g->point_every_ns / SIM_SECOND));
    else if (image->op_id[0])
        snprintf(ret->label, sizeof(ret->label), "made by %.60s", image->op_id);
}

int
sim_view_points(struct sim_world *w, const char *array, const char *group,
                struct sim_view_point **ret, size_t *ret_n)
{
    int a = sim_array_index(w, array);
    uint32_t gi, ci;
    if (a < 0 || !sim_copy_find(w, (uint32_t)a, group, &gi, &ci))
        return sim_fail(w, DRSTOR_E_NOTFOUND, "array %s has no group %s", array, group);
    const struct sim_group *g = &w->groups[gi];
    const struct sim_image **found = calloc(g->n_images + 1, sizeof(*found));
    struct sim_view_point *list = calloc(g->n_images + 1, sizeof(*list));
    size_t n = 0;
    if (!found || !list) {
        free(found);
        free(list);
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < g->n_images; i++)
        if (g->images[i].copy == ci && sim_image_is_point(g, &g->images[i]))
            found[n++] = &g->images[i];
    if (n)
        qsort(found, n, sizeof(*found), view_newer);
    for (size_t i = 0; i < n; i++)
        view_point(w, g, found[i], &list[i]);
    free(found);
    *ret = list;
    *ret_n = n;
    return DRSTOR_OK;
}

void
sim_view_clear(struct sim_view *view)
{
    free(view->members);
    free(view->paths);
    free(view->jobs);
    *view = (struct sim_view){0};
}

int
sim_discover(struct sim_world *w, const char *array, char (**ret_ids)[SIM_NAME], size_t *ret_n)
{
    int a = sim_array_index(w, array);
    if (a < 0)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "the world has no array %s", array);
    size_t most = 1, n = 0;
    for (size_t i = 0; i < w->n_groups; i++)
        most += w->groups[i].n_copies + w->groups[i].n_images;
    char(*ids)[SIM_NAME] = calloc(most, sizeof(*ids));
    if (!ids)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    for (size_t i = 0; i < w->n_groups; i++) {
        const struct sim_group *g = &w->groups[i];
        for (size_t j = 0; j < g->n_copies; j++)
            if (g->copies[j].array == (uint32_t)a)
                sim_copy_text(ids[n++], SIM_NAME, g->copies[j].id);
        for (size_t j = 0; j < g->n_images; j++)
            if (g->images[j].clone && g->copies[g->images[j].copy].array == (uint32_t)a)
                sim_copy_text(ids[n++], SIM_NAME, g->images[j].name);
    }
    *ret_ids = ids;
    *ret_n = n;
    return DRSTOR_OK;
}

int
sim_view_job(struct sim_world *w, const char *array, const char *job, struct sim_view_job *ret)
{
    int a = sim_array_index(w, array);
    const struct sim_job *found = a < 0 ? NULL : sim_job_find(w, (uint32_t)a, job);
    if (!found)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "array %s has no job %s", array, job);
    view_job(w, found, ret);
    return DRSTOR_OK;
}

/* Replication itself: sync_once, suspend, resume, resync, the preferred side. */
#include "state.h"

#include <stdio.h>
#include <string.h>

/* Which two copies a call at this array speaks of; NULL and a refusal when it cannot say. */
static struct sim_copy *
relation_ends(struct sim_flight *f, struct sim_group *g, struct sim_copy **ret_source)
{
    struct sim_copy *c = &g->copies[f->copy];
    if (c->relation == DRSTOR_RELATION_DESTINATION) {
        *ret_source = &g->copies[c->peer];
        return c;
    }
    for (size_t j = 0; j < g->n_copies && c->relation == DRSTOR_RELATION_SOURCE; j++) {
        struct sim_copy *d = &g->copies[j];
        if (d->relation == DRSTOR_RELATION_DESTINATION && d->peer == f->copy) {
            *ret_source = c;
            return d;
        }
    }
    sim_refuse(f, DRSTOR_E_REFUSED, "no-relation", "group %s is not replicated now", c->id);
    return NULL;
}

static bool
relation_driven_here(struct sim_world *w, struct sim_flight *f, const struct sim_copy *c,
                     const struct sim_copy *target)
{
    bool from_source = w->arrays[f->array].drives_from_source != 0;
    if ((c != target) == from_source)
        return true;
    sim_refuse(f, DRSTOR_E_UNSUPPORTED, "driven-elsewhere",
               "transfers of group %s are driven by the array of its %s", c->id,
               from_source ? "source" : "destination");
    return false;
}

/* The same wish again: hand out its job, or say it is done. */
static bool
relation_again(struct sim_world *w, struct sim_flight *f)
{
    for (size_t i = w->n_jobs; i-- > 0;) {
        const struct sim_job *job = &w->jobs[i];
        if (job->op != f->op || job->group != f->group || job->array != f->array || !f->op_id[0] ||
            strcmp(job->op_id, f->op_id) != 0)
            continue;
        if (job->state == DRSTOR_JOB_FAILED)
            return false;
        sim_done(f);
        if (job->state == DRSTOR_JOB_RUNNING) {
            f->reply.outcome = DRSTOR_OUTCOME_JOB;
            sim_job_name(job, f->reply.job, sizeof(f->reply.job));
        }
        return true;
    }
    return false;
}

static void
relation_transfer(struct sim_world *w, struct sim_flight *f, struct sim_group *g,
                  struct sim_copy *source, struct sim_copy *target)
{
    sim_transfer_abort(w, g, target, "superseded");
    const struct sim_job *job =
        sim_job_add(w, f, w->now_ns + sim_transfer_ns(w, g, source, target));
    if (!job)
        return;
    f->reply.status = DRSTOR_OK;
    f->reply.outcome = DRSTOR_OUTCOME_JOB;
    sim_job_name(job, f->reply.job, sizeof(f->reply.job));
    sim_transfer_begin(w, g, source, target, job->id);
    /* A torn transfer: the last members bring nothing new. */
    uint32_t mask = sim_selected(f, g);
    for (size_t i = 0; i < g->n_members; i++)
        if (!(mask & (UINT32_C(1) << i)))
            sim_point_set(&target->members[i].incoming, &target->members[i].point);
}

void
sim_effect_sync(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    struct sim_copy *source, *target = relation_ends(f, g, &source);

    if (!target || !relation_driven_here(w, f, &g->copies[f->copy], target) || relation_again(w, f))
        return;
    if (sim_flow_source(w, g, target) != source) {
        sim_refuse(f, DRSTOR_E_REFUSED, g->paused ? "paused" : "peer-unseen",
                   g->paused ? "replication of group %s is suspended"
                             : "the other side of group %s is not seen",
                   g->name);
        return;
    }
    if (g->sync && target->insync) {
        sim_done(f);
        return;
    }
    if (target->begun_ns && target->job) {
        sim_refuse(f, DRSTOR_E_BUSY, "transfer-running", "another transfer of group %s is running",
                   g->name);
        return;
    }
    relation_transfer(w, f, g, source, target);
}

void
sim_effect_pause(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    struct sim_copy *source, *target = relation_ends(f, g, &source);
    if (!target)
        return;
    if (f->op == SIM_OP_RESUME && !sim_link_live(w, source, target)) {
        sim_refuse(f, DRSTOR_E_REFUSED, "peer-unseen", "the other side of group %s is not seen",
                   g->name);
        return;
    }
    g->paused = f->op == SIM_OP_SUSPEND;
    sim_done(f);
}

/* "id" or "array:id"; ids of two arrays may be equal. */
static bool
relation_named(const struct sim_world *w, const struct sim_copy *c, const char *name)
{
    char full[2 * SIM_NAME];
    snprintf(full, sizeof(full), "%s:%s", w->arrays[c->array].name, c->id);
    return strcmp(name, c->id) == 0 || strcmp(name, full) == 0;
}

static struct sim_copy *
relation_resync_ends(struct sim_world *w, struct sim_flight *f, struct sim_group *g,
                     struct sim_copy **ret_source)
{
    struct sim_copy *c = &g->copies[f->copy];
    bool from_source = w->arrays[f->array].drives_from_source != 0;
    const char *mine = from_source ? f->source : f->target;
    const char *theirs = from_source ? f->target : f->source;

    if (!f->source[0] || !f->target[0]) {
        sim_refuse(f, DRSTOR_E_INVALID, "ends", "resync must name its source and its target");
        return NULL;
    }
    if (!relation_named(w, c, mine)) {
        sim_refuse(f, DRSTOR_E_UNSUPPORTED, "driven-elsewhere",
                   "array %s resyncs only %s its own copy %s", w->arrays[f->array].name,
                   from_source ? "from" : "into", c->id);
        return NULL;
    }
    struct sim_copy *other = NULL;
    for (size_t j = 0; j < g->n_copies; j++) {
        if (&g->copies[j] == c || !relation_named(w, &g->copies[j], theirs))
            continue;
        if (other) {
            sim_refuse(f, DRSTOR_E_INVALID, "ends", "%s names two copies; write array:id", theirs);
            return NULL;
        }
        other = &g->copies[j];
    }
    if (!other) {
        sim_refuse(f, DRSTOR_E_NOTFOUND, "ends", "group %s has no copy %s", g->name, theirs);
        return NULL;
    }
    *ret_source = from_source ? c : other;
    return from_source ? other : c;
}

/* Reads the target again, right before. */
static bool
relation_resync_allowed(struct sim_flight *f, const struct sim_group *g,
                        const struct sim_copy *target)
{
    char generation[32];
    sim_generation(g, target, generation, sizeof(generation));
    for (size_t i = 0; i < g->n_members; i++) {
        if (target->members[i].access == DRSTOR_ACCESS_READ_WRITE) {
            sim_refuse(f, DRSTOR_E_REFUSED, "target-writable", "volume %s is writable; demote it",
                       target->members[i].id);
            return false;
        }
        if (target->members[i].exposed) {
            sim_refuse(f, DRSTOR_E_REFUSED, "target-exposed",
                       "hosts can reach volume %s; withdraw it", target->members[i].id);
            return false;
        }
    }
    if (strcmp(f->expect, generation) != 0) {
        sim_refuse(f, DRSTOR_E_CONFLICT, "generation",
                   "group %s is at generation %s, not at the expected %s", target->id, generation,
                   f->expect[0] ? f->expect : "(none given)");
        return false;
    }
    return true;
}

/* The target goes back to what both have; what it loses by that may be the last of its kind. */
static void
relation_roll_back(struct sim_world *w, struct sim_group *g, struct sim_copy *source,
                   struct sim_copy *target)
{
    uint64_t destroyed = 0;
    for (size_t i = 0; i < g->n_members; i++) {
        struct sim_point *p = &target->members[i].point;
        const struct sim_point *s = &source->members[i].point;
        uint32_t segment, copy = (uint32_t)(target - g->copies);
        uint64_t common = sim_common(&g->segments[i], p, s, &segment);
        uint64_t kept = common;
        for (size_t j = 0; j < g->n_copies; j++) {
            uint64_t n = &g->copies[j] == target
                             ? 0
                             : sim_common(&g->segments[i], p, &g->copies[j].members[i].point, NULL);
            kept = n > kept ? n : kept;
        }
        for (size_t j = 0; j < g->n_images; j++) {
            uint64_t n = g->images[j].clone || g->images[j].copy != copy
                             ? 0
                             : sim_common(&g->segments[i], p, &g->images[j].members[i].point, NULL);
            kept = n > kept ? n : kept;
        }
        destroyed += sim_not_given_up(&g->segments[i], p, kept);
        if (common < p->count) {
            uint64_t at_ns = s->at_ns;
            sim_point_set(p, s);
            p->segment = segment;
            p->count = common;
            p->at_ns = at_ns;
        }
    }
    if (destroyed)
        sim_violate(w, SIM_V_DESTROYED, g->name,
                    "a resync of %s overwrote %llu writes that nobody had given up", g->name,
                    (unsigned long long)destroyed);
}

static void
relation_resync_harm(struct sim_world *w, const struct sim_group *g, struct sim_copy *target)
{
    bool writable = false, exposed = false;
    for (size_t i = 0; i < g->n_members; i++) {
        writable = writable || target->members[i].access == DRSTOR_ACCESS_READ_WRITE;
        exposed = exposed || target->members[i].exposed;
        target->members[i].access = DRSTOR_ACCESS_READ_ONLY;
    }
    if (writable)
        sim_violate(w, SIM_V_RESYNC_WRITABLE, g->name, "a resync ran over a writable copy of %s",
                    g->name);
    if (exposed)
        sim_violate(w, SIM_V_RESYNC_EXPOSED, g->name, "a resync ran over an exposed copy of %s",
                    g->name);
}

void
sim_effect_resync(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    struct sim_copy *source, *target = relation_resync_ends(w, f, g, &source);
    if (!target || relation_again(w, f))
        return;
    if (sim_flow_source(w, g, target) == source) {
        sim_done(f); /* it already follows */
        return;
    }
    if (g->active_active) {
        sim_refuse(f, DRSTOR_E_UNSUPPORTED, "active-active",
                   "legs of group %s rebuild by themselves", g->name);
        return;
    }
    if (!sim_link_live(w, source, target)) {
        sim_refuse(f, DRSTOR_E_REFUSED, "peer-unseen", "array %s does not see array %s",
                   w->arrays[target->array].name, w->arrays[source->array].name);
        return;
    }
    if (w->arrays[f->array].guards && !relation_resync_allowed(f, g, target))
        return;
    relation_resync_harm(w, g, target);
    relation_roll_back(w, g, source, target);
    uint32_t from = (uint32_t)(source - g->copies), to = (uint32_t)(target - g->copies);
    /* Whoever followed the target follows nobody now. */
    for (size_t j = 0; j < g->n_copies; j++)
        if (g->copies[j].relation == DRSTOR_RELATION_DESTINATION && g->copies[j].peer == to)
            g->copies[j].relation = DRSTOR_RELATION_NONE;
    source->relation = DRSTOR_RELATION_SOURCE;
    source->split = target->split = 0;
    target->relation = DRSTOR_RELATION_DESTINATION;
    target->peer = from;
    target->insync = 0;
    target->next_ns = w->now_ns + g->period_ns;
    g->paused = 0;
    relation_transfer(w, f, g, source, target);
}

void
sim_effect_preferred(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    int site = sim_site_index(w, f->name);
    for (size_t j = 0; site >= 0 && j < g->n_copies; j++) {
        if (sim_copy_site(w, &g->copies[j]) == (uint32_t)site) {
            SIM_SET(g->preferred, f->name);
            sim_done(f);
            return;
        }
    }
    sim_refuse(f, DRSTOR_E_NOTFOUND, "no-such-site", "group %s has no copy at site %s", g->name,
               f->name);
}

/* Who may write: set_access and force_access. */
#include "state.h"

#include <stdio.h>

static bool
access_any(const struct sim_group *g, const struct sim_copy *c, enum drstor_access access)
{
    for (size_t i = 0; i < g->n_members; i++)
        if (c->members[i].access == (uint32_t)access)
            return true;
    return false;
}

static bool
access_all(const struct sim_group *g, const struct sim_copy *c, uint32_t mask,
           enum drstor_access access)
{
    for (size_t i = 0; i < g->n_members; i++)
        if ((mask & (UINT32_C(1) << i)) && c->members[i].access != (uint32_t)access)
            return false;
    return true;
}

/* Is a resync into this copy under way? Its members may then differ in time on a real array. */
static bool
access_resyncing(struct sim_world *w, const struct sim_copy *c)
{
    const struct sim_job *job = c->begun_ns && c->job ? sim_job_by_id(w, c->job) : NULL;
    return job && job->op == SIM_OP_RESYNC;
}

/* The other side takes part: it has stopped, and everything it had is here. */
static bool
access_check_planned(struct sim_world *w, struct sim_flight *f, const struct sim_group *g,
                     const struct sim_copy *c, uint32_t mask)
{
    for (size_t j = 0; j < g->n_copies; j++) {
        const struct sim_copy *o = &g->copies[j];
        if (o == c)
            continue;
        bool live = sim_link_live(w, c, o);
        if (live && access_any(g, o, DRSTOR_ACCESS_READ_WRITE)) {
            sim_refuse(f, DRSTOR_E_REFUSED, "peer-writable",
                       "the copy of %s at array %s is still writable", g->name,
                       w->arrays[o->array].name);
            return false;
        }
        /* A source that was demoted for a move that was called off has all there is. */
        if (c->relation == DRSTOR_RELATION_SOURCE)
            continue;
        if (!live) {
            sim_refuse(f, DRSTOR_E_REFUSED, "peer-unseen",
                       "a planned change of %s needs array %s, which is not seen", g->name,
                       w->arrays[o->array].name);
            return false;
        }
        for (size_t i = 0; i < g->n_members; i++) {
            if ((mask & (UINT32_C(1) << i)) &&
                !sim_contains(&g->segments[i], &c->members[i].point, &o->members[i].point)) {
                sim_refuse(f, DRSTOR_E_REFUSED, "not-synced",
                           "volume %s lacks writes that array %s has; synchronise first",
                           c->members[i].id, w->arrays[o->array].name);
                return false;
            }
        }
    }
    return true;
}

static bool
access_check_unplanned(struct sim_world *w, struct sim_flight *f, const struct sim_group *g,
                       const struct sim_copy *c)
{
    if (!f->point[0] && access_resyncing(w, c)) {
        sim_refuse(f, DRSTOR_E_REFUSED, "resync-running",
                   "a resync into group %s is under way; it is not consistent", c->id);
        return false;
    }
    for (size_t j = 0; j < g->n_copies; j++) {
        const struct sim_copy *o = &g->copies[j];
        if (o != c && f->n_evidence == 0 && sim_link_live(w, c, o) &&
            access_any(g, o, DRSTOR_ACCESS_READ_WRITE)) {
            sim_refuse(f, DRSTOR_E_REFUSED, "source-writable",
                       "array %s still answers and its copy of %s is writable",
                       w->arrays[o->array].name, g->name);
            return false;
        }
    }
    return true;
}

/* What member I of C is promoted to: what it holds, or what IMAGE kept of it. What is writable
 * stays as it is: it was taken back before. */
static const struct sim_point *
access_basis(const struct sim_copy *c, const struct sim_image *image, size_t i)
{
    bool back = image && c->members[i].access != DRSTOR_ACCESS_READ_WRITE;
    return back ? &image->members[i].point : &c->members[i].point;
}

/* Writes known anywhere that this promotion leaves behind; of C itself too, where it goes back. */
static uint64_t
access_loss(struct sim_group *g, const struct sim_copy *c, const struct sim_image *image,
            uint32_t mask, uint64_t *ret_ns)
{
    uint64_t lost = 0, last = 0, point = SIM_NEVER;
    for (size_t i = 0; i < g->n_members; i++) {
        if (!(mask & (UINT32_C(1) << i)))
            continue;
        const struct sim_point *p = access_basis(c, image, i);
        uint64_t most = 0;
        for (size_t j = 0; j < g->n_copies; j++) {
            const struct sim_point *o = &g->copies[j].members[i].point;
            uint64_t common = sim_common(&g->segments[i], p, o, NULL);
            uint64_t n = sim_not_given_up(&g->segments[i], o, common);
            if (n == 0)
                continue;
            most = n > most ? n : most;
            last = o->written_ns > last ? o->written_ns : last;
            sim_give_up(&g->segments[i], o, common);
        }
        lost += most;
        point = p->at_ns < point ? p->at_ns : point;
    }
    *ret_ns = lost && last > point ? last - point : 0;
    return lost;
}

static void
access_record_loss(struct sim_world *w, const struct sim_flight *f, struct sim_group *g,
                   const struct sim_copy *c, const struct sim_image *image, uint32_t mask)
{
    uint64_t ns, lost = access_loss(g, c, image, mask, &ns);
    if (lost && f->planned)
        sim_violate(w, SIM_V_PLANNED_LOSS, g->name, "a planned promotion of %s lost %llu writes",
                    g->name, (unsigned long long)lost);
    struct sim_loss *losses = sim_grow(w->losses, w->n_losses, &w->size_losses, sizeof(*w->losses));
    if (!losses) {
        w->broken = true;
        return;
    }
    w->losses = losses;
    struct sim_loss *l = &w->losses[w->n_losses++];
    *l = (struct sim_loss){.time_ns = w->now_ns, .writes = lost, .ns = ns, .planned = f->planned};
    SIM_SET(l->group, g->name);
    SIM_SET(l->site, w->sites[sim_copy_site(w, c)].name);
}

/* Has P every write of member I that there is anywhere and that was not given up? */
static bool
access_complete(const struct sim_group *g, const struct sim_point *p, size_t i)
{
    const struct sim_segments *s = &g->segments[i];
    for (size_t j = 0; j < g->n_copies; j++) {
        const struct sim_point *o = &g->copies[j].members[i].point;
        if (sim_not_given_up(s, o, sim_common(s, p, o, NULL)))
            return false;
    }
    return true;
}

/*
 * Members show one point in time when there is a moment as of which each of them is: that of its
 * last transfer, or, when nothing is missing, any since its last write.
 */
static void
access_check_points(struct sim_world *w, struct sim_group *g, struct sim_copy *c,
                    const struct sim_image *image, uint32_t mask)
{
    uint64_t moment = 0, least = 0;
    bool unequal = false;
    for (size_t i = 0; i < g->n_members; i++) {
        struct sim_member *m = &c->members[i];
        /* One that is writable already was promoted before; its point has moved on since. */
        if ((mask & (UINT32_C(1) << i)) && m->access != DRSTOR_ACCESS_READ_WRITE) {
            const struct sim_point *p = access_basis(c, image, i);
            m->basis_open = access_complete(g, p, i);
            m->basis_ns = m->basis_open ? p->written_ns : p->at_ns;
        } else if (m->access != DRSTOR_ACCESS_READ_WRITE) {
            continue;
        }
        if (m->basis_open)
            least = m->basis_ns > least ? m->basis_ns : least;
        else if (moment && moment != m->basis_ns)
            unequal = true;
        else
            moment = m->basis_ns;
    }
    if (unequal || (moment && least > moment))
        sim_violate(w, SIM_V_UNEQUAL_POINTS, g->name,
                    "members of %s were promoted to different points in time", g->name);
}

/* Everything was weighed: cut it loose from its source, take it back to IMAGE (NULL: it stays as it
 * is) and make it writable. */
static void
access_promote(struct sim_world *w, struct sim_flight *f, struct sim_group *g, struct sim_copy *c,
               const struct sim_image *image, uint32_t mask)
{
    if (!image && access_resyncing(w, c))
        sim_violate(w, SIM_V_INCONSISTENT, g->name, "%s was promoted in the middle of a resync",
                    g->name);
    /* Before anything is given up: what is missing decides which points they show. */
    if (image || c->relation != DRSTOR_RELATION_SOURCE)
        access_check_points(w, g, c, image, mask);
    access_record_loss(w, f, g, c, image, mask);
    for (size_t i = 0; i < g->n_members; i++)
        if (mask & (UINT32_C(1) << i))
            sim_point_set(&c->members[i].point, access_basis(c, image, i));
    sim_transfer_abort(w, g, c, "copy was promoted");
    if (c->relation == DRSTOR_RELATION_DESTINATION) {
        c->relation = DRSTOR_RELATION_NONE;
        c->insync = 0;
    }
    if (f->fault == SIM_FAULT_HALFWAY)
        return; /* nobody hears how far it came */
    for (size_t i = 0; i < g->n_members; i++)
        if (mask & (UINT32_C(1) << i))
            c->members[i].access = DRSTOR_ACCESS_READ_WRITE;
    sim_done_members(f, g, mask);
}

static bool
access_job(struct sim_world *w, struct sim_flight *f)
{
    uint64_t ms = w->arrays[f->array].access_ms;
    if (!ms || f->job || w->groups[f->group].stepwise)
        return false;
    const struct sim_job *job = sim_job_add(w, f, w->now_ns + ms * SIM_MS);
    if (!job)
        return false;
    struct sim_flight work = *f;
    work.job = job->id;
    work.ghost = 1;
    work.state = SIM_FLIGHT_UNDER_WAY;
    work.end_ns = job->end_ns;
    f->reply.outcome = DRSTOR_OUTCOME_JOB;
    sim_job_name(job, f->reply.job, sizeof(f->reply.job));
    sim_flight_add(w, &work);
    return true;
}

static void
access_demote(struct sim_flight *f, struct sim_group *g, struct sim_copy *c, uint32_t mask)
{
    if (c->relation == DRSTOR_RELATION_MUTUAL) {
        sim_refuse(f, DRSTOR_E_UNSUPPORTED, "no-roles",
                   "legs of the active-active group %s have no roles; withdraw it instead", c->id);
        return;
    }
    for (size_t i = 0; i < g->n_members; i++)
        if ((mask & (UINT32_C(1) << i)) && c->members[i].access == DRSTOR_ACCESS_READ_WRITE)
            c->members[i].access = DRSTOR_ACCESS_READ_ONLY;
    sim_done_members(f, g, mask);
}

static bool
access_expected(struct sim_flight *f, const struct sim_group *g, const struct sim_copy *c,
                uint32_t mask)
{
    for (size_t i = 0; f->expected && i < g->n_members; i++) {
        uint32_t is = c->members[i].access;
        if ((mask & (UINT32_C(1) << i)) && is != f->expected && is != f->access) {
            sim_refuse(f, DRSTOR_E_CONFLICT, "state-changed",
                       "volume %s is not in the state the caller expected", c->members[i].id);
            return false;
        }
    }
    return true;
}

static void
access_finish_job(struct sim_world *w, const struct sim_flight *f)
{
    if (!f->job)
        return;
    bool good = f->reply.outcome == DRSTOR_OUTCOME_DONE; /* not halfway */
    sim_job_end(w, f->job, good ? DRSTOR_JOB_SUCCEEDED : DRSTOR_JOB_FAILED, f->reply.words);
}

/* May the copy go back to the point that the call names? False: refused. */
static bool
access_back(struct sim_world *w, struct sim_flight *f, const struct sim_group *g,
            const struct sim_copy *c, const struct sim_image **ret)
{
    if (!f->point[0])
        return true;
    bool followed = c->relation == DRSTOR_RELATION_MUTUAL;
    for (size_t j = 0; j < g->n_copies; j++)
        followed |= g->copies[j].relation == DRSTOR_RELATION_DESTINATION &&
                    &g->copies[g->copies[j].peer] == c;
    if (followed) {
        sim_refuse(f, DRSTOR_E_REFUSED, "source",
                   "others follow copy %s; it is not taken back to %s", c->id, f->point);
        return false;
    }
    *ret = sim_point_named(w, f);
    return *ret != NULL;
}

void
sim_effect_access(struct sim_world *w, struct sim_flight *f)
{
    const struct sim_image *image = NULL;
    struct sim_group *g = &w->groups[f->group];
    struct sim_copy *c = &g->copies[f->copy];
    uint32_t mask = sim_selected(f, g);
    bool guards = w->arrays[f->array].guards != 0;

    if (f->access != DRSTOR_ACCESS_READ_ONLY && f->access != DRSTOR_ACCESS_READ_WRITE) {
        sim_refuse(f, DRSTOR_E_INVALID, "access", "access must be read-only or read-write");
    } else if (access_all(g, c, mask, (enum drstor_access)f->access)) {
        sim_done_members(f, g, mask);
    } else if (!access_expected(f, g, c, mask)) {
        /* said why */
    } else if (f->access == DRSTOR_ACCESS_READ_ONLY) {
        if (!access_job(w, f))
            access_demote(f, g, c, mask);
    } else if (guards && !(f->planned ? access_check_planned(w, f, g, c, mask)
                                      : access_check_unplanned(w, f, g, c))) {
        /* said why */
    } else if (access_back(w, f, g, c, &image) && !access_job(w, f)) {
        access_promote(w, f, g, c, image, mask);
    }
    access_finish_job(w, f);
}

void
sim_effect_force(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    struct sim_copy *c = &g->copies[f->copy];
    uint32_t mask = sim_selected(f, g);

    if (access_all(g, c, mask, DRSTOR_ACCESS_READ_WRITE)) {
        sim_done_members(f, g, mask);
        return;
    }
    if (f->n_evidence == 0) {
        sim_refuse(f, DRSTOR_E_REFUSED, "no-evidence",
                   "forcing group %s needs evidence about the other copy", c->id);
        return;
    }
    if (c->relation == DRSTOR_RELATION_MUTUAL) {
        /* This leg goes on alone; the others are out, also when they come back. */
        c->detached = 0;
        for (size_t j = 0; j < g->n_copies; j++) {
            if (&g->copies[j] == c)
                continue;
            g->copies[j].detached = 1;
            g->copies[j].peer = f->copy;
            g->copies[j].insync = 0;
        }
        c->insync = 0;
    }
    f->access = DRSTOR_ACCESS_READ_WRITE;
    access_promote(w, f, g, c, NULL, mask);
}

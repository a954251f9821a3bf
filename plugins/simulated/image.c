/* Snapshots, and the writable clones of a drill. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
image_name(const struct sim_flight *f, const char *kind, char *to, size_t size)
{
    if (f->name[0])
        sim_copy_text(to, size, f->name);
    else
        snprintf(to, size, "%s-%.50s", kind, f->op_id);
}

/* An image of copy INDEX: of what FROM kept, or NULL: of what it holds now. DRAW: for its names. */
static struct sim_image *
image_add(struct sim_world *w, struct sim_group *g, uint32_t index, const char *name,
          const struct sim_image *from, bool clone, uint64_t draw)
{
    const struct sim_copy *c = &g->copies[index];
    size_t at = from ? (size_t)(from - g->images) : 0;
    struct sim_image *images = reallocarray(g->images, g->n_images + 1, sizeof(*images));
    if (!images)
        return NULL;
    g->images = images;
    struct sim_image *image = &images[g->n_images];
    *image = (struct sim_image){.copy = index, .clone = clone};
    SIM_SET(image->name, name);
    image->members = calloc(g->n_members, sizeof(*image->members));
    if (!image->members)
        return NULL;
    const struct sim_member *members = from ? images[at].members : c->members;
    for (size_t i = 0; i < g->n_members; i++) {
        struct sim_member *m = &image->members[i];
        sim_point_set(&m->point, &members[i].point);
        m->bytes = c->members[i].bytes;
        m->access = clone ? DRSTOR_ACCESS_READ_WRITE : DRSTOR_ACCESS_READ_ONLY;
        uint64_t n = sim_hash(w->seed, draw, i);
        snprintf(m->id, sizeof(m->id), "%.40s.%u", name, (unsigned)i + 1);
        snprintf(m->wwid, sizeof(m->wwid), "36000c1%026llx", (unsigned long long)n);
        snprintf(m->serial, sizeof(m->serial), "C%012llX",
                 (unsigned long long)(n & UINT64_C(0xffffffffffff)));
    }
    g->n_images++;
    g->image_moves++;
    return image;
}

static void
image_drop(struct sim_group *g, struct sim_image *image)
{
    size_t i = (size_t)(image - g->images);
    sim_members_free(image->members, g->n_members);
    memmove(image, image + 1, (--g->n_images - i) * sizeof(*image));
    g->image_moves++;
}

static bool
image_resyncing(struct sim_world *w, const struct sim_copy *c)
{
    const struct sim_job *job = c->begun_ns && c->job ? sim_job_by_id(w, c->job) : NULL;
    return job && job->op == SIM_OP_RESYNC;
}

/* A copy in the middle of a resync shows no consistent point. */
static bool
image_consistent(struct sim_world *w, struct sim_flight *f)
{
    const struct sim_copy *c = &w->groups[f->group].copies[f->copy];
    if (!image_resyncing(w, c))
        return true;
    sim_refuse(f, DRSTOR_E_REFUSED, "resync-running", "a resync into group %s is under way", c->id);
    return false;
}

static void
image_make(struct sim_world *w, struct sim_flight *f, const char *kind, bool clone)
{
    char name[SIM_NAME];
    image_name(f, kind, name, sizeof(name));
    struct sim_image *old = sim_image_find(&w->groups[f->group], f->copy, name);
    if (old && (old->clone != 0) == clone) {
        sim_done(f);
        return;
    }
    uint32_t g, c;
    if (old || sim_copy_find(w, f->array, name, &g, &c)) {
        sim_refuse(f, DRSTOR_E_CONFLICT, "name-taken", "%s is the name of something else", name);
        return;
    }
    if (f->unknown_host_group) {
        sim_refuse(f, DRSTOR_E_NOTFOUND, "no-such-host-group",
                   "array %s does not know one of the host groups", w->arrays[f->array].name);
        return;
    }
    const struct sim_image *from = f->point[0] ? sim_point_named(w, f) : NULL;
    if (f->point[0] ? !from : !image_consistent(w, f))
        return;
    struct sim_image *image =
        image_add(w, &w->groups[f->group], f->copy, name, from, clone, f->call);
    if (!image) {
        w->broken = true;
        return;
    }
    SIM_SET(image->op_id, f->op_id);
    image->exposed = f->host_groups;
    for (size_t i = 0; i < w->groups[f->group].n_members; i++)
        image->members[i].exposed = f->host_groups;
    sim_done(f);
}

void
sim_effect_snapshot(struct sim_world *w, struct sim_flight *f)
{
    f->host_groups = 0;
    image_make(w, f, "snapshot", false);
}

void
sim_effect_test_start(struct sim_world *w, struct sim_flight *f)
{
    image_make(w, f, "test", true);
}

void
sim_effect_test_stop(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    char name[SIM_NAME];
    image_name(f, "test", name, sizeof(name));
    struct sim_image *image = sim_image_find(g, f->copy, name);
    if (image && !image->clone) {
        sim_refuse(f, DRSTOR_E_CONFLICT, "not-a-clone", "%s is a snapshot, not a test", name);
        return;
    }
    if (image)
        image_drop(g, image);
    sim_done(f);
}

/* ---- snapshots as recovery points ------------------------------------------------------------ */

bool
sim_image_is_point(const struct sim_group *g, const struct sim_image *image)
{
    const struct sim_copy *c = &g->copies[image->copy];
    for (size_t i = 0; i < g->n_members; i++) {
        const struct sim_point *p = &image->members[i].point;
        if (p->at_ns != image->members[0].point.at_ns ||
            !sim_contains(&g->segments[i], &c->members[i].point, p))
            return false;
    }
    return !image->clone;
}

const struct sim_image *
sim_point_named(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    const struct sim_image *image = sim_image_find(g, f->copy, f->point);
    if (image && sim_image_is_point(g, image))
        return image;
    sim_refuse(f, DRSTOR_E_NOTFOUND, "no-such-point", "copy %s has no recovery point %s",
               g->copies[f->copy].id, f->point);
    return NULL;
}

int
sim_snapshot_delete(struct sim_world *w, const char *array, const char *group, const char *name)
{
    int a = sim_array_index(w, array);
    uint32_t g, c;
    struct sim_image *image = a >= 0 && sim_copy_find(w, (uint32_t)a, group, &g, &c)
                                  ? sim_image_find(&w->groups[g], c, name)
                                  : NULL;
    if (!image || image->clone)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "array %s has no snapshot %s of %s", array, name,
                        group);
    image_drop(&w->groups[g], image);
    w->changed = 1;
    return DRSTOR_OK;
}

static struct sim_image *
image_oldest_periodic(struct sim_group *g, uint32_t index, uint64_t *ret_n)
{
    struct sim_image *oldest = NULL;
    *ret_n = 0;
    for (size_t i = 0; i < g->n_images; i++) {
        struct sim_image *image = &g->images[i];
        if (image->copy != index || !image->periodic)
            continue;
        ++*ret_n;
        if (!oldest || image->members[0].point.at_ns < oldest->members[0].point.at_ns)
            oldest = image;
    }
    return oldest;
}

void
sim_point_periodic(struct sim_world *w, struct sim_group *g, uint32_t index)
{
    const struct sim_copy *c = &g->copies[index];
    uint64_t at_ns = c->members[0].point.at_ns, n;
    char name[SIM_NAME], when[32];
    time_t utc = (time_t)sim_utc(w, at_ns);
    struct tm tm;
    for (size_t i = 1; i < g->n_members; i++)
        if (c->members[i].point.at_ns != at_ns)
            return; /* of no one moment */
    if (image_resyncing(w, c) || !gmtime_r(&utc, &tm) ||
        strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm) == 0)
        return;
    snprintf(name, sizeof(name), "point.%s", when);
    if (sim_image_find(g, index, name))
        return; /* nothing came since */
    struct sim_image *image = image_add(w, g, index, name, NULL, false, at_ns);
    if (!image) {
        w->broken = true;
        return;
    }
    image->periodic = 1;
    w->changed = 1;
    struct sim_image *oldest = image_oldest_periodic(g, index, &n);
    if (n > g->points_kept)
        image_drop(g, oldest);
}

/* Snapshots, and the writable clones of a drill. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
image_name(const struct sim_flight *f, const char *kind, char *to, size_t size)
{
    if (f->name[0])
        sim_copy_text(to, size, f->name);
    else
        snprintf(to, size, "%s-%.50s", kind, f->op_id);
}

static bool
image_add(struct sim_world *w, struct sim_flight *f, const char *name, bool clone)
{
    struct sim_group *g = &w->groups[f->group];
    const struct sim_copy *c = &g->copies[f->copy];
    struct sim_image *images = reallocarray(g->images, g->n_images + 1, sizeof(*images));
    if (!images)
        return false;
    g->images = images;
    struct sim_image *image = &images[g->n_images];
    *image = (struct sim_image){.copy = f->copy, .clone = clone, .exposed = f->host_groups};
    SIM_SET(image->name, name);
    SIM_SET(image->op_id, f->op_id);
    image->members = calloc(g->n_members, sizeof(*image->members));
    if (!image->members)
        return false;
    for (size_t i = 0; i < g->n_members; i++) {
        struct sim_member *m = &image->members[i];
        sim_point_set(&m->point, &c->members[i].point);
        m->bytes = c->members[i].bytes;
        m->access = clone ? DRSTOR_ACCESS_READ_WRITE : DRSTOR_ACCESS_READ_ONLY;
        m->exposed = f->host_groups;
        uint64_t n = sim_hash(w->seed, f->call, i);
        snprintf(m->id, sizeof(m->id), "%.40s.%u", name, (unsigned)i + 1);
        snprintf(m->wwid, sizeof(m->wwid), "36000c1%026llx", (unsigned long long)n);
        snprintf(m->serial, sizeof(m->serial), "C%012llX",
                 (unsigned long long)(n & UINT64_C(0xffffffffffff)));
    }
    g->n_images++;
    return true;
}

/* A copy in the middle of a resync shows no consistent point. */
static bool
image_consistent(struct sim_world *w, struct sim_flight *f)
{
    const struct sim_copy *c = &w->groups[f->group].copies[f->copy];
    const struct sim_job *job = c->begun_ns && c->job ? sim_job_by_id(w, c->job) : NULL;
    if (!job || job->op != SIM_OP_RESYNC)
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
    if (!image_consistent(w, f))
        return;
    if (!image_add(w, f, name, clone)) {
        w->broken = true;
        return;
    }
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
    if (image) {
        sim_members_free(image->members, g->n_members);
        size_t i = (size_t)(image - g->images);
        memmove(image, image + 1, (--g->n_images - i) * sizeof(*image));
    }
    sim_done(f);
}

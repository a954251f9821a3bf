/* What hosts of a site see and do: LUNs, documents, writers. */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *
lun_access(uint32_t access)
{
    switch ((enum drstor_access)access) {
    case DRSTOR_ACCESS_NONE:
        return "none";
    case DRSTOR_ACCESS_READ_ONLY:
        return "read-only";
    case DRSTOR_ACCESS_READ_WRITE:
        return "read-write";
    case DRSTOR_ACCESS_UNKNOWN:
        break;
    }
    return "unknown";
}

static struct json_object *
lun_content(const struct sim_point *p)
{
    struct json_object *doc = p->doc ? json_tokener_parse(p->doc->text) : NULL;
    return doc ? doc : json_object_new_object();
}

static void
lun_append(struct json_object *luns, const struct sim_copy *c, const struct sim_member *m, size_t i)
{
    struct json_object *o = json_object_new_object();
    struct json_object *seen = json_object_new_array();
    int lun = -1;
    for (size_t j = 0; j < c->n_host_groups; j++) {
        if (!(m->exposed & (UINT32_C(1) << j)))
            continue;
        json_object_array_add(seen, json_object_new_string(c->host_groups[j].name));
        if (lun < 0)
            lun = c->host_groups[j].lun + (int)i;
    }
    json_object_object_add(o, "wwid", json_object_new_string(m->wwid));
    json_object_object_add(o, "serial", json_object_new_string(m->serial));
    json_object_object_add(o, "size", json_object_new_int64(m->bytes));
    json_object_object_add(o, "access", json_object_new_string(lun_access(m->access)));
    json_object_object_add(o, "exposed_to", seen);
    json_object_object_add(o, "lun", json_object_new_int(lun));
    json_object_object_add(o, "writes", json_object_new_uint64(m->point.count));
    json_object_object_add(o, "content", lun_content(&m->point));
    json_object_array_add(luns, o);
}

static void
lun_append_group(const struct sim_world *w, struct json_object *luns, const struct sim_group *g,
                 uint32_t site)
{
    for (size_t j = 0; j < g->n_copies; j++) {
        const struct sim_copy *c = &g->copies[j];
        for (size_t i = 0; sim_copy_site(w, c) == site && i < g->n_members; i++)
            if (c->members[i].exposed)
                lun_append(luns, c, &c->members[i], i);
    }
    for (size_t j = 0; j < g->n_images; j++) {
        const struct sim_image *image = &g->images[j];
        const struct sim_copy *c = &g->copies[image->copy];
        bool here = image->clone && sim_copy_site(w, c) == site;
        for (size_t i = 0; here && i < g->n_members; i++)
            if (image->members[i].exposed)
                lun_append(luns, c, &image->members[i], sim_image_lun(g, j) + i);
    }
}

int
sim_lun_list(struct sim_world *w, const char *site, struct json_object **ret_luns)
{
    int s = sim_site_index(w, site);
    if (s < 0)
        return -ENOENT;
    struct json_object *luns = json_object_new_array();
    if (!luns)
        return -ENOMEM;
    for (size_t i = 0; w->sites[s].state != SIM_SITE_DEAD && i < w->n_groups; i++)
        lun_append_group(w, luns, &w->groups[i], (uint32_t)s);
    *ret_luns = luns;
    return 0;
}

struct lun_place {
    struct sim_group *group;
    struct sim_copy *copy; /* NULL: a clone */
    struct sim_member *member;
    size_t index;
};

static bool
lun_find_among(struct sim_group *g, struct sim_copy *copy, struct sim_member *members,
               const char *wwid, struct lun_place *ret)
{
    for (size_t i = 0; i < g->n_members; i++) {
        if (members[i].exposed && strcmp(members[i].wwid, wwid) == 0) {
            *ret = (struct lun_place){g, copy, &members[i], i};
            return true;
        }
    }
    return false;
}

static bool
lun_find_group(const struct sim_world *w, struct sim_group *g, uint32_t site, const char *wwid,
               struct lun_place *ret)
{
    for (size_t j = 0; j < g->n_copies; j++) {
        struct sim_copy *c = &g->copies[j];
        if (sim_copy_site(w, c) == site && lun_find_among(g, c, c->members, wwid, ret))
            return true;
    }
    for (size_t j = 0; j < g->n_images; j++) {
        const struct sim_image *image = &g->images[j];
        if (image->clone && sim_copy_site(w, &g->copies[image->copy]) == site &&
            lun_find_among(g, NULL, image->members, wwid, ret))
            return true;
    }
    return false;
}

/* -ENOENT when hosts of the site see no such LUN. */
static int
lun_find(struct sim_world *w, const char *site, const char *wwid, struct lun_place *ret)
{
    int s = sim_site_index(w, site);
    if (s < 0 || w->sites[s].state == SIM_SITE_DEAD)
        return -ENOENT;
    for (size_t i = 0; i < w->n_groups; i++)
        if (lun_find_group(w, &w->groups[i], (uint32_t)s, wwid, ret))
            return 0;
    return -ENOENT;
}

static int
lun_store(struct sim_world *w, const struct lun_place *p, struct json_object *content)
{
    struct sim_doc *doc =
        sim_doc_new(json_object_to_json_string_ext(content, JSON_C_TO_STRING_PLAIN));
    if (!doc)
        return -ENOMEM;
    sim_doc_unref(p->member->point.doc);
    p->member->point.doc = doc;
    w->changed = 1;
    if (!p->copy) {
        p->member->point.count++;
        return 0;
    }
    uint32_t owner = (uint32_t)(p->copy - p->group->copies);
    if (p->copy->relation == DRSTOR_RELATION_MUTUAL && p->copy->insync)
        owner = 0;
    if (!sim_write_on(&p->group->segments[p->index], &p->member->point, owner, 1, w->now_ns))
        return -ENOMEM;
    sim_follow(w, p->group, p->copy, p->index);
    return 0;
}

int
sim_lun_write(struct sim_world *w, const char *site, const char *wwid, struct json_object *doc)
{
    struct lun_place p;
    int r = lun_find(w, site, wwid, &p);
    if (r < 0)
        return r;
    if (p.copy ? !sim_io_ok(w, p.group, p.copy, p.member)
               : p.member->access != DRSTOR_ACCESS_READ_WRITE)
        return -EROFS;
    return lun_store(w, &p, doc);
}

static int
lun_writer_add(struct sim_world *w, const struct lun_place *p, const char *who)
{
    struct sim_member *m = p->member;
    for (size_t i = 0; i < m->n_writers; i++)
        if (strcmp(m->writers[i].who, who) == 0)
            return 0;
    if (m->access != DRSTOR_ACCESS_READ_WRITE)
        return -EROFS;
    struct sim_writer *writers = realloc(m->writers, (m->n_writers + 1) * sizeof(*m->writers));
    if (!writers)
        return -ENOMEM;
    m->writers = writers;
    sim_copy_text(writers[m->n_writers++].who, SIM_TEXT, who);
    for (size_t i = 0; p->copy && i < p->group->n_members; i++) {
        if (p->copy->members[i].access != DRSTOR_ACCESS_READ_WRITE) {
            sim_violate(w, SIM_V_START_PARTIAL, p->group->name,
                        "%s started on group %s while volume %s is not writable", who,
                        p->group->name, p->copy->members[i].id);
            break;
        }
    }
    return 0;
}

int
sim_lun_writer(struct sim_world *w, const char *site, const char *wwid, const char *who, bool add)
{
    struct lun_place p;
    int r = lun_find(w, site, wwid, &p);
    if (r < 0)
        return r;
    if (add) {
        r = lun_writer_add(w, &p, who);
        if (r < 0)
            return r;
    } else {
        for (size_t i = 0; i < p.member->n_writers; i++) {
            if (strcmp(p.member->writers[i].who, who) == 0) {
                p.member->writers[i] = p.member->writers[--p.member->n_writers];
                break;
            }
        }
    }
    sim_settle(w, false);
    return 0;
}

/* ---- for tests and tools: past every host -------------------------------------------------- */

static int
lun_by_array(struct sim_world *w, const char *array, const char *volume, struct lun_place *ret)
{
    int a = sim_array_index(w, array);
    for (size_t gi = 0; a >= 0 && gi < w->n_groups; gi++) {
        struct sim_group *g = &w->groups[gi];
        for (size_t j = 0; j < g->n_copies; j++) {
            struct sim_copy *c = &g->copies[j];
            for (size_t i = 0; c->array == (uint32_t)a && i < g->n_members; i++) {
                if (strcmp(c->members[i].id, volume) == 0) {
                    *ret = (struct lun_place){g, c, &c->members[i], i};
                    return DRSTOR_OK;
                }
            }
        }
    }
    return sim_fail(w, DRSTOR_E_NOTFOUND, "array %s has no volume %s", array, volume);
}

int
sim_doc_get(struct sim_world *w, const char *array, const char *volume, struct json_object **ret)
{
    struct lun_place p;
    int r = lun_by_array(w, array, volume, &p);
    if (r == DRSTOR_OK)
        *ret = lun_content(&p.member->point);
    return r;
}

int
sim_doc_put(struct sim_world *w, const char *array, const char *volume, struct json_object *doc)
{
    struct lun_place p;
    int r = lun_by_array(w, array, volume, &p);
    if (r < 0)
        return r;
    if (p.member->access != DRSTOR_ACCESS_READ_WRITE)
        return sim_fail(w, DRSTOR_E_REFUSED, "volume %s is not writable at array %s", volume,
                        array);
    return lun_store(w, &p, doc) < 0 ? DRSTOR_E_NOMEM : DRSTOR_OK;
}

int
sim_writes(struct sim_world *w, const char *array, const char *volume, uint64_t *ret)
{
    struct lun_place p;
    int r = lun_by_array(w, array, volume, &p);
    if (r == DRSTOR_OK)
        *ret = p.member->point.count;
    return r;
}

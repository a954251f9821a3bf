/* JSON to a world, from a specification or from what was saved. */
#include "shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *
shape_get(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    return json_object_object_get_ex(o, key, &v) ? v : NULL;
}

static size_t
shape_length(struct json_object *o)
{
    if (json_object_is_type(o, json_type_array))
        return json_object_array_length(o);
    if (json_object_is_type(o, json_type_object))
        return (size_t)json_object_object_length(o);
    return 0;
}

/* A flat list of structs; *RET and *RET_N are set together. */
static int
shape_list(struct sim_world *w, struct json_object *from, const char *key,
           const struct field *fields, size_t element, void **ret, size_t *ret_n, size_t *ret_size)
{
    struct json_object *list = shape_get(from, key);
    size_t n = shape_length(list);
    if (n == 0)
        return DRSTOR_OK;
    char *v = calloc(n, element);
    if (!v)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    *ret = v;
    *ret_n = n;
    *ret_size = n;
    for (size_t i = 0; i < n; i++) {
        int r =
            fields_read(w, key, json_object_array_get_idx(list, i), fields, NULL, v + i * element);
        if (r < 0)
            return r;
    }
    return DRSTOR_OK;
}

/* The list belongs to the world even when reading it failed half way. */
#define SHAPE_LIST(w, from, key, fields, v, n, size)                                               \
    __extension__({                                                                                \
        void *shape_v = NULL;                                                                      \
        int shape_r = shape_list(w, from, key, fields, sizeof(*(v)), &shape_v, &(n), &(size));     \
        (v) = shape_v;                                                                             \
        shape_r;                                                                                   \
    })

static int
shape_point(struct sim_world *w, struct json_object *o, struct sim_point *p)
{
    static const char *const more[] = {"doc", NULL};
    if (!o)
        return DRSTOR_OK;
    int r = fields_read(w, "point", o, point_fields, more, p);
    struct json_object *doc = shape_get(o, "doc");
    if (r < 0 || !doc)
        return r;
    p->doc = sim_doc_new(json_object_get_string(doc));
    return p->doc ? DRSTOR_OK : sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
}

static int
shape_member(struct sim_world *w, struct json_object *o, struct sim_member *m)
{
    static const char *const more[] = {"point", "incoming", "writers", "document", NULL};
    int r = fields_read(w, "member", o, member_fields, more, m);
    if (r == DRSTOR_OK)
        r = shape_point(w, shape_get(o, "point"), &m->point);
    if (r == DRSTOR_OK)
        r = shape_point(w, shape_get(o, "incoming"), &m->incoming);
    if (r < 0)
        return r;
    struct json_object *doc = shape_get(o, "document");
    if (doc) {
        sim_doc_unref(m->point.doc);
        m->point.doc = sim_doc_new(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN));
        if (!m->point.doc)
            return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    }
    struct json_object *writers = shape_get(o, "writers");
    size_t n = shape_length(writers);
    if (n == 0)
        return DRSTOR_OK;
    m->writers = calloc(n, sizeof(*m->writers));
    if (!m->writers)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    m->n_writers = n;
    for (size_t i = 0; i < n; i++)
        SIM_SET(m->writers[i].who, json_object_get_string(json_object_array_get_idx(writers, i)));
    return DRSTOR_OK;
}

static int
shape_members(struct sim_world *w, const struct sim_group *g, struct json_object *list,
              struct sim_member **ret)
{
    if (shape_length(list) != g->n_members || !json_object_is_type(list, json_type_array))
        return sim_fail(w, DRSTOR_E_INVALID, "group %s: every copy needs the same 1 to %d members",
                        g->name, SIM_MEMBERS);
    *ret = calloc(g->n_members, sizeof(**ret));
    if (!*ret)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    for (size_t i = 0; i < g->n_members; i++) {
        int r = shape_member(w, json_object_array_get_idx(list, i), &(*ret)[i]);
        if (r < 0)
            return r;
    }
    return DRSTOR_OK;
}

static int
shape_host_groups(struct sim_world *w, struct json_object *o, struct sim_copy *c)
{
    size_t n = shape_length(o);
    if (n > SIM_HOST_GROUPS)
        return sim_fail(w, DRSTOR_E_INVALID, "more than %d host groups", SIM_HOST_GROUPS);
    if (n == 0)
        return DRSTOR_OK;
    c->host_groups = calloc(n, sizeof(*c->host_groups));
    if (!c->host_groups)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    json_object_object_foreach(o, key, value)
    {
        struct sim_host_group *h = &c->host_groups[c->n_host_groups++];
        SIM_SET(h->name, key);
        SIM_SET(h->protocol, "iscsi");
        int r = fields_read(w, key, value, host_group_fields, NULL, h);
        if (r < 0)
            return r;
    }
    return DRSTOR_OK;
}

/* Names that were not given are made from the group's, so they are the same in every run. */
static uint64_t
shape_name_hash(const char *name)
{
    uint64_t n = 0;
    for (; *name; name++)
        n = sim_hash(n, (uint64_t)(unsigned char)*name, 0);
    return n;
}

/* What a person need not write. */
static void
shape_defaults(const struct sim_group *g, struct json_object *o, size_t index)
{
    struct sim_copy *c = &g->copies[index];
    bool serves = index == 0 || g->active_active;
    struct json_object *exposed = shape_get(o, "exposed");
    bool shown = exposed ? json_object_get_boolean(exposed) : serves;
    for (size_t i = 0; i < g->n_members; i++) {
        struct sim_member *m = &c->members[i];
        uint64_t n = sim_hash(shape_name_hash(g->name), c->array, i);
        if (!m->access)
            m->access = serves ? DRSTOR_ACCESS_READ_WRITE : DRSTOR_ACCESS_READ_ONLY;
        if (!m->id[0])
            snprintf(m->id, sizeof(m->id), "%.40s_%u", c->id, (unsigned)i + 1);
        if (!m->wwid[0])
            snprintf(m->wwid, sizeof(m->wwid), "36000d1%026llx", (unsigned long long)n);
        if (!m->serial[0])
            snprintf(m->serial, sizeof(m->serial), "S%012llX",
                     (unsigned long long)(n & UINT64_C(0xffffffffffff)));
        if (!shape_get(json_object_array_get_idx(shape_get(o, "members"), i), "exposed"))
            m->exposed = shown ? (UINT32_C(1) << c->n_host_groups) - 1 : 0;
    }
}

static int
shape_copy(struct sim_world *w, struct sim_group *g, struct json_object *o, size_t index)
{
    static const char *const more[] = {"array", "host_groups", "members", "exposed", NULL};
    struct sim_copy *c = &g->copies[index];
    bool first = index == 0;

    SIM_SET(c->id, g->name);
    c->relation = g->active_active ? DRSTOR_RELATION_MUTUAL
                  : first          ? DRSTOR_RELATION_SOURCE
                                   : DRSTOR_RELATION_DESTINATION;
    c->insync = g->active_active;
    int r = fields_read(w, g->name, o, copy_fields, more, c);
    if (r < 0)
        return r;
    struct json_object *array = shape_get(o, "array");
    int a = sim_array_index(w, array ? json_object_get_string(array) : NULL);
    if (a < 0)
        return sim_fail(w, DRSTOR_E_INVALID, "group %s: the array of copy %zu is not known",
                        g->name, index + 1);
    c->array = (uint32_t)a;
    r = shape_host_groups(w, shape_get(o, "host_groups"), c);
    if (r == DRSTOR_OK)
        r = shape_members(w, g, shape_get(o, "members"), &c->members);
    if (r < 0)
        return r;
    shape_defaults(g, o, index);
    return DRSTOR_OK;
}

/* A world that begins: all copies hold what the first one does. */
static int
shape_begin(struct sim_world *w, struct sim_group *g)
{
    for (size_t i = 0; i < g->n_members; i++) {
        if (!sim_segments_init(&g->segments[i]))
            return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
        for (size_t j = 1; j < g->n_copies; j++) {
            sim_point_set(&g->copies[j].members[i].point, &g->copies[0].members[i].point);
            if (g->copies[j].members[i].bytes <= 0)
                g->copies[j].members[i].bytes = g->copies[0].members[i].bytes;
        }
    }
    return DRSTOR_OK;
}

static int
shape_segments(struct sim_world *w, struct sim_group *g, struct json_object *list)
{
    for (size_t i = 0; i < g->n_members; i++) {
        struct json_object *in = json_object_new_object();
        json_object_object_add(in, "segments", json_object_get(json_object_array_get_idx(list, i)));
        void *v = NULL;
        size_t n = 0, size = 0;
        int r = shape_list(w, in, "segments", segment_fields, sizeof(struct sim_segment), &v, &n,
                           &size);
        json_object_put(in);
        g->segments[i] = (struct sim_segments){.v = v, .n = n, .size = size};
        if (r < 0 || n == 0)
            return r < 0 ? r : sim_fail(w, DRSTOR_E_INVALID, "group %s: no segments", g->name);
        for (size_t j = 1; j < n; j++)
            if (g->segments[i].v[j].parent >= j)
                return sim_fail(w, DRSTOR_E_INVALID, "group %s: segments in no order", g->name);
    }
    return DRSTOR_OK;
}

static int
shape_check(struct sim_world *w, const struct sim_group *g)
{
    for (size_t j = 0; j < g->n_copies; j++) {
        bool good = g->copies[j].peer < g->n_copies;
        for (size_t i = 0; i < g->n_members; i++)
            good = good && g->copies[j].members[i].point.segment < g->segments[i].n &&
                   g->copies[j].members[i].incoming.segment < g->segments[i].n;
        if (!good)
            return sim_fail(w, DRSTOR_E_INVALID, "group %s: a reference leads nowhere", g->name);
    }
    return DRSTOR_OK;
}

static int
shape_images(struct sim_world *w, struct sim_group *g, struct json_object *list)
{
    static const char *const more[] = {"members", NULL};
    size_t n = shape_length(list);
    if (n == 0)
        return DRSTOR_OK;
    g->images = calloc(n, sizeof(*g->images));
    if (!g->images)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    g->n_images = g->image_moves = n;
    for (size_t i = 0; i < n; i++) {
        struct json_object *o = json_object_array_get_idx(list, i);
        int r = fields_read(w, "image", o, image_fields, more, &g->images[i]);
        if (r == DRSTOR_OK)
            r = shape_members(w, g, shape_get(o, "members"), &g->images[i].members);
        bool good = r == DRSTOR_OK && g->images[i].copy < g->n_copies;
        for (size_t k = 0; good && k < g->n_members; k++)
            good = g->images[i].members[k].point.segment < g->segments[k].n;
        if (r == DRSTOR_OK && !good)
            r = sim_fail(w, DRSTOR_E_INVALID, "group %s: a reference leads nowhere", g->name);
        if (r < 0)
            return r;
    }
    return DRSTOR_OK;
}

static int
shape_group(struct sim_world *w, const char *name, struct json_object *o, struct sim_group *g)
{
    static const char *const more[] = {"copies", "segments", "images", NULL};
    SIM_SET(g->name, name);
    g->bandwidth = UINT64_C(100) << 20;
    g->arbiter = DRSTOR_ARBITER_OK;
    g->period_ns = 300 * SIM_SECOND;
    g->points_kept = 8;
    int r = fields_read(w, name, o, group_fields, more, g);
    if (r < 0)
        return r;
    struct json_object *copies = shape_get(o, "copies");
    size_t n = shape_length(copies);
    if (n < 1 || n > SIM_COPIES || !json_object_is_type(copies, json_type_array))
        return sim_fail(w, DRSTOR_E_INVALID, "group %s needs 1 to %d copies", name, SIM_COPIES);
    g->n_members = shape_length(shape_get(json_object_array_get_idx(copies, 0), "members"));
    if (g->n_members < 1 || g->n_members > SIM_MEMBERS || g->bandwidth == 0)
        return sim_fail(w, DRSTOR_E_INVALID, "group %s needs 1 to %d members and bandwidth", name,
                        SIM_MEMBERS);
    g->copies = calloc(n, sizeof(*g->copies));
    g->segments = calloc(g->n_members, sizeof(*g->segments));
    if (!g->copies || !g->segments)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    g->n_copies = n;
    for (size_t i = 0; i < n; i++) {
        r = shape_copy(w, g, json_object_array_get_idx(copies, i), i);
        if (r < 0)
            return r;
    }
    struct json_object *segments = shape_get(o, "segments");
    r = segments ? shape_segments(w, g, segments) : shape_begin(w, g);
    if (r == DRSTOR_OK)
        r = shape_check(w, g);
    return r < 0 ? r : shape_images(w, g, shape_get(o, "images"));
}

static int
shape_array(struct sim_world *w, const char *name, struct json_object *o, struct sim_array *a)
{
    static const char *const more[] = {"site", "counters", NULL};
    SIM_SET(a->name, name);
    a->parallel_calls = 8;
    a->settle_ms = 2000;
    a->native_fence = 1;
    a->guards = 1;
    int r = fields_read(w, name, o, array_fields, more, a);
    struct json_object *site = shape_get(o, "site");
    int s = sim_site_index(w, site ? json_object_get_string(site) : NULL);
    if (r == DRSTOR_OK && s < 0)
        r = sim_fail(w, DRSTOR_E_INVALID, "the site of array %s is not known", name);
    if (r < 0)
        return r;
    a->site = (uint32_t)s;
    struct json_object *counters = shape_get(o, "counters");
    return counters ? fields_read(w, name, counters, counter_fields, NULL, &a->counters)
                    : DRSTOR_OK;
}

static int
shape_named(struct sim_world *w, struct json_object *from, const char *key, size_t element,
            void **ret, size_t *ret_n)
{
    struct json_object *o = shape_get(from, key);
    size_t n = json_object_is_type(o, json_type_object) ? shape_length(o) : 0;
    if (n == 0)
        return sim_fail(w, DRSTOR_E_INVALID, "%s: must name at least one", key);
    *ret = calloc(n, element);
    if (!*ret)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    *ret_n = 0;
    json_object_object_foreach(o, name, value)
    {
        int r = DRSTOR_OK;
        if (strlen(name) >= SIM_NAME)
            return sim_fail(w, DRSTOR_E_INVALID, "%s: the name %s is too long", key, name);
        (*ret_n)++; /* before its parts, so that a failure frees them */
        if (strcmp(key, "sites") == 0) {
            struct sim_site *s = (struct sim_site *)*ret + *ret_n - 1;
            SIM_SET(s->name, name);
            s->state = SIM_SITE_UP;
            r = fields_read(w, name, value, site_fields, NULL, s);
        } else if (strcmp(key, "arrays") == 0) {
            r = shape_array(w, name, value, (struct sim_array *)*ret + *ret_n - 1);
        } else {
            r = shape_group(w, name, value, (struct sim_group *)*ret + *ret_n - 1);
        }
        if (r < 0)
            return r;
    }
    return DRSTOR_OK;
}

#define SHAPE_NAMED(w, from, key, v, n)                                                            \
    __extension__({                                                                                \
        void *shape_v = NULL;                                                                      \
        int shape_r = shape_named(w, from, key, sizeof(*(v)), &shape_v, &(n));                     \
        (v) = shape_v;                                                                             \
        shape_r;                                                                                   \
    })

static int
shape_links(struct sim_world *w, struct json_object *from)
{
    size_t size;
    if (shape_get(from, "links"))
        return SHAPE_LIST(w, from, "links", link_fields, w->links, w->n_links, size);
    w->links = calloc(w->n_sites * w->n_sites, sizeof(*w->links));
    if (!w->links)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    for (uint32_t a = 0; a < w->n_sites; a++)
        for (uint32_t b = a + 1; b < w->n_sites; b++)
            w->links[w->n_links++] = (struct sim_link){.a = a, .b = b, .up = 1};
    return DRSTOR_OK;
}

static int
shape_clock(struct sim_world *w, struct json_object *o)
{
    const char *text = o ? json_object_get_string(o) : "boottime";
    if (strncmp(text, "file:", 5) == 0 && text[5] && strlen(text + 5) < sizeof(w->clock_path))
        SIM_SET(w->clock_path, text + 5);
    else if (strcmp(text, "virtual") == 0)
        w->clock_virtual = 1;
    else if (strcmp(text, "boottime") != 0)
        return sim_fail(w, DRSTOR_E_INVALID, "clock must be boottime, virtual or file:PATH");
    return DRSTOR_OK;
}

static bool
shape_place_good(const struct sim_world *w, uint32_t array, uint32_t group, uint32_t copy)
{
    return array < w->n_arrays && group < w->n_groups && copy < w->groups[group].n_copies;
}

/* A file that was edited by hand must not lead anybody outside of it. */
static int
shape_check_places(struct sim_world *w)
{
    bool good = true;
    for (size_t i = 0; i < w->n_links; i++)
        good = good && w->links[i].a < w->n_sites && w->links[i].b < w->n_sites;
    for (size_t i = 0; i < w->n_jobs; i++)
        good = good && shape_place_good(w, w->jobs[i].array, w->jobs[i].group, w->jobs[i].copy);
    for (size_t i = 0; i < w->n_flights; i++) {
        const struct sim_flight *f = &w->flights[i];
        good = good && shape_place_good(w, f->array, f->group, f->copy) && f->op < SIM_OP_COUNT &&
               f->member < (int32_t)w->groups[f->group].n_members;
    }
    return good ? DRSTOR_OK : sim_fail(w, DRSTOR_E_INVALID, "a reference leads nowhere");
}

static int
shape_history(struct sim_world *w, struct json_object *from)
{
    int r = SHAPE_LIST(w, from, "jobs", job_fields, w->jobs, w->n_jobs, w->size_jobs);
    if (r == DRSTOR_OK)
        r = SHAPE_LIST(w, from, "flights", flight_fields, w->flights, w->n_flights,
                       w->size_flights);
    if (r == DRSTOR_OK)
        r = SHAPE_LIST(w, from, "faults", fault_fields, w->faults, w->n_faults, w->size_faults);
    if (r == DRSTOR_OK)
        r = SHAPE_LIST(w, from, "losses", loss_fields, w->losses, w->n_losses, w->size_losses);
    if (r == DRSTOR_OK)
        r = SHAPE_LIST(w, from, "seen", seen_fields, w->seen, w->n_seen, w->size_seen);
    struct json_object *violations = shape_get(from, "violations");
    for (int v = 1; violations && r == DRSTOR_OK && v < SIM_V_COUNT; v++)
        w->violations[v] = json_object_get_uint64(
            shape_get(violations, sim_violation_name((enum sim_violation)v)));
    return r;
}

int
sim_decode(struct sim_world *w, struct json_object *from)
{
    static const char *const more[] = {"sites",   "links",  "arrays", "groups",     "clock", "jobs",
                                       "flights", "faults", "losses", "violations", "seen",  NULL};
    w->writes_per_s = 10;
    w->write_bytes = 65536;
    w->transfer_ms = 100;
    int r = fields_read(w, "world", from, world_fields, more, w);
    if (r == DRSTOR_OK)
        r = shape_clock(w, shape_get(from, "clock"));
    if (r == DRSTOR_OK)
        r = SHAPE_NAMED(w, from, "sites", w->sites, w->n_sites);
    if (r == DRSTOR_OK)
        r = shape_links(w, from);
    if (r == DRSTOR_OK)
        r = SHAPE_NAMED(w, from, "arrays", w->arrays, w->n_arrays);
    if (r == DRSTOR_OK)
        r = SHAPE_NAMED(w, from, "groups", w->groups, w->n_groups);
    if (r == DRSTOR_OK)
        r = shape_history(w, from);
    return r < 0 ? r : shape_check_places(w);
}

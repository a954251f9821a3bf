/* A world to JSON. */
#include "shape.h"

#include <stdio.h>

static bool
shape_put(struct json_object *o, const char *key, struct json_object *v)
{
    return v && json_object_object_add(o, key, v) == 0;
}

static struct json_object *
shape_write(const struct field *fields, const void *from)
{
    struct json_object *o = json_object_new_object();
    if (o && !fields_write(o, fields, from)) {
        json_object_put(o);
        return NULL;
    }
    return o;
}

static struct json_object *
shape_write_list(const struct field *fields, const void *from, size_t n, size_t element)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; list && i < n; i++)
        json_object_array_add(list, shape_write(fields, (const char *)from + i * element));
    return list;
}

static struct json_object *
shape_write_point(const struct sim_point *p)
{
    struct json_object *o = shape_write(point_fields, p);
    if (p->doc)
        shape_put(o, "doc", json_object_new_string(p->doc->text));
    return o;
}

static struct json_object *
shape_write_members(const struct sim_member *members, size_t n)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < n; i++) {
        const struct sim_member *m = &members[i];
        struct json_object *o = shape_write(member_fields, m);
        shape_put(o, "point", shape_write_point(&m->point));
        if (m->incoming.at_ns)
            shape_put(o, "incoming", shape_write_point(&m->incoming));
        struct json_object *writers = json_object_new_array();
        for (size_t j = 0; j < m->n_writers; j++)
            json_object_array_add(writers, json_object_new_string(m->writers[j].who));
        shape_put(o, "writers", writers);
        json_object_array_add(list, o);
    }
    return list;
}

static struct json_object *
shape_write_copy(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *c)
{
    struct json_object *o = shape_write(copy_fields, c);
    struct json_object *host_groups = json_object_new_object();
    for (size_t i = 0; i < c->n_host_groups; i++)
        shape_put(host_groups, c->host_groups[i].name,
                  shape_write(host_group_fields, &c->host_groups[i]));
    shape_put(o, "array", json_object_new_string(w->arrays[c->array].name));
    shape_put(o, "host_groups", host_groups);
    shape_put(o, "members", shape_write_members(c->members, g->n_members));
    return o;
}

static struct json_object *
shape_write_group(const struct sim_world *w, const struct sim_group *g)
{
    struct json_object *o = shape_write(group_fields, g);
    struct json_object *copies = json_object_new_array();
    struct json_object *segments = json_object_new_array();
    struct json_object *images = json_object_new_array();
    for (size_t i = 0; i < g->n_copies; i++)
        json_object_array_add(copies, shape_write_copy(w, g, &g->copies[i]));
    for (size_t i = 0; i < g->n_members; i++)
        json_object_array_add(segments,
                              shape_write_list(segment_fields, g->segments[i].v, g->segments[i].n,
                                               sizeof(struct sim_segment)));
    for (size_t i = 0; i < g->n_images; i++) {
        struct json_object *image = shape_write(image_fields, &g->images[i]);
        shape_put(image, "members", shape_write_members(g->images[i].members, g->n_members));
        json_object_array_add(images, image);
    }
    shape_put(o, "copies", copies);
    shape_put(o, "segments", segments);
    shape_put(o, "images", images);
    return o;
}

static struct json_object *
shape_write_arrays(const struct sim_world *w)
{
    struct json_object *arrays = json_object_new_object();
    for (size_t i = 0; i < w->n_arrays; i++) {
        struct json_object *a = shape_write(array_fields, &w->arrays[i]);
        shape_put(a, "site", json_object_new_string(w->sites[w->arrays[i].site].name));
        shape_put(a, "counters", shape_write(counter_fields, &w->arrays[i].counters));
        shape_put(arrays, w->arrays[i].name, a);
    }
    return arrays;
}

struct json_object *
sim_world_save(struct sim_world *w)
{
    struct json_object *o = shape_write(world_fields, w);
    struct json_object *sites = json_object_new_object();
    struct json_object *groups = json_object_new_object();
    struct json_object *violations = json_object_new_object();
    char clock[sizeof(w->clock_path) + 8];

    snprintf(clock, sizeof(clock), "file:%s", w->clock_path);
    shape_put(o, "clock",
              json_object_new_string(w->clock_path[0]   ? clock
                                     : w->clock_virtual ? "virtual"
                                                        : "boottime"));
    for (size_t i = 0; i < w->n_sites; i++)
        shape_put(sites, w->sites[i].name, shape_write(site_fields, &w->sites[i]));
    for (size_t i = 0; i < w->n_groups; i++)
        shape_put(groups, w->groups[i].name, shape_write_group(w, &w->groups[i]));
    for (int v = 1; v < SIM_V_COUNT; v++)
        shape_put(violations, sim_violation_name((enum sim_violation)v),
                  json_object_new_uint64(w->violations[v]));
    shape_put(o, "sites", sites);
    shape_put(o, "links", shape_write_list(link_fields, w->links, w->n_links, sizeof(*w->links)));
    shape_put(o, "arrays", shape_write_arrays(w));
    shape_put(o, "groups", groups);
    shape_put(o, "jobs", shape_write_list(job_fields, w->jobs, w->n_jobs, sizeof(*w->jobs)));
    shape_put(o, "flights",
              shape_write_list(flight_fields, w->flights, w->n_flights, sizeof(*w->flights)));
    shape_put(o, "faults",
              shape_write_list(fault_fields, w->faults, w->n_faults, sizeof(*w->faults)));
    shape_put(o, "losses",
              shape_write_list(loss_fields, w->losses, w->n_losses, sizeof(*w->losses)));
    shape_put(o, "violations", violations);
    shape_put(o, "seen", shape_write_list(seen_fields, w->seen, w->n_seen, sizeof(*w->seen)));
    return o;
}

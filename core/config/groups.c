#include "config/parts.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

enum { GROUPS_MAX = 4096 };
static const int64_t ten_years = INT64_C(3650) * 86400;

struct copy_read {
    const struct dr_yaml *array;
    const char *id;
    const char **expose;
    size_t n_expose;
    struct dr_conf_settings settings;
};

static const struct dr_conf_key copy_keys[] = {
    DR_CONF_NEED(struct copy_read, array, DR_CONF_NODE),
    DR_CONF_NEED(struct copy_read, id, DR_CONF_NAME),
    DR_CONF_MANY("expose", struct copy_read, expose, DR_CONF_NAMES),
};

static void
copy_other(struct dr_conf *c, const struct dr_yaml_pair *pair, const char *what, void *out)
{
    dr_conf_setting(c, pair, what, &((struct copy_read *)out)->settings);
}

const struct dr_conf_table dr_conf_copy_table = {"groups.NAME.copies.SITE", copy_keys,
                                                 DR_COUNT(copy_keys), copy_other};

struct group_read {
    unsigned mode, topology, on_error;
    int64_t rpo, rto, drill_every;
    const struct dr_yaml *loss_max;
    const struct dr_yaml *preferred;
    const struct dr_yaml *copies;
    const char **domains;
    size_t n_domains;
};

#define GROUP_TIME(key, f)                                                                         \
    {                                                                                              \
        .name = key, .kind = DR_CONF_DURATION, .offset = offsetof(struct group_read, f),           \
        .least = 1, .most = INT64_C(3650) * 86400                                                  \
    }

static const struct dr_conf_key group_keys[] = {
    {.name = "mode",
     .kind = DR_CONF_ENUM,
     .required = true,
     .offset = offsetof(struct group_read, mode),
     .names = &dr_mode_names},
    DR_CONF_CHOICE("topology", struct group_read, topology, dr_topology_names),
    {.name = "rpo",
     .kind = DR_CONF_DURATION,
     .offset = offsetof(struct group_read, rpo),
     .least = 0, /* "no loss at all" is a fair wish of a synchronous group */
     .most = INT64_C(3650) * 86400},
    GROUP_TIME("rto", rto),
    GROUP_TIME("drill_every", drill_every),
    DR_CONF_KEY(struct group_read, loss_max, DR_CONF_NODE),
    DR_CONF_CHOICE("on_error", struct group_read, on_error, dr_on_error_names),
    DR_CONF_KEY(struct group_read, preferred, DR_CONF_NODE),
    DR_CONF_MANY("domains", struct group_read, domains, DR_CONF_NAMES),
    DR_CONF_NEED(struct group_read, copies, DR_CONF_NODE),
};

DR_CONF_TABLE(dr_conf_group_table, "groups.NAME", group_keys);

static const struct dr_array *
copy_array(struct dr_conf *c, const struct dr_yaml *node, const char *what)
{
    const char *name;
    if (!dr_conf_name(c, node, dr_arena_printf(c->arena, "\"array\" of %s", what), &name))
        return NULL;
    const struct dr_model *m = c->model;
    const struct dr_array *array = dr_model_array(m, name);
    if (array)
        return array;
    const char **names = dr_arena_alloc(c->arena, m->n_arrays, sizeof(*names));
    for (size_t i = 0; i < m->n_arrays; i++)
        names[i] = m->arrays[i].name;
    dr_conf_missing(c, node, "array", name, names, m->n_arrays);
    return NULL;
}

/* False when the copy's site is unknown; such a copy is left out. */
static bool
copy_read(struct dr_conf *c, const struct dr_yaml_pair *pair, const char *group,
          struct dr_copy *copy)
{
    const char *what =
        dr_arena_printf(c->arena, "the copy of %s at %s", group, dr_conf_word(c, pair->key));
    struct copy_read read = {0};
    dr_conf_read(c, &dr_conf_copy_table, pair->value, what, &read);
    const struct dr_site *site = dr_conf_site_named(c, &pair->place, pair->key);
    const struct dr_array *array = read.array ? copy_array(c, read.array, what) : NULL;
    if (site && array && array->site && array->site != site)
        dr_conf_problem(c, read.array, NULL, "%s is on array %s, which is at site %s", what,
                        array->name, array->site->name);
    *copy = (struct dr_copy){
        .site = site,
        .array = array,
        .id = read.id,
        .expose = read.expose,
        .n_expose = read.n_expose,
        .settings = read.settings.list,
        .n_settings = read.settings.n,
        .place = pair->place,
    };
    return site != NULL;
}

static void
group_copies(struct dr_conf *c, const struct dr_yaml *node, const char *what,
             struct dr_group *group)
{
    if (!dr_conf_is_map(c, node, dr_arena_printf(c->arena, "\"copies\" of %s", what)))
        return;
    struct dr_copy *copies = dr_arena_alloc(c->arena, node->n_pairs, sizeof(*copies));
    size_t n = 0;
    for (size_t i = 0; i < node->n_pairs; i++)
        if (copy_read(c, &node->pairs[i], what, &copies[n]))
            n++;
    if (node->n_pairs < 2)
        dr_conf_problem(c, node, "a group is copied between sites",
                        "%s has %s; it needs at least two", what,
                        node->n_pairs ? "one copy" : "no copies");
    group->copies = copies;
    group->n_copies = n;
}

static void
group_loss_max(struct dr_conf *c, const struct dr_yaml *node, const char *what,
               struct dr_group *group)
{
    const char *text;
    int64_t v;
    if (!dr_conf_text(c, node, dr_arena_printf(c->arena, "\"loss_max\" of %s", what), &text))
        return;
    if (dr_duration_parse(text, &v) && v <= ten_years)
        group->loss_max_s = v;
    else if (dr_bytes_parse(text, &v))
        group->loss_max_bytes = v;
    else
        dr_conf_problem(c, node, "write a duration such as 5m or a size such as 64MiB",
                        "\"loss_max\" of %s is \"%s\", which is neither a duration nor a size",
                        what, dr_conf_word(c, text));
}

static void
group_preferred(struct dr_conf *c, const struct dr_yaml *node, const char *what,
                struct dr_group *group)
{
    const struct dr_site *site =
        dr_conf_site(c, node, dr_arena_printf(c->arena, "\"preferred\" of %s", what));
    if (!site)
        return;
    if (!dr_group_copy(group, site->name))
        dr_conf_problem(c, node, NULL, "\"preferred\" of %s is %s, where the group has no copy",
                        what, site->name);
    group->preferred = site;
}

static void
group_read(struct dr_conf *c, const struct dr_yaml_pair *pair, struct dr_group *group)
{
    const char *what = dr_arena_printf(c->arena, "group %s", dr_conf_word(c, pair->key));
    struct group_read read = {
        .topology = DR_TOPOLOGY_ACTIVE_PASSIVE,
        .on_error = DR_ON_ERROR_CONTINUE,
        .rpo = -1,
        .rto = -1,
        .drill_every = -1,
    };
    (void)dr_conf_check_name(c, &pair->place, "a group's name", pair->key);
    dr_conf_read(c, &dr_conf_group_table, pair->value, what, &read);
    *group = (struct dr_group){
        .name = pair->key,
        .mode = (enum dr_mode)read.mode,
        .topology = (enum dr_topology)read.topology,
        .on_error = (enum dr_on_error)read.on_error,
        .rpo_s = read.rpo,
        .rto_s = read.rto,
        .drill_every_s = read.drill_every,
        .loss_max_s = -1,
        .loss_max_bytes = -1,
        .domains = read.domains,
        .n_domains = read.n_domains,
        .place = pair->place,
    };
    if (group->topology == DR_TOPOLOGY_ACTIVE_ACTIVE && group->mode == DR_MODE_ASYNC)
        dr_conf_problem(c, dr_yaml_get(pair->value, "topology"), "write mode: sync",
                        "%s is active-active and async; both sides can only be written in step",
                        what);
    if (read.copies)
        group_copies(c, read.copies, what, group);
    if (read.loss_max)
        group_loss_max(c, read.loss_max, what, group);
    if (read.preferred && read.copies)
        group_preferred(c, read.preferred, what, group);
}

struct group_image {
    const struct dr_group *group;
    const struct dr_copy *copy;
};

static int
image_order(const void *va, const void *vb)
{
    const struct group_image *a = va, *b = vb;
    if (a->copy->array != b->copy->array)
        return a->copy->array < b->copy->array ? -1 : 1;
    int by_id = __builtin_strcmp(a->copy->id, b->copy->id);
    return by_id ? by_id : a->copy < b->copy ? -1 : a->copy > b->copy;
}

static bool
image_same(const struct group_image *a, const struct group_image *b)
{
    return a->copy->array == b->copy->array && dr_streq(a->copy->id, b->copy->id);
}

/* One image on an array belongs to one group, or promoting one would flip the other. */
static void
groups_refuse_shared(struct dr_conf *c, const struct dr_group *groups, size_t n_groups)
{
    struct group_image *list = NULL;
    size_t n = 0;
    for (size_t g = 0; g < n_groups; g++)
        for (size_t k = 0; k < groups[g].n_copies; k++)
            if (groups[g].copies[k].array && groups[g].copies[k].id)
                dr_arena_push(c->arena, list, n) =
                    (struct group_image){&groups[g], &groups[g].copies[k]};
    if (n > 1)
        qsort(list, n, sizeof(list[0]), image_order);
    for (size_t i = 1; i < n; i++) {
        const struct group_image *a = &list[i - 1], *b = &list[i];
        if (!image_same(a, b))
            continue;
        /* The later one in the file gets the message. */
        if (a->copy->place.line > b->copy->place.line) {
            const struct group_image *swap = a;
            a = b;
            b = swap;
        }
        dr_problems_add(c->problems, &b->copy->place, NULL,
                        "groups %s and %s both name %s on array %s, first at %u:%u", a->group->name,
                        b->group->name, a->copy->id, a->copy->array->name, a->copy->place.line,
                        a->copy->place.column);
    }
}

void
dr_conf_groups(struct dr_conf *c, const struct dr_yaml *node)
{
    if (!node || !dr_conf_is_map(c, node, "\"groups\""))
        return;
    if (node->n_pairs > GROUPS_MAX) {
        dr_conf_problem(c, node, NULL, "more than %d groups", GROUPS_MAX);
        return;
    }
    struct dr_group *list = dr_arena_alloc(c->arena, node->n_pairs, sizeof(*list));
    for (size_t i = 0; i < node->n_pairs; i++)
        group_read(c, &node->pairs[i], &list[i]);
    groups_refuse_shared(c, list, node->n_pairs);
    c->model->groups = list;
    c->model->n_groups = node->n_pairs;
}

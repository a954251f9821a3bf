#include "config/parts.h"

#include "base/str.h"

#include <string.h>

enum { SITES_MAX = 64, ENGINES_MAX = 2 * SITES_MAX };

struct engine_read {
    struct dr_conf_endpoint endpoint;
};

static const struct dr_conf_key engine_keys[] = {
    DR_CONF_ENDPOINT_KEYS(struct engine_read, endpoint, true)};

DR_CONF_TABLE(dr_conf_engine_table, "engines.NAME", engine_keys);

struct hosts_read {
    const char *label;
};

static const struct dr_conf_key hosts_keys[] = {
    DR_CONF_NEED(struct hosts_read, label, DR_CONF_NAME),
};

DR_CONF_TABLE(dr_conf_hosts_table, "sites.NAME.hosts", hosts_keys);

struct site_read {
    const struct dr_yaml *engine;
    const struct dr_yaml *hosts;
    const char **probe;
    size_t n_probe;
};

static const struct dr_conf_key site_keys[] = {
    DR_CONF_KEY(struct site_read, engine, DR_CONF_NODE),
    DR_CONF_KEY(struct site_read, hosts, DR_CONF_NODE),
    DR_CONF_MANY("probe", struct site_read, probe, DR_CONF_TEXTS),
};

DR_CONF_TABLE(dr_conf_site_table, "sites.NAME", site_keys);

static void
engine_read(struct dr_conf *c, const char *name, const char *what, const struct dr_yaml *node,
            struct dr_engine *out)
{
    struct engine_read read = {0};
    dr_conf_read(c, &dr_conf_engine_table, node, what, &read);
    dr_conf_endpoint(c, node, what, false, &read.endpoint);
    if (!read.endpoint.url && !read.endpoint.urls)
        dr_conf_problem(c, node, NULL, "%s needs \"url\"", what);
    *out = (struct dr_engine){.name = name, .at = read.endpoint.at, .place = node->place};
}

static void
engine_refuse_twin(struct dr_conf *c, const struct dr_engine *list, size_t n)
{
    const struct dr_engine *e = &list[n];
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < e->at.n_urls; a++)
            for (size_t b = 0; b < list[i].at.n_urls; b++)
                if (dr_streq(e->at.urls[a], list[i].at.urls[b])) {
                    dr_problems_add(c->problems, &e->place,
                                    "define it once under engines: and name it at both sites",
                                    "engine %s has the same address as engine %s at %u:%u", e->name,
                                    list[i].name, list[i].place.line, list[i].place.column);
                    return;
                }
}

/* Those of `engines:` and those written into a site, which are named after it. */
void
dr_conf_engines(struct dr_conf *c, const struct dr_yaml *engines, const struct dr_yaml *sites)
{
    size_t most = (engines ? engines->n_pairs : 0) + (sites ? sites->n_pairs : 0);
    struct dr_engine *list = dr_arena_alloc(c->arena, most, sizeof(*list));
    size_t n = 0;
    if (engines && engines->n_pairs > SITES_MAX)
        dr_conf_problem(c, engines, NULL, "more than %d engines", SITES_MAX);
    if (engines && dr_conf_is_map(c, engines, "\"engines\""))
        for (size_t i = 0; i < engines->n_pairs && n < SITES_MAX; i++) {
            const struct dr_yaml_pair *p = &engines->pairs[i];
            (void)dr_conf_check_name(c, &p->place, "an engine's name", p->key);
            engine_read(c, p->key, dr_arena_printf(c->arena, "engine %s", dr_conf_word(c, p->key)),
                        p->value, &list[n]);
            engine_refuse_twin(c, list, n++);
        }
    size_t n_named = n;
    for (size_t i = 0; sites && i < sites->n_pairs && n < ENGINES_MAX; i++) {
        const struct dr_yaml_pair *p = &sites->pairs[i];
        const struct dr_yaml *engine = dr_yaml_get(p->value, "engine");
        if (!engine || engine->kind != DR_YAML_MAP)
            continue;
        for (size_t k = 0; k < n_named; k++)
            if (dr_streq(list[k].name, p->key))
                dr_conf_problem(
                    c, engine, "write \"engine: NAME\" to use that one",
                    "site %s has an engine of its own, and %s is also one of \"engines\"",
                    dr_conf_word(c, p->key), dr_conf_word(c, p->key));
        engine_read(c, p->key,
                    dr_arena_printf(c->arena, "the engine of site %s", dr_conf_word(c, p->key)),
                    engine, &list[n]);
        engine_refuse_twin(c, list, n++);
    }
    c->model->engines = list;
    c->model->n_engines = n;
}

static const struct dr_engine *
engine_named(struct dr_conf *c, const struct dr_yaml *node, const char *what)
{
    const char *name;
    if (!dr_conf_name(c, node, dr_arena_printf(c->arena, "\"engine\" of %s", what), &name))
        return NULL;
    const struct dr_model *m = c->model;
    const char **names = dr_arena_alloc(c->arena, m->n_engines, sizeof(*names));
    for (size_t i = 0; i < m->n_engines; i++) {
        if (dr_streq(m->engines[i].name, name))
            return &m->engines[i];
        names[i] = m->engines[i].name;
    }
    dr_conf_missing(c, node, "engine", name, names, m->n_engines);
    return NULL;
}

/* "host:port", "[::1]:443" */
static bool
probe_is_sound(const char *probe)
{
    const char *colon = strrchr(probe, ':');
    if (!colon || colon == probe || strpbrk(probe, " /@"))
        return false;
    if (probe[0] == '[' ? colon[-1] != ']' : memchr(probe, ':', (size_t)(colon - probe)) != NULL)
        return false;
    size_t digits = strspn(colon + 1, "0123456789");
    return digits >= 1 && digits <= 5 && !colon[1 + digits] && strtoul(colon + 1, NULL, 10) >= 1 &&
           strtoul(colon + 1, NULL, 10) <= 65535;
}

static void
site_read(struct dr_conf *c, const struct dr_yaml_pair *pair, struct dr_site *site)
{
    const struct dr_yaml *node = pair->value;
    const char *what = dr_arena_printf(c->arena, "site %s", dr_conf_word(c, pair->key));
    struct site_read read = {0};
    dr_conf_read(c, &dr_conf_site_table, node, what, &read);

    if (read.engine && read.engine->kind == DR_YAML_MAP) {
        for (size_t i = 0; i < c->model->n_engines && !site->engine; i++)
            if (dr_streq(c->model->engines[i].name, pair->key))
                site->engine = &c->model->engines[i];
    } else if (read.engine) {
        site->engine = engine_named(c, read.engine, what);
    }
    if (read.hosts) {
        struct hosts_read hosts = {0};
        dr_conf_read(c, &dr_conf_hosts_table, read.hosts,
                     dr_arena_printf(c->arena, "\"hosts\" of %s", what), &hosts);
        site->host_label = hosts.label;
    }
    for (size_t i = 0; i < read.n_probe; i++)
        if (!probe_is_sound(read.probe[i]))
            dr_conf_problem(c, dr_yaml_get(node, "probe")->items[i], "write host:port",
                            "\"%s\" in \"probe\" of %s is no address and port",
                            dr_conf_word(c, read.probe[i]), what);
    site->probes = read.probe;
    site->n_probes = read.n_probe;
}

/* Sites that share an engine can only be told apart by their hosts. */
static void
sites_check_shared(struct dr_conf *c, const struct dr_site *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            const struct dr_site *a = &list[k], *b = &list[i];
            if (!a->engine || a->engine != b->engine)
                continue;
            const struct dr_site *lacks = !a->host_label ? a : !b->host_label ? b : NULL;
            if (lacks)
                dr_problems_add(
                    c->problems, &lacks->place, "add hosts: { label: ... }",
                    "sites %s and %s share engine %s, and nothing says which hosts are at %s",
                    a->name, b->name, a->engine->name, lacks->name);
            else if (dr_streq(a->host_label, b->host_label))
                dr_problems_add(c->problems, &b->place, NULL,
                                "sites %s and %s share engine %s and have the same host label %s",
                                a->name, b->name, a->engine->name, a->host_label);
        }
}

void
dr_conf_sites(struct dr_conf *c, const struct dr_yaml *node)
{
    if (!node || !dr_conf_is_map(c, node, "\"sites\""))
        return;
    if (!node->n_pairs) {
        dr_conf_problem(c, node, NULL, "\"sites\" is empty");
        return;
    }
    if (node->n_pairs > SITES_MAX) {
        dr_conf_problem(c, node, NULL, "more than %d sites", SITES_MAX);
        return;
    }
    struct dr_site *list = dr_arena_alloc(c->arena, node->n_pairs, sizeof(*list));
    for (size_t i = 0; i < node->n_pairs; i++) {
        const struct dr_yaml_pair *p = &node->pairs[i];
        (void)dr_conf_check_name(c, &p->place, "a site's name", p->key);
        list[i].name = p->key;
        list[i].place = p->place;
        site_read(c, p, &list[i]);
    }
    sites_check_shared(c, list, node->n_pairs);
    c->model->sites = list;
    c->model->n_sites = node->n_pairs;
}

const struct dr_site *
dr_conf_site_named(struct dr_conf *c, const struct dr_place *place, const char *name)
{
    const struct dr_model *m = c->model;
    const struct dr_site *site = dr_model_site(m, name);
    /* Without any site the file has a problem that was told already. */
    if (site || !m->n_sites)
        return site;
    const char **names = dr_arena_alloc(c->arena, m->n_sites, sizeof(*names));
    for (size_t i = 0; i < m->n_sites; i++)
        names[i] = m->sites[i].name;
    dr_conf_missing(c, &(struct dr_yaml){.place = *place}, "site", name, names, m->n_sites);
    return NULL;
}

const struct dr_site *
dr_conf_site(struct dr_conf *c, const struct dr_yaml *node, const char *label)
{
    const char *name;
    if (!dr_conf_name(c, node, label, &name))
        return NULL;
    return dr_conf_site_named(c, &node->place, name);
}

/* Configurations that are proposed, and ovirt-dr's file in our own form. All of it only looks. */
#include "library/internal.h"

#include "base/file.h"
#include "base/str.h"
#include "config/write.h"
#include "model/words.h"
#include "ready/propose.h"

/* ---- what all of them answer ----------------------------------------------------------------- */

static struct json_object *
generated(const char *yaml, const char *const *gaps, size_t n)
{
    struct json_object *o = dr_report_new(), *list = json_object_new_array();
    dr_json_set_str(o, "yaml", yaml);
    for (size_t i = 0; i < n; i++)
        (void)json_object_array_add(list, json_object_new_string(gaps[i]));
    dr_json_set(o, "gaps", list);
    dr_json_set_i64(o, "exit", 0);
    return o;
}

static void
comment(struct dr_str *out, unsigned indent, const char *text)
{
    dr_str_printf(out, "%*s# %s\n", (int)indent, "", text);
}

/* A proposal rests on both engines: half of one would look like gaps. */
static int
engine_read(const struct session *s, const struct dr_facts *facts, const char *site,
            const struct dr_inventory **ret, struct drstor_error **err)
{
    const struct dr_engine_facts *e = dr_facts_engine(facts, site);
    const struct dr_endpoint_facts *p = dr_facts_endpoint(
        facts, DR_ENDPOINT_ENGINE, dr_model_site(s->d->model, site)->engine->name);
    if (!e || !e->fresh) {
        int r = dr_fail(err, DRSTOR_E_UNREACHABLE, "the engine of %s cannot be read: %s", site,
                        p && p->error ? p->error : "it was not asked");
        dr_hint(err, "bring it back, or correct its configuration");
        return r;
    }
    *ret = &e->inventory;
    return DRSTOR_OK;
}

static int
mapping_between(struct session *s, struct dr_facts *facts, struct dr_map_case *c,
                struct dr_mapping *ret, const char ***ret_gaps, size_t *ret_n,
                struct drstor_error **err)
{
    *c = (struct dr_map_case){.model = s->d->model, .facts = facts};
    int r = dr_session_engines(s, facts, &c->from, &c->to, err);
    if (r == DRSTOR_OK)
        r = engine_read(s, facts, c->from, &c->here, err);
    if (r == DRSTOR_OK)
        r = engine_read(s, facts, c->to, &c->there, err);
    if (r == DRSTOR_OK)
        dr_propose_mapping(s->arena, c, ret, ret_gaps, ret_n);
    return r;
}

/* ---- a mapping ------------------------------------------------------------------------------- */

int
drstor_map_generate(struct drstor *d, char **ret_json, struct drstor_error **err)
{
    struct session s;
    struct dr_facts facts;
    struct dr_map_case c;
    struct dr_mapping m;
    const char **gaps = NULL;
    size_t n = 0;
    int r = dr_session_open(d, DR_STORE_READ, &s, err);
    if (r < 0)
        return r;
    r = mapping_between(&s, &facts, &c, &m, &gaps, &n, err);
    if (r == DRSTOR_OK) {
        dr_auto(dr_str_freep) struct dr_str out = {0};
        comment(&out, 0,
                dr_arena_printf(s.arena, "Mapping of VMs from %s to %s, proposed by drstor.",
                                c.from, c.to));
        comment(&out, 0, "Passwords of LUNs, and of ovirt-dr's engines, have to be added.");
        for (size_t i = 0; i < n; i++)
            comment(&out, 0, dr_arena_printf(s.arena, "gap: %s", gaps[i]));
        dr_config_write_mapping(&out, &m, 0);
        *ret_json = dr_document_text(generated(out.s, gaps, n));
    }
    dr_session_close(&s);
    return r;
}

int
drstor_map_import(const char *file, char **ret_json, struct drstor_error **err)
{
    struct dr_problems found = {0};
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    dr_auto(dr_freep) char *yaml = NULL;
    int r = dr_config_import(file, &yaml, &found, &why);
    if (r == DRSTOR_OK) {
        *ret_json = dr_document_text(generated(yaml, NULL, 0));
    } else if (found.n) {
        struct json_object *o = dr_report_new();
        dr_json_set_str(o, "file", file);
        dr_json_set(o, "problems", dr_problems_json(&found));
        dr_json_set_i64(o, "exit", 2);
        *ret_json = dr_document_text(o);
        r = DRSTOR_OK;
    } else {
        dr_error_move(err, &why);
    }
    dr_problems_clear(&found);
    return r;
}

/* ---- a whole configuration ------------------------------------------------------------------- */

/* Every group of ARRAY: what it lists, then what it shows of them. */
static int
discover(struct session *s, const struct dr_array *array, struct dr_found_array *ret,
         struct drstor_error **err)
{
    struct dr_reply listed, shown;
    const uint64_t deadline =
        dr_now_ns(s->d->env) + (uint64_t)s->d->model->observe_timeout_s * DR_S;
    struct dr_call call = {.operation = DR_ARRAY_OP_DISCOVER, .deadline_ns = deadline};
    int r = dr_endpoints_call(s->ends, array, &call, &s->d->cancel, s->arena, &listed, err);
    if (r < 0)
        return r;
    call = (struct dr_call){.operation = DR_ARRAY_OP_OBSERVE, .deadline_ns = deadline};
    for (size_t i = 0; i < listed.n_views; i++)
        dr_arena_push(s->arena, call.groups, call.n_groups) = listed.views[i].id;
    *ret = (struct dr_found_array){.array = array};
    if (!call.n_groups)
        return DRSTOR_OK;
    r = dr_endpoints_call(s->ends, array, &call, &s->d->cancel, s->arena, &shown, err);
    if (r == DRSTOR_OK)
        *ret = (struct dr_found_array){array, shown.views, shown.n_views};
    return r;
}

/* The host groups that see its volumes, each once. */
static size_t
host_groups(struct session *s, const struct dr_copy_view *v, const char ***ret)
{
    const char **list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < v->n_members; i++)
        for (size_t k = 0; k < v->members[i].n_paths; k++) {
            const char *group = v->members[i].paths[k].host_group;
            bool known = !group;
            for (size_t j = 0; j < n && !known; j++)
                known = dr_streq(list[j], group);
            if (!known)
                dr_arena_push(s->arena, list, n) = group;
        }
    *ret = list;
    return n;
}

static void
write_copy(struct session *s, struct dr_str *out, const struct dr_proposed_copy *c)
{
    const char **groups;
    size_t n = host_groups(s, c->view, &groups);
    dr_str_printf(out, "      %s: { array: ", c->array->site->name);
    dr_yaml_quote(out, c->array->name);
    dr_str_add(out, ", id: ");
    dr_yaml_quote(out, c->view->id);
    for (size_t i = 0; i < n; i++) {
        dr_str_add(out, i ? ", " : ", expose: [");
        dr_yaml_quote(out, groups[i]);
    }
    dr_str_add(out, n ? "] }\n" : " } # expose: [ the host groups there ]\n");
}

static void
write_groups(struct session *s, struct dr_str *out, const struct dr_proposal *p)
{
    dr_str_add(out, p->n_groups ? "groups:\n" : "groups: {}\n");
    for (size_t i = 0; i < p->n_groups; i++) {
        const struct dr_proposed_group *g = &p->groups[i];
        dr_str_printf(out, "  %s:\n", g->name);
        for (size_t k = 0; k < g->n_notes; k++)
            comment(out, 4, g->notes[k]);
        dr_str_printf(out, "    mode: %s\n", dr_name(&dr_mode_names, (int)g->mode));
        if (g->topology == DR_TOPOLOGY_ACTIVE_ACTIVE)
            dr_str_printf(out, "    topology: %s\n", dr_name(&dr_topology_names, (int)g->topology));
        else
            dr_str_printf(out, "    preferred: %s\n", g->copies[0].array->site->name);
        dr_str_add(out, "    copies:\n");
        write_copy(s, out, &g->copies[0]);
        write_copy(s, out, &g->copies[1]);
    }
}

/* The file as it is, which has no groups: secrets stay references, comments stay. */
static int
skeleton(struct session *s, struct dr_str *out, bool *ret_has_rhv, struct drstor_error **err)
{
    const struct dr_model *m = s->d->model;
    dr_auto(dr_freep) char *text = NULL;
    size_t n = 0;
    struct dr_problems found = {0};
    int r = dr_file_read(m->file, DR_YAML_BYTES_MAX, &text, &n, err);
    if (r < 0)
        return r;
    const struct dr_yaml *root = dr_yaml_parse(s->arena, text, n, m->file, &found);
    *ret_has_rhv = dr_yaml_get(root, "rhv") != NULL;
    if (!root || dr_yaml_get(root, "groups")) {
        r = dr_fail(err, DRSTOR_E_INVALID, "%s has groups already", m->file);
        dr_hint(err, "begin with sites, engines and arrays alone: take \"groups\" out of a copy");
    }
    dr_problems_clear(&found);
    dr_str_add(out, text);
    if (n && text[n - 1] != '\n')
        dr_str_add(out, "\n");
    return r;
}

static int
find_groups(struct session *s, const struct dr_facts *facts, struct dr_proposal *ret,
            struct drstor_error **err)
{
    const struct dr_model *m = s->d->model;
    struct dr_found_array *arrays = dr_arena_alloc(s->arena, m->n_arrays + 1, sizeof(*arrays));
    int r = m->n_arrays ? DRSTOR_OK : dr_fail(err, DRSTOR_E_INVALID, "%s names no arrays", m->file);
    for (size_t i = 0; r == DRSTOR_OK && i < m->n_arrays; i++)
        r = discover(s, &m->arrays[i], &arrays[i], err);
    if (r == DRSTOR_OK)
        dr_propose_groups(s->arena, m, facts, arrays, m->n_arrays, ret);
    return r;
}

int
drstor_config_generate(struct drstor *d, char **ret_json, struct drstor_error **err)
{
    struct session s;
    struct dr_facts facts;
    struct dr_map_case c;
    struct dr_mapping m;
    struct dr_proposal p;
    const char **gaps = NULL;
    size_t n = 0;
    bool has_rhv = false;
    dr_auto(dr_str_freep) struct dr_str out = {0};
    int r = dr_session_open(d, DR_STORE_READ, &s, err);
    if (r < 0)
        return r;
    r = skeleton(&s, &out, &has_rhv, err);
    if (r == DRSTOR_OK)
        r = mapping_between(&s, &facts, &c, &m, &gaps, &n, err);
    if (r == DRSTOR_OK)
        r = find_groups(&s, &facts, &p, err);
    if (r == DRSTOR_OK) {
        comment(&out, 0, "Proposed by drstor from what arrays and engines show.");
        for (size_t i = 0; i < p.n_gaps; i++)
            comment(&out, 0, dr_arena_printf(s.arena, "gap: %s", p.gaps[i]));
        write_groups(&s, &out, &p);
        for (size_t i = 0; i < n; i++)
            dr_arena_push(s.arena, p.gaps, p.n_gaps) = gaps[i];
        for (size_t i = 0; !has_rhv && i < n; i++)
            comment(&out, 0, dr_arena_printf(s.arena, "gap: %s", gaps[i]));
        if (!has_rhv) {
            dr_str_add(&out, "rhv:\n  mapping:\n");
            dr_config_write_mapping(&out, &m, 4);
        }
        *ret_json = dr_document_text(generated(out.s, p.gaps, p.n_gaps));
    }
    dr_session_close(&s);
    return r;
}

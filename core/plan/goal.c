#include "plan/goal.h"

#include "base/str.h"
#include "base/timetext.h"

#include <string.h>

static const char *const verbs[] = {"unknown", "promote"};
const struct dr_names dr_verb_names = {"verb", verbs, DR_COUNT(verbs)};
static const char *const declared[] = {"unknown", "site-lost", "outage", "partition"};
const struct dr_names dr_declared_names = {"declaration", declared, DR_COUNT(declared)};

static const struct dr_field declaration_fields[] = {
    DR_ENUM(struct dr_declaration, kind, dr_declared_names), DR_STR(struct dr_declaration, site)};
static DR_TYPE(declaration_type, struct dr_declaration, "declaration", declaration_fields);

static const struct dr_field accept_fields[] = {DR_I64(struct dr_accept_loss, seconds),
                                                DR_I64(struct dr_accept_loss, bytes),
                                                DR_BOOL(struct dr_accept_loss, unknown)};
DR_TYPE(dr_accept_loss_type, struct dr_accept_loss, "accept_loss", accept_fields);

static const struct dr_field goal_fields[] = {
    DR_ENUM(struct dr_goal, verb, dr_verb_names),
    DR_STRS(struct dr_goal, groups),
    DR_STR(struct dr_goal, to),
    DR_BOOL(struct dr_goal, storage_only),
    DR_BOOL(struct dr_goal, unplanned),
    DR_LIST(struct dr_goal, declare, declaration_type),
    DR_STRUCT(struct dr_goal, accept_loss, dr_accept_loss_type),
    DR_STR(struct dr_goal, waive_fence),
    DR_STR(struct dr_goal, reason)};
DR_TYPE(dr_goal_type, struct dr_goal, "goal", goal_fields);

static int
unknown_site(const struct dr_model *m, const char *name, struct drstor_error **err)
{
    const char *names[64];
    size_t n = 0;
    for (; n < m->n_sites && n < DR_COUNT(names); n++)
        names[n] = m->sites[n].name;
    const char *near = dr_nearest(name, names, n);
    int r = dr_fail(err, DRSTOR_E_INVALID, "there is no site \"%s\"", name);
    if (near)
        dr_hint(err, "did you mean \"%s\"?", near);
    return r;
}

static int
unknown_group(const struct dr_model *m, const char *name, struct drstor_error **err)
{
    const char *names[512];
    size_t n = 0;
    for (; n < m->n_groups && n < DR_COUNT(names); n++)
        names[n] = m->groups[n].name;
    const char *near = dr_nearest(name, names, n);
    int r = dr_fail(err, DRSTOR_E_INVALID, "there is no group \"%s\"", name);
    if (near)
        dr_hint(err, "did you mean \"%s\"?", near);
    return r;
}

static int
check_declarations(const struct dr_goal *g, const struct dr_model *m, struct drstor_error **err)
{
    for (size_t i = 0; i < g->n_declare; i++) {
        const char *site = g->declare[i].site;
        if (!dr_model_site(m, site))
            return unknown_site(m, site, err);
        if (dr_streq(site, g->to))
            return dr_fail(err, DRSTOR_E_INVALID, "--declare names %s, the very site to promote to",
                           site);
    }
    if ((g->n_declare || g->waive_fence) && !g->unplanned)
        return dr_fail(err, DRSTOR_E_INVALID, "%s only goes with --unplanned",
                       g->n_declare ? "--declare" : "--waive-fence");
    if (g->n_declare && (!g->reason || !*g->reason))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "--declare needs --reason TEXT: it is kept with the run");
    return DRSTOR_OK;
}

int
dr_goal_check(const struct dr_goal *g, const struct dr_model *m, struct drstor_error **err)
{
    if (g->verb != DR_VERB_PROMOTE)
        return dr_fail(err, DRSTOR_E_INVALID, "this drstor cannot plan that verb yet");
    if (!g->n_groups)
        return dr_fail(err, DRSTOR_E_INVALID, "no group given; name groups, or use --all");
    for (size_t i = 0; i < g->n_groups; i++) {
        if (!dr_model_group(m, g->groups[i]))
            return unknown_group(m, g->groups[i], err);
        for (size_t j = 0; j < i; j++)
            if (dr_streq(g->groups[i], g->groups[j]))
                return dr_fail(err, DRSTOR_E_INVALID, "group %s is named twice", g->groups[i]);
    }
    if (!g->to)
        return dr_fail(err, DRSTOR_E_INVALID, "promote needs --to SITE");
    if (!dr_model_site(m, g->to))
        return unknown_site(m, g->to, err);
    for (size_t i = 0; i < g->n_groups; i++)
        if (!dr_group_copy(dr_model_group(m, g->groups[i]), g->to))
            return dr_fail(err, DRSTOR_E_INVALID, "group %s has no copy at %s", g->groups[i],
                           g->to);
    return check_declarations(g, m, err);
}

int
dr_declaration_parse(struct dr_arena *a, const char *text, struct dr_declaration *ret,
                     struct drstor_error **err)
{
    const char *colon = strchr(text, ':');
    char *word = colon ? dr_arena_strn(a, text, (size_t)(colon - text)) : NULL;
    int kind = word ? dr_name_value(&dr_declared_names, word) : -1;
    if (kind <= 0 || !colon[1])
        return dr_fail(
            err, DRSTOR_E_INVALID,
            "\"%s\" is no declaration; write site-lost:SITE, outage:SITE or partition:SITE", text);
    ret->kind = (enum dr_declared)kind;
    ret->site = dr_arena_str(a, colon + 1);
    return DRSTOR_OK;
}

int
dr_accept_loss_parse(const char *text, struct dr_accept_loss *ret, struct drstor_error **err)
{
    if (strcmp(text, "unknown") == 0)
        ret->unknown = true;
    else if (!dr_duration_parse(text, &ret->seconds) && !dr_bytes_parse(text, &ret->bytes))
        return dr_fail(
            err, DRSTOR_E_INVALID,
            "\"%s\" is no bound on loss; write a duration (30s, 5m), a size (64MiB) or unknown",
            text);
    return DRSTOR_OK;
}

enum dr_operation
dr_goal_operation(const struct dr_goal *g)
{
    return g->unplanned ? DR_OPERATION_PROMOTE : DR_OPERATION_SWITCHOVER;
}

enum dr_declared
dr_goal_declared(const struct dr_goal *g, const char *site)
{
    for (size_t i = 0; i < g->n_declare; i++)
        if (dr_streq(g->declare[i].site, site))
            return g->declare[i].kind;
    return DR_DECLARED_UNKNOWN;
}

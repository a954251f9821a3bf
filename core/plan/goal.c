#include "plan/goal.h"

#include "base/str.h"
#include "base/timetext.h"

#include <string.h>

static const char *const verbs[] = {"unknown",     "promote",       "failback",    "demote",
                                    "reprotect",   "suspend",       "resume",      "sync",
                                    "drill-start", "drill-promote", "drill-clean", "guard"};
const struct dr_names dr_verb_names = {"verb", verbs, DR_COUNT(verbs)};
static const char *const declared[] = {"unknown", "site-lost", "outage", "partition", "restarted"};
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
    DR_STR(struct dr_goal, selection),
    DR_STR(struct dr_goal, to),
    DR_STR(struct dr_goal, at),
    DR_STR(struct dr_goal, point),
    DR_I64(struct dr_goal, within_s),
    DR_BOOL(struct dr_goal, storage_only),
    DR_BOOL(struct dr_goal, unplanned),
    DR_LIST(struct dr_goal, declare, declaration_type),
    DR_STRUCT(struct dr_goal, accept_loss, dr_accept_loss_type),
    DR_STR(struct dr_goal, waive_fence),
    DR_STR(struct dr_goal, waive_snapshot),
    DR_STR(struct dr_goal, reason),
    DR_STR(struct dr_goal, carries),
    DR_BOOL(struct dr_goal, hurry)};
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

/* The weakest of all proofs: who gives it has to say why, and of which site. */
static int
check_waiver(const struct dr_goal *g, struct drstor_error **err)
{
    if (!g->waive_fence)
        return DRSTOR_OK;
    if (!*g->waive_fence)
        return dr_fail(err, DRSTOR_E_INVALID,
                       "--waive-fence needs a reason: it is kept with the run");
    for (size_t i = 0; i < g->n_declare; i++)
        if (g->declare[i].kind == DR_DECLARED_SITE_LOST || g->declare[i].kind == DR_DECLARED_OUTAGE)
            return DRSTOR_OK;
    int r = dr_fail(err, DRSTOR_E_INVALID,
                    "--waive-fence needs the name of the site whose hosts are taken to be gone");
    dr_hint(err, "add --declare site-lost:SITE, or outage:SITE where only the hosts are gone");
    return r;
}

/* What is said of hosts goes with reprotect, what is said of a site with an unplanned promote. */
static int
check_kind(const struct dr_goal *g, const struct dr_declaration *d, struct drstor_error **err)
{
    bool hosts = d->kind == DR_DECLARED_RESTARTED;
    if (hosts == (g->verb == DR_VERB_REPROTECT))
        return DRSTOR_OK;
    return dr_fail(err, DRSTOR_E_INVALID, "--declare %s does not go with %s",
                   dr_name(&dr_declared_names, (int)d->kind),
                   dr_name(&dr_verb_names, (int)g->verb));
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
        int r = check_kind(g, &g->declare[i], err);
        if (r < 0)
            return r;
    }
    bool flip = g->verb != DR_VERB_REPROTECT;
    if (flip && (g->n_declare || g->waive_fence) && !g->unplanned && g->within_s < 0)
        return dr_fail(err, DRSTOR_E_INVALID, "%s only goes with --unplanned or --within",
                       g->n_declare ? "--declare" : "--waive-fence");
    if (g->n_declare && !g->waive_fence && (!g->reason || !*g->reason))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "--declare needs --reason TEXT: it is kept with the run");
    return check_waiver(g, err);
}

/* Which words go with which verb: a word that would be ignored is a slip. */
static int
check_words(const struct dr_goal *g, struct drstor_error **err)
{
    const char *verb = dr_name(&dr_verb_names, (int)g->verb);
    if (g->verb == DR_VERB_GUARD)
        return dr_fail(err, DRSTOR_E_INVALID,
                       "what a guard does follows from what it sees; it is not asked for");
    bool flip = g->verb == DR_VERB_PROMOTE || g->verb == DR_VERB_FAILBACK;
    bool to = g->verb == DR_VERB_PROMOTE || g->verb == DR_VERB_DRILL_START;
    const struct {
        bool given, fits;
        const char *flag;
    } words[] = {
        {g->to != NULL, to, "--to"},
        {g->at != NULL, g->verb == DR_VERB_DEMOTE, "--at"},
        {g->point != NULL, to, "--point"},
        {g->within_s >= 0, g->verb == DR_VERB_PROMOTE, "--within"},
        {g->unplanned, g->verb == DR_VERB_PROMOTE, "--unplanned"},
        {g->storage_only,
         flip || g->verb == DR_VERB_DEMOTE || g->verb == DR_VERB_REPROTECT ||
             g->verb == DR_VERB_DRILL_START || g->verb == DR_VERB_DRILL_PROMOTE,
         "--storage-only"},
        {g->n_declare > 0, g->verb == DR_VERB_PROMOTE || g->verb == DR_VERB_REPROTECT, "--declare"},
        {g->waive_fence != NULL, g->verb == DR_VERB_PROMOTE, "--waive-fence"},
        {g->waive_snapshot != NULL, g->verb == DR_VERB_REPROTECT, "--waive-snapshot"},
    };
    for (size_t i = 0; i < DR_COUNT(words); i++)
        if (words[i].given && !words[i].fits)
            return dr_fail(err, DRSTOR_E_INVALID, "%s does not go with %s", words[i].flag, verb);
    if (g->verb == DR_VERB_PROMOTE && !g->to)
        return dr_fail(err, DRSTOR_E_INVALID, "promote needs --to SITE");
    if (g->verb == DR_VERB_DEMOTE && !g->at)
        return dr_fail(err, DRSTOR_E_INVALID, "demote needs --at SITE");
    if (g->within_s >= 0 && g->unplanned)
        return dr_fail(err, DRSTOR_E_INVALID,
                       "--within begins planned and ends unplanned; it does not go with "
                       "--unplanned");
    if (g->point && g->verb == DR_VERB_PROMOTE && !g->unplanned) {
        int r = dr_fail(err, DRSTOR_E_INVALID,
                        "--point goes back in time, and a planned promote loses nothing: it only "
                        "goes with --unplanned");
        dr_hint(err, "to see what is in it first: drill start --point %s", g->point);
        return r;
    }
    return DRSTOR_OK;
}

int
dr_goal_check(const struct dr_goal *g, const struct dr_model *m, struct drstor_error **err)
{
    if (!g->n_groups)
        return dr_fail(err, DRSTOR_E_INVALID, "no group given; name groups, or use --all");
    for (size_t i = 0; i < g->n_groups; i++) {
        if (!dr_model_group(m, g->groups[i]))
            return unknown_group(m, g->groups[i], err);
        for (size_t j = 0; j < i; j++)
            if (dr_streq(g->groups[i], g->groups[j]))
                return dr_fail(err, DRSTOR_E_INVALID, "group %s is named twice", g->groups[i]);
    }
    int r = check_words(g, err);
    if (r < 0)
        return r;
    const char *site = g->to ? g->to : g->at;
    if (site && !dr_model_site(m, site))
        return unknown_site(m, site, err);
    for (size_t i = 0; i < g->n_groups; i++) {
        const struct dr_group *x = dr_model_group(m, g->groups[i]);
        if (site && !dr_group_copy(x, site))
            return dr_fail(err, DRSTOR_E_INVALID, "group %s has no copy at %s", g->groups[i], site);
        if (g->verb == DR_VERB_FAILBACK && !x->preferred)
            return dr_fail(err, DRSTOR_E_INVALID,
                           "group %s has no preferred site to fail back to; use promote --to SITE",
                           x->name);
    }
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
            "\"%s\" is no declaration; write site-lost:SITE, outage:SITE, partition:SITE or "
            "restarted:SITE",
            text);
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

static const char *
flips_to(const struct dr_goal *g, const struct dr_group *group)
{
    if (g->verb == DR_VERB_FAILBACK)
        return group->preferred ? group->preferred->name : NULL;
    return g->verb == DR_VERB_PROMOTE ? g->to : NULL;
}

enum dr_operation
dr_goal_operation(const struct dr_goal *g, const struct dr_group *group,
                  const struct dr_record *record)
{
    switch (g->verb) {
    case DR_VERB_PROMOTE:
    case DR_VERB_FAILBACK:
        if (g->unplanned && group->topology == DR_TOPOLOGY_ACTIVE_ACTIVE)
            return DR_OPERATION_SURVIVOR;
        if (record && record->primary && dr_streq(record->primary, flips_to(g, group)))
            return DR_OPERATION_SERVE;
        return g->unplanned ? DR_OPERATION_PROMOTE : DR_OPERATION_SWITCHOVER;
    case DR_VERB_DEMOTE:
        return DR_OPERATION_DEMOTE;
    case DR_VERB_REPROTECT:
        return DR_OPERATION_REPROTECT;
    case DR_VERB_SUSPEND:
        return DR_OPERATION_SUSPEND;
    case DR_VERB_RESUME:
        return DR_OPERATION_RESUME;
    case DR_VERB_SYNC:
        return DR_OPERATION_SYNC;
    case DR_VERB_DRILL_START:
        return DR_OPERATION_DRILL_START;
    case DR_VERB_DRILL_PROMOTE:
        return DR_OPERATION_DRILL_PROMOTE;
    case DR_VERB_DRILL_CLEAN:
        return DR_OPERATION_DRILL_CLEAN;
    case DR_VERB_GUARD:
        return DR_OPERATION_GUARD;
    case DR_VERB_UNKNOWN:
        break;
    }
    return DR_OPERATION_UNKNOWN;
}

/* Two copies are handled first: of more, the first that is not the given one. */
static const struct dr_copy *
other_than(const struct dr_group *group, const struct dr_copy *copy)
{
    for (size_t i = 0; copy && i < group->n_copies; i++)
        if (&group->copies[i] != copy)
            return &group->copies[i];
    return NULL;
}

void
dr_goal_copies(const struct dr_goal *g, const struct dr_group *group,
               const struct dr_record *record, const struct dr_copy **ret_old,
               const struct dr_copy **ret_target)
{
    const struct dr_copy *primary =
        record && record->primary ? dr_group_copy(group, record->primary) : NULL;
    const char *to = flips_to(g, group);
    switch (g->verb) {
    case DR_VERB_PROMOTE:
    case DR_VERB_FAILBACK:
        *ret_target = to ? dr_group_copy(group, to) : NULL;
        *ret_old = primary == *ret_target ? other_than(group, primary) : primary;
        if (!record && g->unplanned)
            *ret_old = other_than(group, *ret_target);
        return;
    case DR_VERB_DEMOTE:
        *ret_old = dr_group_copy(group, g->at);
        *ret_target = other_than(group, *ret_old);
        return;
    case DR_VERB_REPROTECT:
        *ret_target = primary;
        *ret_old = other_than(group, primary);
        return;
    case DR_VERB_GUARD:
        *ret_target = primary;
        *ret_old = dr_group_copy(group, g->at);
        return;
    case DR_VERB_DRILL_START:
    case DR_VERB_DRILL_PROMOTE:
    case DR_VERB_DRILL_CLEAN:
        *ret_old = primary;
        *ret_target = record && record->drill.site ? dr_group_copy(group, record->drill.site)
                      : g->to                      ? dr_group_copy(group, g->to)
                                                   : other_than(group, primary);
        return;
    case DR_VERB_SUSPEND:
    case DR_VERB_RESUME:
    case DR_VERB_SYNC:
        *ret_old = primary;
        *ret_target = other_than(group, primary);
        return;
    case DR_VERB_UNKNOWN:
        break;
    }
    *ret_old = *ret_target = NULL;
}

enum dr_declared
dr_goal_declared(const struct dr_goal *g, const char *site)
{
    for (size_t i = 0; i < g->n_declare; i++)
        if (dr_streq(g->declare[i].site, site))
            return g->declare[i].kind;
    return DR_DECLARED_UNKNOWN;
}

#include "library/internal.h"

#include "base/str.h"
#include "base/timetext.h"

#include <string.h>

static int
strings(struct dr_arena *a, struct json_object *doc, const char *key, const char ***ret,
        size_t *ret_n, struct drstor_error **err)
{
    struct json_object *list = dr_json_get(doc, key);
    if (list && !json_object_is_type(list, json_type_array))
        return dr_fail(err, DRSTOR_E_INVALID, "goal.%s is not a list", key);
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *o = json_object_array_get_idx(list, i);
        if (!json_object_is_type(o, json_type_string))
            return dr_fail(err, DRSTOR_E_INVALID, "goal.%s is not a list of texts", key);
        dr_arena_push(a, *ret, *ret_n) = dr_arena_str(a, json_object_get_string(o));
    }
    return DRSTOR_OK;
}

static int
yes_or_no(struct json_object *doc, const char *key, bool *ret, struct drstor_error **err)
{
    if (dr_json_get(doc, key) && !dr_json_bool(doc, key, ret))
        return dr_fail(err, DRSTOR_E_INVALID, "goal.%s is neither true nor false", key);
    return DRSTOR_OK;
}

static bool
matches(const char *const *patterns, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (dr_glob(patterns[i], name))
            return true;
    return false;
}

/* The same words as flags, for a command that a person shall type. */
static const char *
selection(struct dr_arena *a, const char *const *only, size_t n_only, const char *const *except,
          size_t n_except)
{
    dr_auto(dr_str_freep) struct dr_str s = {0};
    dr_str_add(&s, "--all");
    for (size_t i = 0; i < n_only + n_except; i++)
        dr_str_printf(&s, " %s '%s'", i < n_only ? "--only" : "--except",
                      i < n_only ? only[i] : except[i - n_only]);
    return dr_arena_str(a, s.s);
}

/* --all, --only and --except into names. A pattern that fits nothing is a slip, not an empty
 * set. */
static int
select_groups(struct dr_arena *a, const struct dr_model *m, struct json_object *doc,
              struct dr_goal *g, struct drstor_error **err)
{
    const char **only = NULL, **except = NULL;
    size_t n_only = 0, n_except = 0;
    bool all = false;
    int r = yes_or_no(doc, "all", &all, err);
    if (r == DRSTOR_OK)
        r = strings(a, doc, "groups", &g->groups, &g->n_groups, err);
    if (r == DRSTOR_OK)
        r = strings(a, doc, "only", &only, &n_only, err);
    if (r == DRSTOR_OK)
        r = strings(a, doc, "except", &except, &n_except, err);
    if (r < 0)
        return r;
    if (all && g->n_groups)
        return dr_fail(err, DRSTOR_E_INVALID, "either --all or names of groups, not both");
    if (!all && (n_only || n_except) && !g->n_groups)
        all = true;
    if (!all)
        return DRSTOR_OK;
    for (size_t p = 0; p < n_only + n_except; p++) {
        const char *pattern = p < n_only ? only[p] : except[p - n_only];
        bool hit = false;
        for (size_t i = 0; i < m->n_groups; i++)
            hit |= dr_glob(pattern, m->groups[i].name);
        if (!hit)
            return dr_fail(err, DRSTOR_E_INVALID, "no group is called \"%s\"", pattern);
    }
    for (size_t i = 0; i < m->n_groups; i++) {
        const struct dr_group *x = &m->groups[i];
        if ((n_only && !matches(only, n_only, x->name)) || matches(except, n_except, x->name))
            continue;
        /* "everything that can go there" */
        const char *site = g->to ? g->to : g->at;
        if ((site && !dr_group_copy(x, site)) || (g->verb == DR_VERB_FAILBACK && !x->preferred))
            continue;
        dr_arena_push(a, g->groups, g->n_groups) = x->name;
    }
    if (!g->n_groups)
        return dr_fail(err, DRSTOR_E_INVALID,
                       g->verb == DR_VERB_FAILBACK
                           ? "no group of these has a preferred site to fail back to"
                           : "no group is left to act on");
    g->selection = selection(a, only, n_only, except, n_except);
    return DRSTOR_OK;
}

int
dr_goal_consent(struct dr_arena *a, const struct drstor_consent *consent, struct dr_goal *g,
                struct drstor_error **err)
{
    dr_map_clear(&dr_accept_loss_type, &g->accept_loss);
    if (!consent)
        return DRSTOR_OK;
    struct drstor_consent c = DRSTOR_CONSENT_INIT;
    memcpy(&c, consent, consent->size < sizeof(c) ? consent->size : sizeof(c));
    if (c.accept_loss) {
        int r = dr_accept_loss_parse(c.accept_loss, &g->accept_loss, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < c.n_declare; i++) {
        struct dr_declaration d;
        int r = dr_declaration_parse(a, c.declare[i], &d, err);
        if (r < 0)
            return r;
        dr_arena_push(a, g->declare, g->n_declare) = d;
    }
    g->waive_fence = dr_arena_str(a, c.waive_fence);
    g->waive_snapshot = dr_arena_str(a, c.waive_snapshot);
    g->reason = dr_arena_str(a, c.reason);
    return DRSTOR_OK;
}

/* ---- the words of a goal --------------------------------------------------------------------- */

static const char *const members[] = {"verb",     "groups", "all",       "only",
                                      "except",   "to",     "at",        "point",
                                      "within_s", "within", "unplanned", "storage_only"};
static const char *const said_by_a_person[] = {"accept_loss", "declare",        "waive_fence",
                                               "reason",      "waive_snapshot", "yes"};

static bool
among(const char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(words[i], word))
            return true;
    return false;
}

/* A word that would be ignored is a slip, and a slip must not become another act. */
static int
check_members(struct json_object *doc, struct drstor_error **err)
{
    if (!json_object_is_type(doc, json_type_object))
        return dr_fail(err, DRSTOR_E_INVALID, "the goal is not a JSON object");
    json_object_object_foreach(doc, key, value)
    {
        (void)value;
        if (among(members, DR_COUNT(members), key))
            continue;
        if (among(said_by_a_person, DR_COUNT(said_by_a_person), key)) {
            int r = dr_fail(err, DRSTOR_E_INVALID, "\"%s\" is no member of a goal", key);
            dr_hint(err, "what a person has to say goes into the consent, beside the goal");
            return r;
        }
        const char *near = dr_nearest(key, members, DR_COUNT(members));
        int r = dr_fail(err, DRSTOR_E_INVALID, "\"%s\" is no member of a goal", key);
        if (near)
            dr_hint(err, "did you mean \"%s\"?", near);
        return r;
    }
    return DRSTOR_OK;
}

/* Absent and null: NULL. */
static int
word(struct dr_arena *a, struct json_object *doc, const char *key, const char **ret,
     struct drstor_error **err)
{
    struct json_object *v = dr_json_get(doc, key);
    if (v && (!json_object_is_type(v, json_type_string) || !*json_object_get_string(v)))
        return dr_fail(err, DRSTOR_E_INVALID, "goal.%s is not a text", key);
    *ret = v ? dr_arena_str(a, json_object_get_string(v)) : NULL;
    return DRSTOR_OK;
}

static int
within(struct json_object *doc, int64_t *ret_s, struct drstor_error **err)
{
    struct json_object *s = dr_json_get(doc, "within_s"), *text = dr_json_get(doc, "within");
    if (s && text)
        return dr_fail(err, DRSTOR_E_INVALID, "goal.within and goal.within_s are one thing");
    if (s && (!dr_json_i64(doc, "within_s", ret_s) || *ret_s < 1))
        return dr_fail(err, DRSTOR_E_INVALID, "goal.within_s is not a number of seconds");
    if (text && (!json_object_is_type(text, json_type_string) ||
                 !dr_duration_parse(json_object_get_string(text), ret_s) || *ret_s < 1))
        return dr_fail(err, DRSTOR_E_INVALID, "goal.within is not a duration such as \"10m\"");
    return DRSTOR_OK;
}

static int
verb_of(struct json_object *doc, enum dr_verb *ret, struct drstor_error **err)
{
    const char *verb = dr_json_str(doc, "verb");
    int v = verb ? dr_name_value(&dr_verb_names, verb) : -1;
    if (v > 0) {
        *ret = (enum dr_verb)v;
        return DRSTOR_OK;
    }
    const char *near = verb ? dr_nearest(verb, dr_verb_names.names + 1, dr_verb_names.n - 1) : NULL;
    int r = dr_fail(err, verb ? DRSTOR_E_UNSUPPORTED : DRSTOR_E_INVALID,
                    "this drstor cannot plan \"%s\"", verb ? verb : "");
    if (near)
        dr_hint(err, "did you mean \"%s\"?", near);
    return r;
}

int
dr_goal_read(struct dr_arena *a, const struct dr_model *m, const char *text,
             const struct drstor_consent *consent, struct dr_goal *ret, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    int r = dr_json_parse(text, strlen(text), &dr_json_small, &doc, err);
    if (r < 0)
        return dr_context(err, DRSTOR_E_INVALID, "the goal");
    dr_map_clear(&dr_goal_type, ret);
    r = check_members(doc, err);
    if (r == DRSTOR_OK)
        r = verb_of(doc, &ret->verb, err);
    if (r == DRSTOR_OK)
        r = word(a, doc, "to", &ret->to, err);
    if (r == DRSTOR_OK)
        r = word(a, doc, "at", &ret->at, err);
    if (r == DRSTOR_OK)
        r = word(a, doc, "point", &ret->point, err);
    if (r == DRSTOR_OK)
        r = within(doc, &ret->within_s, err);
    if (r == DRSTOR_OK)
        r = yes_or_no(doc, "unplanned", &ret->unplanned, err);
    if (r == DRSTOR_OK)
        r = yes_or_no(doc, "storage_only", &ret->storage_only, err);
    if (r == DRSTOR_OK)
        r = dr_goal_consent(a, consent, ret, err);
    if (r == DRSTOR_OK)
        r = select_groups(a, m, doc, ret, err);
    return r < 0 ? r : dr_goal_check(ret, m, err);
}

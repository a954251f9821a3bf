/* The first record of a group, from what both sites show. */
#include "library/internal.h"

#include "base/str.h"

static int
adopt_one(struct session *s, const struct dr_group *g, const struct dr_copy *primary,
          const struct dr_facts *facts, bool *ret_already, struct drstor_error **err)
{
    struct dr_lock lock;
    struct dr_record rec, before;
    const struct dr_actor who = dr_actor_self(s->d->env, s->arena, s->d->origin);
    int r = dr_store_lock(s->store, s->arena, g->name, &who, NULL, "adopt", 0, &s->d->cancel, &lock,
                          err);
    if (r < 0)
        return r;
    *ret_already =
        dr_store_load(s->store, s->arena, g->name, &before, NULL, NULL) != DRSTOR_E_NOTFOUND;
    dr_adopt_record(g, primary, primary, facts, &rec);
    const struct dr_audit entry = {.who = who,
                                   .what = "adopt",
                                   .group = g->name,
                                   .epoch = rec.epoch,
                                   .token = lock.token,
                                   .outcome = "adopted",
                                   .detail = rec.primary};
    if (!*ret_already) {
        r = dr_store_begin(s->store, err);
        if (r == DRSTOR_OK) {
            r = dr_store_cas(s->store, &rec, 0, lock.token, NULL, err);
            if (r == DRSTOR_OK)
                r = dr_store_audit(s->store, &entry, NULL, err);
            if (r == DRSTOR_OK)
                r = dr_store_commit(s->store, err);
            else
                dr_store_rollback(s->store);
        }
    }
    int u = DRSTOR_OK;
    if (lock.owner_died) /* still to be settled, by whoever sends something */
        dr_store_forsake(s->store, g->name, lock.token);
    else
        u = dr_store_unlock(s->store, g->name, lock.token, r < 0 ? NULL : err);
    return r < 0 ? r : u;
}

static int
adopt_all(struct session *s, const char *const *groups, size_t n, char **ret_json,
          struct drstor_error **err)
{
    const struct dr_model *m = s->d->model;
    struct dr_facts facts;
    int r = dr_session_observe(s, n ? groups : NULL, n, true, true, &facts, err);
    struct json_object *o = dr_report_new(), *adopted = json_object_new_array(),
                       *already = json_object_new_array(), *refusals = json_object_new_array();
    for (size_t i = 0; r == DRSTOR_OK && i < m->n_groups; i++) {
        const struct dr_group *g = &m->groups[i];
        const struct dr_copy *primary = NULL;
        struct dr_record rec;
        struct dr_refusal refusal;
        bool wanted = n == 0, there = false;
        for (size_t k = 0; k < n; k++)
            wanted |= dr_streq(groups[k], g->name);
        if (!wanted)
            continue;
        if (dr_store_load(s->store, s->arena, g->name, &rec, NULL, NULL) == DRSTOR_OK) {
            struct json_object *x = json_object_new_object();
            dr_json_set_str(x, "group", g->name);
            dr_json_set_str(x, "primary", rec.primary);
            dr_json_set_i64(x, "epoch", rec.epoch);
            (void)json_object_array_add(already, x);
            continue;
        }
        if (dr_adopt_refuses(s->arena, g, &facts, &primary, &refusal)) {
            (void)json_object_array_add(refusals, dr_map_write(&dr_refusal_type, &refusal));
            continue;
        }
        r = adopt_one(s, g, primary, &facts, &there, err);
        if (r == DRSTOR_OK) {
            struct json_object *x = json_object_new_object();
            dr_json_set_str(x, "group", g->name);
            dr_json_set_str(x, "primary", primary->site->name);
            (void)json_object_array_add(there ? already : adopted, x);
        }
    }
    dr_json_set_i64(o, "exit", dr_json_length(refusals) ? 3 : 0);
    dr_json_set(o, "adopted", adopted);
    dr_json_set(o, "already", already);
    dr_json_set(o, "refusals", refusals);
    if (r == DRSTOR_OK)
        *ret_json = dr_session_document(s, o);
    else
        (void)json_object_put(o);
    return r;
}

int
drstor_adopt(struct drstor *d, const char *const *groups, size_t n, char **ret_json,
             struct drstor_error **err)
{
    struct session s;
    int r = dr_groups_check(d->model, groups, n, err);
    if (r == DRSTOR_OK)
        r = dr_act_allowed(d, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_WRITE, &s, err);
    if (r < 0)
        return r;
    const char *said = NULL;
    r = dr_session_mirror(&s, s.arena, &said, err);
    if (r == DRSTOR_OK)
        r = adopt_all(&s, groups, n, ret_json, err);
    dr_session_close(&s);
    return r;
}

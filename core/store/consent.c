/*
 * A consent that two persons have to give: the first one leaves a row, the second one takes it. It
 * is for one plan, for a while, and for one attempt.
 */
#include "store/ops.h"

static const struct dr_field asked_fields[] = {
    DR_STR(struct dr_asked, plan), DR_STR(struct dr_asked, text),
    DR_STRUCT(struct dr_asked, who, dr_actor_type), DR_STRUCT(struct dr_asked, at, dr_stamp_type)};
static DR_TYPE(asked_type, struct dr_asked, "consent", asked_fields);

static const struct store_range all = {.limit = SIZE_MAX};

static const char *
person(struct dr_arena *a, const struct dr_actor *who)
{
    return dr_arena_printf(a, "%lld", (long long)who->uid);
}

static int
drop(struct dr_store *s, const struct store_row *row, struct drstor_error **err)
{
    return s->ops->del(s->impl, STORE_CONSENT, row->id, row->sub, err);
}

/* What is too old, or of another boot, is nobody's wish any more. */
static int
take(struct dr_store *s, struct dr_arena *a, const struct dr_asked *mine, int64_t valid_s,
     struct dr_asked *ret, bool *ret_found, struct drstor_error **err)
{
    struct store_row *rows = NULL;
    size_t n = 0;
    int r = store_scan(s, a, STORE_CONSENT, &all, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        struct dr_asked one;
        r = store_read_map(a, STORE_CONSENT, &rows[i], &asked_type, &one, err);
        if (r < 0)
            return r;
        int64_t age = dr_stamp_age_s(&one.at, &mine->at);
        bool good = age >= 0 && age <= valid_s;
        bool theirs = dr_streq(one.plan, mine->plan) && one.who.uid != mine->who.uid;
        if (good && theirs && !*ret_found) {
            *ret = one;
            *ret_found = true;
        }
        if (!good || theirs)
            r = drop(s, &rows[i], err);
    }
    if (r < 0)
        return r;
    if (!*ret_found)
        return store_put_map(s, STORE_CONSENT, mine->plan, person(a, &mine->who), &asked_type, mine,
                             err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
        if (dr_streq(rows[i].id, mine->plan) && dr_streq(rows[i].sub, person(a, &mine->who)))
            r = drop(s, &rows[i], err);
    return r;
}

int
dr_store_consent(struct dr_store *s, struct dr_arena *a, const char *plan,
                 const struct dr_actor *who, const char *text, int64_t valid_s,
                 struct dr_asked *ret, bool *ret_found, struct drstor_error **err)
{
    const struct dr_asked mine = {.plan = plan, .text = text, .who = *who, .at = store_now(s)};
    *ret_found = false;
    int r = store_check_name("plan", plan, err);
    if (r == DRSTOR_OK)
        r = store_enter(s, true, err);
    if (r < 0)
        return r;
    return store_leave(s, true, take(s, a, &mine, valid_s, ret, ret_found, err), err);
}

/* Which controller is the active one, and the numbers by which arrays tell them apart. */
#include "store/mirror.h"
#include "store/ops.h"

#include <stdio.h>
#include <string.h>

int
dr_store_controller(struct dr_store *s, struct dr_arena *a, struct dr_controller *ret,
                    struct drstor_error **err)
{
    struct dr_controller c;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    dr_map_clear(&dr_controller_type, &c);
    r = store_get_map(s, a, STORE_COUNTER, "controller", "", &dr_controller_type, &c, &why);
    if (r == DRSTOR_E_NOTFOUND)
        r = DRSTOR_OK;
    else if (r < 0)
        dr_error_move(err, &why);
    if (r == DRSTOR_OK)
        *ret = c;
    return store_leave(s, false, r, err);
}

int
dr_store_controller_set(struct dr_store *s, const struct dr_controller *c,
                        struct drstor_error **err)
{
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = store_put_map(s, STORE_COUNTER, "controller", "", &dr_controller_type, c, err);
    return store_leave(s, true, r, err);
}

int
dr_store_token_leap(struct dr_store *s, int64_t *ret_token, struct drstor_error **err)
{
    enum { EACH_SECOND = 20 }; /* bits */
    char text[24];
    int64_t own = 0, leap = dr_now_utc(s->env) << EACH_SECOND;
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = store_count(s, "token", &own, err);
    if (r == DRSTOR_OK) {
        *ret_token = own > leap ? own : leap;
        (void)snprintf(text, sizeof(text), "%lld", (long long)*ret_token);
        r = store_put(s, STORE_COUNTER, "token", "", text, err);
    }
    return store_leave(s, true, r, err);
}

/* ---- how far the standby follows ------------------------------------------------------------- */

static const struct dr_field state_fields[] = {
    DR_CNT(struct dr_mirror_state, seq), DR_TIME(struct dr_mirror_state, at),
    DR_TIME(struct dr_mirror_state, behind_since), DR_STR(struct dr_mirror_state, why)};
DR_TYPE(dr_mirror_state_type, struct dr_mirror_state, "mirror", state_fields);

int
dr_store_mirror_state(struct dr_store *s, struct dr_arena *a, struct dr_mirror_state *ret,
                      struct drstor_error **err)
{
    struct dr_mirror_state m;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    dr_map_clear(&dr_mirror_state_type, &m);
    r = store_get_map(s, a, STORE_COUNTER, "mirror", "", &dr_mirror_state_type, &m, &why);
    if (r == DRSTOR_E_NOTFOUND)
        r = DRSTOR_OK;
    else if (r < 0)
        dr_error_move(err, &why);
    if (r == DRSTOR_OK)
        *ret = m;
    return store_leave(s, false, r, err);
}

int
dr_store_mirror_note(struct dr_store *s, const struct dr_mirror_state *state,
                     struct drstor_error **err)
{
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = store_put_map(s, STORE_COUNTER, "mirror", "", &dr_mirror_state_type, state, err);
    return store_leave(s, true, r, err);
}

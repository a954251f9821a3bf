/* The group's record, as steps change it: read, changed by a function, written with its audit line.
 */
#include "run/internal.h"

#include "base/str.h"
#include "model/words.h"

void
dr_record_op(const struct dr_step *s, struct dr_record *r)
{
    r->op.type = dr_name(&dr_operation_names, (int)s->flip->operation);
    r->op.id = s->run->id;
    r->op.by = s->run->consent.by;
    r->op.started = s->run->started_utc;
}

int
dr_record_still_ours(const struct dr_step *s, const struct dr_record *r, struct drstor_error **err)
{
    if (r->epoch == s->flip->epoch && dr_streq(r->primary, s->flip->primary))
        return DRSTOR_OK;
    return dr_refuse(err, "R061",
                     "the record of group %s is at epoch %lld, primary %s; the plan was made "
                     "for epoch %lld, primary %s",
                     s->group->name, (long long)r->epoch, r->primary ? r->primary : "nobody",
                     (long long)s->flip->epoch, s->flip->primary);
}

int
dr_step_tell_standby(struct dr_step *s, struct drstor_error **err)
{
    const char *said = NULL;
    if (!s->run->s->mirror)
        return DRSTOR_OK;
    int r = s->run->s->mirror(s->run->s->user, s->arena, &said, err);
    if (said)
        dr_run_event(s->run, s, "warning", "%s", said);
    return r;
}

/* Two steps of one group may change its record beside each other: the later one reads again. */
static int record_change_once(struct dr_step *s, const char *what,
                              int (*fn)(struct dr_step *, struct dr_record *, void *,
                                        struct drstor_error **),
                              void *user, struct drstor_error **err);

int
dr_record_change(struct dr_step *s, const char *what,
                 int (*fn)(struct dr_step *, struct dr_record *, void *, struct drstor_error **),
                 void *user, struct drstor_error **err)
{
    enum { TRIES = 8 };
    int r = DRSTOR_OK;
    for (int i = 0; i < TRIES; i++) {
        if (err)
            dr_error_freep(err);
        r = record_change_once(s, what, fn, user, err);
        if (r != DRSTOR_E_CONFLICT)
            break;
    }
    return r;
}

static int
record_change_once(struct dr_step *s, const char *what,
                   int (*fn)(struct dr_step *, struct dr_record *, void *, struct drstor_error **),
                   void *user, struct drstor_error **err)
{
    struct dr_run *run = s->run;
    struct dr_store *st = run->s->store;
    struct dr_record rec;
    int64_t version = 0;
    int r = dr_store_load(st, s->arena, s->group->name, &rec, &version, err);
    if (r < 0)
        return r;
    r = fn(s, &rec, user, err);
    if (r != DRSTOR_OK)
        return r > 0 ? DRSTOR_OK : r; /* 1: nothing to change */
    r = dr_store_begin(st, err);
    if (r < 0)
        return r;
    const struct dr_audit entry = {.who = run->s->who,
                                   .what = what,
                                   .group = s->group->name,
                                   .epoch = rec.epoch,
                                   .token = s->token,
                                   .plan = run->plan.id,
                                   .run = run->id,
                                   .outcome = dr_name(&dr_phase_names, (int)rec.phase),
                                   .detail = rec.primary};
    r = dr_store_cas(st, &rec, version, s->token, NULL, err);
    if (r == DRSTOR_OK)
        r = dr_store_step_put(st, &s->row, err);
    if (r == DRSTOR_OK)
        r = dr_store_audit(st, &entry, NULL, err);
    if (r < 0) {
        dr_store_rollback(st);
        return r;
    }
    return dr_store_commit(st, err);
}

static int
unfence(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    (void)user;
    (void)err;
    if (r->phase != DR_PHASE_FENCING || !dr_streq(r->op.id, s->run->id) ||
        r->epoch != s->flip->epoch)
        return 1;
    dr_record_rest(r);
    if (s->flip->operation != DR_OPERATION_SWITCHOVER) { /* see keep_proof() in access.c */
        r->evidence = NULL;
        r->n_evidence = 0;
    }
    return DRSTOR_OK;
}

int
dr_record_unfence(struct dr_step *s, struct drstor_error **err)
{
    return dr_record_change(s, "refused", unfence, NULL, err);
}

#include "plan/hook.h"

#include "base/str.h"
#include "base/timetext.h"

static const struct {
    enum dr_step_kind kind;
    const char *before, *after; /* the words for the step as a whole */
} places[] = {{DR_STEP_PRESYNC, "sync", "sync"},       {DR_STEP_FINALSYNC, "sync", "sync"},
              {DR_STEP_TRANSFER, "sync", "sync"},      {DR_STEP_DRAIN, "drain", "drain"},
              {DR_STEP_RELEASE, "detach", "detach"},   {DR_STEP_FENCE, "fence", "fence"},
              {DR_STEP_DEMOTE, "demote", "demote"},    {DR_STEP_PROMOTE, "promote", "promote"},
              {DR_STEP_REVERSE, "reverse", "reverse"}, {DR_STEP_RESYNC, "reverse", "reverse"},
              {DR_STEP_EXPOSE, "expose", "expose"},    {DR_STEP_STAGE, "attach", "start"}};

bool
dr_hook_at_step(const struct dr_hook *h, enum dr_step_kind kind, bool before)
{
    for (size_t i = 0; i < DR_COUNT(places); i++)
        if (places[i].kind == kind)
            return h->before == before &&
                   dr_streq(h->step, before ? places[i].before : places[i].after);
    return false;
}

bool
dr_hook_in_stage(const struct dr_hook *h)
{
    return dr_streq(h->step, "register") || dr_streq(h->step, h->before ? "start" : "attach");
}

bool
dr_hook_of_operation(enum dr_operation op)
{
    switch (op) {
    case DR_OPERATION_SWITCHOVER:
    case DR_OPERATION_PROMOTE:
    case DR_OPERATION_SERVE:
    case DR_OPERATION_SURVIVOR:
    case DR_OPERATION_DEMOTE:
    case DR_OPERATION_REPROTECT:
    case DR_OPERATION_SYNC:
        return true;
    case DR_OPERATION_UNKNOWN:
    case DR_OPERATION_SUSPEND:
    case DR_OPERATION_RESUME:
    case DR_OPERATION_DRILL_START: /* nobody's name server is to follow a rehearsal */
    case DR_OPERATION_DRILL_PROMOTE:
    case DR_OPERATION_DRILL_CLEAN:
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_GUARD:
        break;
    }
    return false;
}

const char *
dr_hook_text(struct dr_arena *a, const struct dr_hook *h)
{
    return dr_arena_printf(a, "%s %s: %s (at most %s%s)", h->before ? "before" : "after", h->step,
                           h->n_run ? h->run[0] : "?", dr_duration_text(a, h->timeout_s),
                           h->on_failure == DR_HOOK_BLOCK ? ", or it stops there" : "");
}

size_t
dr_hook_texts(struct dr_arena *a, const struct dr_model *m, enum dr_step_kind kind,
              enum dr_operation op, const char ***ret)
{
    size_t n = 0;
    *ret = NULL;
    for (size_t i = 0; dr_hook_of_operation(op) && i < m->n_hooks; i++) {
        const struct dr_hook *h = &m->hooks[i];
        if (dr_hook_at_step(h, kind, true) || dr_hook_at_step(h, kind, false) ||
            (kind == DR_STEP_STAGE && dr_hook_in_stage(h)))
            dr_arena_push(a, *ret, n) = dr_hook_text(a, h);
    }
    return n;
}

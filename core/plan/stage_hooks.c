/* Hooks between what the stage does for one group. */
#include "plan/stage_internal.h"

#include "plan/hook.h"

#include "base/str.h"

static bool
stands(const struct dr_hook *h, const struct dr_stage_group *g, bool before, const char *step)
{
    return g->hooks && dr_hook_in_stage(h) && h->before == before && dr_streq(h->step, step);
}

bool
dr_stage_has_hooks(const struct stage *s, const struct dr_stage_group *g, bool before,
                   const char *step)
{
    for (size_t i = 0; i < s->m->n_hooks; i++)
        if (stands(&s->m->hooks[i], g, before, step))
            return true;
    return false;
}

static void
ask(struct stage *s, const struct dr_stage_group *g, size_t at, const char *key)
{
    const struct dr_hook *h = &s->m->hooks[at];
    struct dr_stage_action *x = dr_stage_act(s, DR_STAGE_HOOK, g->group, key);
    x->id = g->group;
    x->hook = (int64_t)at;
    x->text = dr_arena_printf(s->a, "run %s %s %s of %s", h->run[0], h->before ? "before" : "after",
                              h->step, g->group);
}

/* One after the other, in the order they are written. */
bool
dr_stage_hooks_over(struct stage *s, const struct dr_stage_group *g, bool before, const char *step)
{
    for (size_t i = 0; i < s->m->n_hooks; i++) {
        const struct dr_hook *h = &s->m->hooks[i];
        if (!stands(h, g, before, step))
            continue;
        const char *key =
            dr_stage_key_of(s, DR_STAGE_HOOK, dr_arena_printf(s->a, "%zu of %s", i + 1, g->group));
        const struct dr_stage_try *t = dr_stage_tried(s, key);
        if (t && t->attempts && !t->in_flight && (!t->trouble || h->on_failure == DR_HOOK_WARN))
            continue;
        if (!t || !t->attempts) {
            if (dr_stage_turn_of(s, key, 1, NULL) == TURN_NOW)
                ask(s, g, i, key);
        } else if (!t->in_flight) {
            dr_stage_stuck(s, g->group, t->trouble);
        }
        return false;
    }
    return true;
}

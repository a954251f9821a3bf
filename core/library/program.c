/* The programs that a run may have to run: hooks. */
#include "library/internal.h"

#include "net/program.h"

int
dr_act_program(void *user, const struct dr_program *p, struct dr_program_end *ret,
               struct drstor_error **err)
{
    const struct act *x = user;
    const struct dr_parts *parts = &x->s.d->parts;
    return parts->program ? parts->program(parts->user, p, ret, err)
                          : dr_program_run(x->s.d->env, p, ret, err);
}

int
dr_act_programs(const struct act *x, struct drstor_error **err)
{
    const struct dr_model *m = x->s.d->model;
    bool any = false;
    for (size_t i = 0; i < x->plan.n_steps; i++)
        any |= x->plan.steps[i].n_hooks > 0;
    for (size_t i = 0; any && !x->s.d->parts.program && i < m->n_hooks; i++) {
        int r = dr_program_check(m->hooks[i].run[0], err);
        if (r < 0) {
            dr_hint(err, "nothing was changed; put it right, or take the hook out of %s", m->file);
            return dr_context(err, r, "hook %zu", i + 1);
        }
    }
    return DRSTOR_OK;
}

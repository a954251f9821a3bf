#include "support/plan_shape.h"

#include "base/str.h"

void
plan_shape_print(const struct dr_plan *p, FILE *out)
{
    for (size_t i = 0; i < p->n_flips; i++) {
        const struct dr_plan_group *g = &p->flips[i];
        if (g->nothing_to_do)
            continue;
        (void)fprintf(out, "shape %s%s:", dr_table_find(g->operation)->name,
                      g->adopt ? " without a record" : "");
        for (size_t k = 0; k < p->n_steps; k++)
            if (!p->steps[k].group || dr_streq(p->steps[k].group, g->name))
                (void)fprintf(out, " %s", dr_name(&dr_step_kind_names, (int)p->steps[k].kind));
        (void)fputs("\n", out);
    }
}

#include "seeds/play.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const struct errand *
patient(struct story *st, const struct errand_what *what)
{
    const struct errand *e = story_ask(st, story_controller(st), what, NULL);
    house_note(st->h, "in the end: %d", e->exit);
    return e;
}

/* Resumes what is open; what cannot end is given up, as a person would. */
static void
finish_runs(struct story *st)
{
    const struct errand_what resume = {.kind = ERRAND_RESUME};
    for (unsigned i = 0; i < 12 && story_open_runs(st); i++) {
        if (patient(st, &resume)->exit == 0)
            continue;
        house_sleep_ms(st->h, 5000);
        if (i % 4 != 3)
            continue;
        const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = story_open_run(st)};
        (void)patient(st, &give_up);
        story_met(st, MET_GIVEN_UP);
    }
}

static void
act_on_group(struct story *st, unsigned group, const char *goal)
{
    dr_auto(dr_str_freep) struct dr_str text = {0};
    dr_str_printf(&text, "{%s,\"groups\":[\"%s\"]}", goal, shape_group(group));
    const struct errand_what act = {.kind = ERRAND_ACT, .goal = text.s, .accept_loss = "unknown"};
    (void)patient(st, &act);
    finish_runs(st);
}

static bool
record_is(struct story *st, unsigned group, enum dr_phase phase, enum dr_old_copy *ret_old)
{
    struct dr_record rec;
    if (dr_store_load(story_store(st), house_arena(st->h), shape_group(group), &rec, NULL, NULL) <
        0)
        return false;
    *ret_old = rec.old_copy;
    return rec.phase == phase;
}

void
ending_go_on(struct story *st)
{
    static const char *const apart[] = {
        "\"verb\":\"promote\",\"to\":\"milan\",\"storage_only\":true",
        "\"verb\":\"promote\",\"to\":\"rome\",\"storage_only\":true"};
    static const char *const legs[] = {
        "\"verb\":\"promote\",\"unplanned\":true,\"to\":\"milan\",\"storage_only\":true",
        "\"verb\":\"promote\",\"unplanned\":true,\"to\":\"rome\",\"storage_only\":true"};
    const struct errand_what adopt = {.kind = ERRAND_ADOPT};
    finish_runs(st);
    for (unsigned g = 0; g < st->s->n_groups; g++)
        if (story_primary(st, g) < 0) {
            (void)patient(st, &adopt);
            break;
        }
    for (unsigned g = 0; st->two_offices && g < st->s->n_groups; g++)
        if (story_primary(st, g) < 0) { /* stopped in the middle of what only its controller knew */
            watch_left(st->watch, g);
            story_met(st, MET_LEFT);
        }
    for (unsigned g = 0; g < st->s->n_groups; g++) {
        enum dr_old_copy old = DR_OLD_COPY_NONE;
        bool pair = st->s->legs && g == 0;
        const char *const *to = pair ? legs : apart;
        if (story_primary(st, g) < 0)
            continue;
        if (record_is(st, g, DR_PHASE_TESTING, &old))
            act_on_group(st, g, "\"verb\":\"drill-clean\"");
        /* What was fenced, or given up, and then left, is served again by a flip of its own. */
        if (!story_served(st, g))
            act_on_group(st, g, to[story_primary(st, g)]);
        if (!story_served(st, g))
            act_on_group(st, g, to[!story_primary(st, g)]);
        (void)record_is(st, g, DR_PHASE_STEADY, &old);
        if (old != DR_OLD_COPY_NONE && !pair)
            act_on_group(st, g, "\"verb\":\"reprotect\",\"storage_only\":true");
    }
}

/* What people say and are told. */
#include "seeds/watch.h"

#include "base/json.h"
#include "base/str.h"
#include "base/timetext.h"

#include <stdio.h>
#include <string.h>

static uint64_t
bound_said(const char *text)
{
    int64_t seconds = 0;
    if (dr_streq(text, "unknown"))
        return HISTORY_ANY;
    return text && dr_duration_parse(text, &seconds) ? (uint64_t)seconds * DR_S : 0;
}

void
watch_said(struct watch *w, const struct controller *c, const struct errand_what *what,
           const char *plan_json)
{
    watch_tell(w, (struct history_entry){.kind = HISTORY_SAID,
                                         .actor = watch_person(w, c),
                                         .bound_ns = bound_said(what->accept_loss)});
    if (plan_json)
        watch_shown(w, c, plan_json);
}

void
watch_told_done(struct watch *w, const struct errand *e, uint64_t since_ns, uint32_t group,
                uint32_t site)
{
    watch_tell(w, (struct history_entry){.kind = HISTORY_DONE,
                                         .actor = watch_person(w, e->by),
                                         .since_ns = since_ns,
                                         .group = group,
                                         .primary = site});
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void
heard_refusals(struct watch *w, struct json_object *list)
{
    for (size_t i = 0; i < dr_json_length(list); i++) {
        static const char *const needs[] = {"id", "text", "evidence", "remedy"};
        struct json_object *r = json_object_array_get_idx(list, i);
        for (size_t k = 0; k < DR_COUNT(needs); k++) {
            const char *v = dr_json_str(r, needs[k]);
            char text[128];
            if (v && *v)
                continue;
            (void)snprintf(text, sizeof(text), "a refusal %s has no %s",
                           dr_json_str(r, "id") ? dr_json_str(r, "id") : "?", needs[k]);
            watch_tell(w, (struct history_entry){.kind = HISTORY_REFUSAL, .text = text});
        }
    }
}

/* ---- the end of a run ------------------------------------------------------------------------ */

/* An abort that says that nothing is left to do, or a run that has come to its own end. */
static void
heard_end(struct watch *w, const struct errand *e)
{
    bool gives_up = e->what.kind == ERRAND_ABORT;
    char run[24];
    if (!watch_text(e->json, "\"run\":\"", run, sizeof(run)) || (gives_up && e->exit != 0) ||
        watch_is_open(w, e->by, run))
        return;
    watch_tell(w, (struct history_entry){.kind = HISTORY_OVER,
                                         .store = watch_store(w, e->by),
                                         .actor = watch_person(w, e->by),
                                         .text = run});
}

/* ---- both sites ------------------------------------------------------------------------------ */

static void
heard_verdicts(struct watch *w, const struct errand *e, struct json_object *o, uint64_t since_ns)
{
    struct json_object *list = dr_json_get(o, "groups");
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *g = json_object_array_get_idx(list, i);
        const char *until = dr_json_str(g, "valid_until");
        int64_t utc = 0, now = dr_now_utc(house_env(controller_house(e->by)));
        if (!dr_streq(dr_json_str(g, "verdict"), "dual-verified"))
            continue;
        bool said = until && dr_utc_parse(until, &utc);
        watch_tell(w, (struct history_entry){.kind = HISTORY_VERDICT,
                                             .group = watch_group(w, dr_json_str(g, "group")),
                                             .since_ns = since_ns,
                                             .bound_ns =
                                                 said ? (uint64_t)(utc > now ? utc - now : 0) * DR_S
                                                      : HISTORY_ANY});
    }
}

/* ---- a takeover ------------------------------------------------------------------------------ */

static void
heard_claims(struct watch *w, struct json_object *o)
{
    struct json_object *list = dr_json_get(o, "evidence");
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *x = json_object_array_get_idx(list, i);
        uint32_t g = watch_group(w, dr_json_str(x, "group"));
        if (dr_streq(dr_json_str(x, "kind"), "token") && g != UINT32_MAX)
            watch_tell(w, (struct history_entry){.kind = HISTORY_CLAIM,
                                                 .group = g,
                                                 .primary = watch_site(dr_json_str(x, "site"))});
    }
}

void
watch_heard(struct watch *w, const struct errand *e, uint64_t since_ns)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    if (!e->json || e->died)
        return;
    bool refused = strstr(e->json, "\"refusals\":[{") != NULL;
    if (refused || e->what.kind == ERRAND_VERIFY || e->what.kind == ERRAND_TAKEOVER)
        o = json_tokener_parse(e->json);
    heard_refusals(w, dr_json_get(o, "refusals"));
    if (e->what.kind == ERRAND_VERIFY)
        heard_verdicts(w, e, o, since_ns);
    else if (e->what.kind == ERRAND_TAKEOVER && e->exit == 0)
        heard_claims(w, o);
    else
        heard_end(w, e);
}

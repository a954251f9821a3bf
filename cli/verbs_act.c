/* Verbs that act: one goal, one consent, one report. */
#include "act.h"
#include "file.h"
#include "out.h"
#include "signals.h"

#include <string.h>

enum { PLAN_MOST = 16 << 20 };

/* "a,b" counts as two: names have no comma in them. */
static void
add_list(struct json_object *goal, const char *key, const char *const *values, size_t n)
{
    if (n == 0)
        return;
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < n; i++)
        for (const char *p = values[i]; *p;) {
            size_t len = strcspn(p, ",");
            if (len)
                (void)json_object_array_add(list, json_object_new_string_len(p, (int)len));
            p += len + (p[len] == ',');
        }
    (void)json_object_object_add(goal, key, list);
}

static void
add_word(struct json_object *goal, const char *key, const char *word)
{
    if (word)
        (void)json_object_object_add(goal, key, json_object_new_string(word));
}

static void
add_true(struct json_object *goal, const char *key, bool given)
{
    if (given)
        (void)json_object_object_add(goal, key, json_object_new_boolean(1));
}

static struct json_object *
goal_of(const struct cli_args *a)
{
    struct json_object *goal = json_object_new_object();
    const char *within = cli_value(a, FLAG_WITHIN);
    add_word(goal, "verb", a->verb->goal);
    add_true(goal, "all", cli_given(a, FLAG_ALL));
    add_list(goal, "groups", a->names, a->n_names);
    add_list(goal, "only", a->values[FLAG_ONLY], a->n[FLAG_ONLY]);
    add_list(goal, "except", a->values[FLAG_EXCEPT], a->n[FLAG_EXCEPT]);
    add_word(goal, "to", cli_value(a, FLAG_TO));
    add_word(goal, "at", cli_value(a, FLAG_AT));
    add_word(goal, "point", cli_value(a, FLAG_POINT));
    if (within)
        (void)json_object_object_add(goal, "within_s", json_object_new_int64(cli_duration(within)));
    add_true(goal, "unplanned", cli_given(a, FLAG_UNPLANNED));
    add_true(goal, "storage_only", cli_given(a, FLAG_STORAGE_ONLY));
    return goal;
}

struct drstor_consent
cli_consent(const struct cli_args *a)
{
    struct drstor_consent consent = DRSTOR_CONSENT_INIT;
    consent.accept_loss = cli_value(a, FLAG_ACCEPT_LOSS);
    consent.declare = a->values[FLAG_DECLARE];
    consent.n_declare = a->n[FLAG_DECLARE];
    consent.waive_fence = cli_value(a, FLAG_WAIVE_FENCE);
    consent.waive_snapshot = cli_value(a, FLAG_WAIVE_SNAPSHOT);
    consent.reason = cli_value(a, FLAG_REASON);
    return consent;
}

/* ---- plans
 * ------------------------------------------------------------------------------------------- */

static int
write_plan(struct cli *c, const char *path, const char *json)
{
    struct file f;
    file_begin(&f, path);
    file_line(&f, json);
    return file_end(&f, c, true);
}

static int
show_plan(struct cli *c, const char *json)
{
    cli_auto(cli_jsonp) struct json_object *plan = json_tokener_parse(json);
    const char *path = cli_value(&c->args, FLAG_OUT);
    bool refused = cli_length(cli_get(plan, "refusals")) > 0;
    int code = (int)cli_int(plan, "exit", refused ? CLI_REFUSED : CLI_DONE);
    bool to_stdout = path && strcmp(path, "-") == 0;
    int r = 0;
    if (to_stdout)
        out_line(json);
    else if (!path || !cli_given(&c->args, FLAG_QUIET))
        r = out_document(c, "plan", json);
    if (r)
        return r;
    if (path && !to_stdout && code != CLI_DONE)
        out_say("a refused plan is not kept; %s was not written", path);
    else if (path && !to_stdout && (r = write_plan(c, path, json)))
        return r;
    else if (path && !to_stdout && !cli_given(&c->args, FLAG_QUIET))
        out_say("plan kept; carry it out with: drstor apply %s", path);
    if (code == CLI_DONE && cli_given(&c->args, FLAG_EXIT_CODE) &&
        cli_length(cli_get(plan, "steps")))
        return CLI_CHANGES;
    return code;
}

int
cli_plan(struct cli *c)
{
    cli_auto(cli_jsonp) struct json_object *goal = goal_of(&c->args);
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    struct drstor_consent consent = cli_consent(&c->args);
    signals_attach(c->d, true);
    if (drstor_plan(c->d, json_object_to_json_string(goal), &consent, &json, &err) < 0)
        r = out_error(c, err);
    else
        r = show_plan(c, json);
    cli_close(c);
    return r;
}

/* ---- acts
 * -------------------------------------------------------------------------------------------- */

int
act_begin(struct act *a, struct cli *c)
{
    memset(a, 0, sizeof(*a));
    int r = cli_open(c);
    if (r)
        return r;
    a->ask.c = c;
    a->ask.follow = a->follow = follow_new(c);
    a->callbacks = (struct drstor_callbacks)DRSTOR_CALLBACKS_INIT;
    a->callbacks.user = a;
    a->callbacks.event = act_event;
    a->callbacks.decide = act_decide;
    signals_attach(c->d, false);
    return 0;
}

void
act_event(const char *json, void *user)
{
    struct act *a = user;
    follow_event(json, a->follow);
}

void
act_decide(const char *plan_json, struct drstor_answer *answer, void *user)
{
    struct act *a = user;
    ask_decide(plan_json, answer, &a->ask);
}

int
act_end(struct act *a, struct cli *c, int status, const char *kind, const char *report,
        const struct drstor_error *err)
{
    int r;
    signals_attach(NULL, false);
    follow_end(a->follow);
    if (status < 0) {
        r = out_error(c, err);
    } else {
        int code = cli_exit_of(report, CLI_INTERNAL);
        if (a->ask.refused)
            out_say("%s", a->ask.why);
        r = out_document(c, kind, report);
        /* A question nobody answered is a refusal, whatever the report calls it. */
        r = r ? r : a->ask.refused && code == CLI_DONE ? CLI_REFUSED : code;
        if (a->ask.refused && signals_seen())
            r = CLI_INTERRUPTED;
    }
    cli_close(c);
    return r;
}

int
cli_act(struct cli *c)
{
    if (cli_given(&c->args, FLAG_DRY_RUN))
        return cli_plan(c);
    cli_auto(cli_jsonp) struct json_object *goal = goal_of(&c->args);
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    struct act act;
    int r = act_begin(&act, c);
    if (r)
        return r;
    struct drstor_consent consent = cli_consent(&c->args);
    r = drstor_act(c->d, json_object_to_json_string(goal), &consent, &act.callbacks, &json, &err);
    return act_end(&act, c, r, "report", json, err);
}

int
cli_apply(struct cli *c)
{
    cli_auto(cli_freep) char *plan = file_read(c, c->args.names[0], PLAN_MOST, "a plan");
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    struct act act;
    int r = plan ? act_begin(&act, c) : CLI_USAGE;
    if (r)
        return r;
    struct drstor_consent consent = cli_consent(&c->args);
    r = drstor_apply(c->d, plan, &consent, &act.callbacks, &json, &err);
    return act_end(&act, c, r, "report", json, err);
}
